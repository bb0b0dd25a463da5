#include "tables/scan.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "tables/presets.hpp"

namespace libbcda::tables {
namespace {

Error record_error(const std::string& file, std::int64_t line, const std::string& what) {
  return std::move(
      Error(Status::RECORD, file + ": the record in line " + std::to_string(line) + " " + what).at_file(file));
}

// What a claim must fulfill to be counted once: it is active, not deleted (Part D), and final (v3).
std::string final_condition(Generation generation) {
  if (generation == Generation::v3)
    return "status = 'active' and meta.tag.exists(system = 'https://bluebutton.cms.gov/fhir/CodeSystem/Final-Action' "
           "and "
           "code = 'FinalAction')";
  const std::string information = generation == Generation::stu3 ? "information" : "supportingInfo";
  return "status = 'active' and " + information +
         ".exists(category.coding.exists(code = "
         "'https://bluebutton.cms.gov/resources/variables/adjstmt_dltn_cd') and code.coding.exists(code = 'D')).not()";
}

ndjson::Reader reader_of(const ScanFile& file) { return file.open ? file.open() : ndjson::Reader(file.path); }

}  // namespace

std::vector<std::string> types_of(const std::vector<TableRequest>& tables) {
  std::vector<std::string> types;
  for (const TableRequest& table : tables) {
    if (table.is_raw) return {};
    types.push_back(table.resource());
  }
  return types;
}

TableRequest request_table(const std::string& name_or_view, ViewOptions options) {
  if (name_or_view == kRaw && options.final_only)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting final_only is for tables of claims; the table raw has every record as it is");
  if (name_or_view == kRaw) return {{}, false, std::move(options), true};
  const bool is_view = name_or_view.find('{') != std::string::npos;
  const ViewDefinition own = is_view ? parse_view_definition(name_or_view) : ViewDefinition();
  if (!is_view && !find_preset(name_or_view, Generation::v3)) refuse_preset(name_or_view);
  const bool final_only = options.final_only;
  const auto definition = [=](Generation generation) {
    ViewDefinition view = is_view ? own : parse_view_definition(find_preset(name_or_view, generation)->json);
    if (final_only && view.resource == "ExplanationOfBenefit") view.where.push_back(final_condition(generation));
    return view;
  };
  return {definition, !is_view || final_only, std::move(options)};
}

// The views of all tables for one generation. They share what is read of a record.
struct Scan::Pass {
  explicit Pass(Generation of) : generation(of) {}

  const Generation generation;
  Projection projection;
  std::vector<std::unique_ptr<View>> views;  // by table; null: it is raw
  std::optional<ProfileMark> mark;
  RecordParser parser{projection};
};

Scan::Scan(std::vector<TableRequest> tables, BatchBuilder::Limits limits) : tables_(std::move(tables)) {
  for (const TableRequest& table : tables_) {
    depends_on_generation_ |= table.depends_on_generation;
    allows_misfits_ |= table.options.errors_are_null;
    has_views_ |= !table.is_raw;
    raw_.push_back(table.is_raw ? std::make_unique<RawTable>(table.options.columns) : nullptr);
  }
  rows_.resize(tables_.size());
  pass_of(Generation::v3);
  for (std::size_t i = 0; i < tables_.size(); ++i)
    builders_.push_back(std::make_unique<BatchBuilder>(columns(i), limits));
}

Scan::~Scan() = default;

// All generations have the same columns.
const std::vector<Column>& Scan::columns(std::size_t table) const {
  return raw_[table] ? raw_[table]->columns() : passes_.begin()->second->views[table]->columns();
}

const std::string& Scan::name(std::size_t table) const {
  static const std::string raw(kRaw);
  return raw_[table] ? raw : passes_.begin()->second->views[table]->name();
}

void Scan::schema(std::size_t table, ArrowSchema& out) const { make_schema(columns(table), name(table), out); }

std::int64_t Scan::nulled() const {
  std::int64_t count = misfits_;
  for (const auto& [generation, pass] : passes_)
    for (const auto& view : pass->views)
      if (view) count += view->nulled();
  return count;
}

Scan::Pass& Scan::pass_of(Generation generation) {
  if (!depends_on_generation_) generation = Generation::v3;
  std::unique_ptr<Pass>& pass = passes_[generation];
  if (!pass) {
    auto made = std::make_unique<Pass>(generation);
    for (const TableRequest& table : tables_)
      made->views.push_back(
          table.is_raw ? nullptr
                       : std::make_unique<View>(table.definition(generation), table.options, made->projection));
    if (depends_on_generation_) made->mark.emplace(made->projection);
    pass = std::move(made);
  }
  return *pass;
}

bool Scan::open_next() {
  auto next = files_();
  if (!next) return false;
  file_ = std::move(*next);
  shown_path_ = is_utf8(file_.path) ? file_.path : tidy(file_.path, 4096);
  const bool asks = !file_.generation && depends_on_generation_ && !file_.is_read_once;
  pass_ = &pass_of(asks ? generation_of(reader_of(file_)) : file_.generation.value_or(Generation::v3));
  reader_ = std::make_unique<ndjson::Reader>(reader_of(file_));
  ++file_count_;
  return true;
}

bool Scan::read_record() {
  for (;;) {
    if (!reader_ && !open_next()) return false;
    const auto line = reader_->next();
    if (!line) {
      bytes_ += reader_->consumed();
      reader_.reset();
      continue;
    }
    if (file_.wants && !file_.wants(reader_->line())) continue;
    try {
      add_rows(*line);
    } catch (const MalformedRecord& malformed) {
      throw record_error(file_.path, reader_->line(), malformed.what());
    } catch (const RowError& error) {
      throw record_error(file_.path, reader_->line(), error.what());
    }
    return true;
  }
}

// A record that does not say its generation is read like the one before it.
const Node& Scan::parse(std::string_view line) {
  const Node& record = pass_->parser.parse(line);
  if (file_.generation || !pass_->mark || pass_->mark->of(record).value_or(pass_->generation) == pass_->generation)
    return record;
  const auto own = generation_of_record(line);
  if (!own || *own == pass_->generation) return record;
  pass_ = &pass_of(*own);
  return pass_->parser.parse(line);
}

void Scan::add_rows(std::string_view line) {
  constexpr std::size_t kMostBytes = 256 << 20;
  std::size_t bytes = 0;  // of this record's rows
  bool is_used = false;
  const Node* const record = has_views_ ? &parse(line) : nullptr;
  for (std::size_t i = 0; i < builders_.size(); ++i) {
    const auto add = [&](const std::vector<Cell>& row) {
      const std::size_t before = builders_[i]->bytes();
      builders_[i]->add(row);
      bytes += builders_[i]->bytes() - before;
      if (bytes > kMostBytes) throw RowError{"makes more than 256 MiB of rows"};
      if (builders_[i]->full()) finish_batch(i);
    };
    if (raw_[i]) add(raw_[i]->row(line, file_.type, shown_path_, reader_->line()));
    is_used |= raw_[i] || pass_->views[i]->rows(*record, add);
  }
  if (!is_used) ++unused_;
  const auto misfit = record ? pass_->parser.misfit() : std::nullopt;
  if (!is_used || !misfit) return;
  if (allows_misfits_)
    ++misfits_;
  else
    throw RowError{"has a member " + quote(misfit->name) +
                   (misfit->need == Wanted::Need::object ? " that is no object, although columns are read from it"
                                                         : " that is no text, although a path compares it with one")};
}

void Scan::finish_batch(std::size_t table) {
  auto ready = std::make_unique<Ready>();
  ready->table = table;
  builders_[table]->take(ready->batch);
  ready_.push_back(std::move(ready));
}

void Scan::read_until_ready() {
  bool more = true;
  while (ready_.empty() && more) more = read_record();
  if (more) return;
  is_at_end_ = true;
  for (std::size_t i = 0; i < builders_.size(); ++i)
    if (builders_[i]->rows() > 0) finish_batch(i);
}

std::optional<std::size_t> Scan::next(ArrowArray& out) {
  out = {};
  try {
    if (ready_.empty() && !is_at_end_) read_until_ready();
  } catch (...) {
    ready_.clear();  // it may have rows of the record that failed
    is_at_end_ = true;
    throw;
  }
  if (ready_.empty()) return std::nullopt;
  const std::unique_ptr<Ready> ready = std::move(ready_.front());
  ready_.pop_front();
  out = std::exchange(ready->batch, ArrowArray{});
  rows_[ready->table] += out.length;
  return ready->table;
}

}  // namespace libbcda::tables
