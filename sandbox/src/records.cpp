#include "records.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

#include "beneficiary.hpp"
#include "templates.hpp"

namespace libbcda::sandbox {
namespace {

// Identifiers have a fixed width, so that one can overwrite another.
constexpr std::uint64_t kFirstBeneficiary = 19990000000000, kFirstClaim = 10000000000, kFirstGroup = 70000000000;
constexpr std::size_t kBlockSize = 512 << 10;
constexpr std::uint64_t kFailureStream = 4, kHashStream = 5;

char* put_digits(char* out, std::uint64_t value, int width) {
  for (int i = width; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + width;
}

char* put_hash(char* out, std::uint64_t seed, std::int64_t beneficiary) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    std::uint64_t word = mix(mix(mix(seed, kHashStream), static_cast<std::uint64_t>(beneficiary)), i);
    for (int shift = 60; shift >= 0; shift -= 4) *out++ = "0123456789abcdef"[(word >> shift) & 15];
  }
  return out;
}

char* put_identifier(char* out, Field field, std::uint64_t seed, std::int64_t beneficiary, std::int64_t claim) {
  switch (field) {
    case Field::bene:
      return put_digits(out, kFirstBeneficiary + static_cast<std::uint64_t>(beneficiary), 14);
    case Field::claim:
      return put_digits(out, kFirstClaim + static_cast<std::uint64_t>(claim), 11);
    case Field::group:
      return put_digits(out, kFirstGroup + static_cast<std::uint64_t>(claim), 11);
    default:
      return put_hash(out, seed, beneficiary);
  }
}

bool is_identifier(Field field) { return field >= Field::bene && field <= Field::hash; }

char* put_date(char* out, int day) {
  std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  out = put_digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  return put_digits(out, static_cast<unsigned>(date.day()), 2);
}

char* put_number(char* out, std::int64_t value) { return std::to_chars(out, out + 20, value).ptr; }

char* put_money(char* out, std::int64_t cents) {  // 20, 20.5, 20.05, like the JSON numbers of Go
  out = put_number(out, cents / 100);
  std::int64_t rest = cents % 100;
  if (rest == 0) return out;
  *out++ = '.';
  *out++ = static_cast<char>('0' + rest / 10);
  if (rest % 10) *out++ = static_cast<char>('0' + rest % 10);
  return out;
}

// The data of a record. Parts that a template does not use may be missing.
struct Context {
  std::uint64_t seed = 0;
  const Beneficiary* person = nullptr;
  const Claim* claim = nullptr;
  const ClaimLine* line = nullptr;
  const Coded* diagnosis = nullptr;
  std::int64_t number = 0;  // the number of the line or diagnosis, from 1
  std::string_view organization, failed_type;
};

std::string_view person_text(Field field, const Beneficiary& person, char* scratch) {
  switch (field) {
    case Field::family:
      return person.family;
    case Field::given:
      return person.given;
    case Field::middle:
      return person.middle;
    case Field::gender:
      return person.female ? "female" : "male";
    case Field::race:
      return person.race.code;
    case Field::race_text:
      return person.race.text;
    case Field::state:
      return person.state;
    case Field::status:
      return person.status.code;
    case Field::status_text:
      return person.status.text;
    case Field::orec:
      return person.entitlement.code;
    case Field::orec_text:
      return person.entitlement.text;
    case Field::birth:
      return {scratch, put_date(scratch, person.birth_day)};
    case Field::county:
      return {scratch, put_digits(scratch, person.county, 3)};
    default:
      return {scratch, put_digits(scratch, person.zip, 5)};
  }
}

std::string_view money(char* scratch, std::int64_t cents) { return {scratch, put_money(scratch, cents)}; }

std::string_view claim_text(Field field, const Claim& claim, char* scratch) {
  switch (field) {
    case Field::start:
      return {scratch, put_date(scratch, claim.start)};
    case Field::end:
      return {scratch, put_date(scratch, claim.end)};
    case Field::paid:
      return money(scratch, claim.amounts.paid);
    case Field::allowed:
      return money(scratch, claim.amounts.allowed);
    case Field::submitted:
      return money(scratch, claim.amounts.submitted);
    case Field::deductible:
      return money(scratch, claim.amounts.deductible);
    case Field::coinsurance:
      return money(scratch, claim.amounts.coinsurance);
    case Field::claim_type:
      return claim.type.code;
    case Field::claim_type_text:
      return claim.type.text;
    case Field::drg:
      return claim.drg.code;
    case Field::drg_text:
      return claim.drg.text;
    case Field::ndc:
      return claim.ndc;
    case Field::npi:
      return {scratch, put_digits(scratch, claim.npi, 10)};
    case Field::days_supply:
      return {scratch, put_number(scratch, claim.days_supply)};
    default:
      return {scratch, put_number(scratch, claim.quantity)};
  }
}

std::string_view line_text(Field field, const ClaimLine& line, char* scratch) {
  switch (field) {
    case Field::line_start:
      return {scratch, put_date(scratch, line.day)};
    case Field::line_paid:
      return money(scratch, line.amounts.paid);
    case Field::line_allowed:
      return money(scratch, line.amounts.allowed);
    case Field::line_submitted:
      return money(scratch, line.amounts.submitted);
    case Field::line_deductible:
      return money(scratch, line.amounts.deductible);
    case Field::line_coinsurance:
      return money(scratch, line.amounts.coinsurance);
    case Field::service:
      return line.service;
    case Field::betos:
      return line.betos.code;
    case Field::betos_text:
      return line.betos.text;
    case Field::place:
      return line.place.code;
    default:
      return line.place.text;
  }
}

std::string_view field_text(Field field, const Context& context, char* scratch) {
  if (is_identifier(field)) {
    std::int64_t claim = context.claim ? context.claim->number : 0;
    return {scratch, put_identifier(scratch, field, context.seed, context.person->number, claim)};
  }
  if (field <= Field::orec_text) return person_text(field, *context.person, scratch);
  switch (field) {
    case Field::organization:
      return context.organization;
    case Field::failed_type:
      return context.failed_type;
    case Field::number:
      return {scratch, put_number(scratch, context.number)};
    case Field::dx:
      return context.diagnosis->code;
    case Field::dx_text:
      return context.diagnosis->text;
    case Field::ndc:
    case Field::days_supply:
    case Field::quantity:
      return claim_text(field, *context.claim, scratch);
    default:
      return field <= Field::npi ? claim_text(field, *context.claim, scratch)
                                 : line_text(field, *context.line, scratch);
  }
}

struct Counter {  // an output that only counts bytes
  std::uint64_t size = 0;
  void add(std::string_view text, Field, const Context&) { size += text.size(); }
  void end_record() {}
};

struct Writer {
  std::string& text;
  void add(std::string_view piece, Field, const Context&) { text += piece; }
  void end_record() {}
};

template <class Out>
void render(const Template& pieces, const Context& context, Out& out) {
  char scratch[80];
  for (const Piece& piece : pieces) {
    out.add(piece.literal, Field::none, context);
    if (piece.field != Field::none) out.add(field_text(piece.field, context, scratch), piece.field, context);
  }
}

template <class Out>
void render_lines(const Template& line, Context context, Out& out) {
  for (std::uint32_t i = 0; i < context.claim->line_count; ++i) {
    context.line = &context.claim->lines[i];
    context.number = i + 1;
    if (i > 0) out.add(",", Field::none, context);
    render(line, context, out);
  }
}

template <class Out>
void render_claim(Context context, Out& out) {
  const Templates& t = templates();
  const Claim& claim = *context.claim;
  if (claim.kind == ClaimKind::drug) {
    context.number = claim.fill;
    render(t.drug, context, out);
    return out.end_record();
  }
  bool carrier = claim.kind == ClaimKind::carrier;
  render(carrier ? t.carrier_head : t.inpatient_head, context, out);
  for (std::uint32_t i = 0; i < claim.diagnosis_count; ++i) {
    context.diagnosis = &claim.diagnoses[i];
    context.number = i + 1;
    render(i == 0 ? t.first_diagnosis : t.diagnosis, context, out);
  }
  render(carrier ? t.carrier_middle : t.inpatient_middle, context, out);
  render_lines(carrier ? t.carrier_line : t.inpatient_line, context, out);
  render(carrier ? t.carrier_tail : t.inpatient_tail, context, out);
  out.end_record();
}

template <class Out>
void render_beneficiary(std::uint64_t seed, Resource resource, std::int64_t number, Out& out) {
  const Templates& t = templates();
  Beneficiary person(seed, number);
  Context context;
  context.seed = seed;
  context.person = &person;
  if (resource == Resource::explanation_of_benefit) {
    for (std::int64_t i = 0, count = claim_count(seed, number); i < count; ++i) {
      Claim claim(seed, number, i);
      context.claim = &claim;
      render_claim(context, out);
    }
    return;
  }
  bool patient = resource == Resource::patient;
  for (const Template* each :
       {patient ? &t.patient : &t.part_a, patient ? nullptr : &t.part_b, patient ? nullptr : &t.part_d}) {
    if (!each) continue;
    render(*each, context, out);
    out.end_record();
  }
}

// The records of beneficiary `number` in the file of `slice`.
template <class Out>
void render_one(const Population& population, const Slice& slice, std::int64_t number, Out& out) {
  bool failed = fails(population, slice.resource, number);
  if (failed != slice.errors) return;
  if (!failed) return render_beneficiary(population.seed, slice.resource, number, out);
  Beneficiary person(population.seed, number);
  Context context;
  context.person = &person;
  context.organization = population.organization;
  context.failed_type = resource_name(slice.resource);
  render(templates().failure, context, out);
}

class SliceReader : public Plaintext {
 public:
  SliceReader(const Population& population, const Slice& slice, std::uint64_t size)
      : population_(population), slice_(slice), size_(size), next_(slice.first) {}

  std::uint64_t size() const override { return size_; }

  void read(MutableBytes out) override {
    while (!out.empty()) {
      if (taken_ == text_.size()) refill();
      std::size_t step = std::min(out.size(), text_.size() - taken_);
      std::memcpy(out.data(), text_.data() + taken_, step);
      taken_ += step;
      out = out.subspan(step);
    }
  }

 private:
  void refill() {
    text_.clear();
    taken_ = 0;
    Writer writer{text_};
    while (text_.empty() && next_ < slice_.last) render_one(population_, slice_, next_++, writer);
    if (text_.empty()) text_.assign(1, '\n');  // unreachable within size(), but an endless loop would be worse
  }

  Population population_;
  Slice slice_;
  std::uint64_t size_;
  std::int64_t next_;
  std::string text_;
  std::size_t taken_ = 0;
};

}  // namespace

const char* resource_name(Resource resource) {
  switch (resource) {
    case Resource::patient:
      return "Patient";
    case Resource::coverage:
      return "Coverage";
    default:
      return "ExplanationOfBenefit";
  }
}

bool fails(const Population& population, Resource resource, std::int64_t beneficiary) {
  if (population.error_rate <= 0) return false;
  std::uint64_t stream = mix(population.seed, kFailureStream + 16 * static_cast<std::uint64_t>(resource));
  return static_cast<double>(mix(stream, static_cast<std::uint64_t>(beneficiary)) >> 11) * 0x1p-53 <
         population.error_rate;
}

std::uint64_t slice_size(const Population& population, const Slice& slice) {
  Counter counter;
  for (std::int64_t n = slice.first; n < slice.last; ++n) render_one(population, slice, n, counter);
  return counter.size;
}

std::unique_ptr<Plaintext> read_slice(const Population& population, const Slice& slice, std::uint64_t size) {
  return std::make_unique<SliceReader>(population, slice, size);
}

// ---- Blocks --------------------------------------------------------------------------------------------------------

namespace {

struct BlockWriter {
  std::string& text;
  std::vector<std::uint32_t>& ends;
  struct Mark {
    std::size_t offset;
    Field field;
    std::int64_t beneficiary, claim;
  };
  std::vector<Mark> marks;

  void add(std::string_view piece, Field field, const Context& context) {
    if (is_identifier(field))
      marks.push_back({text.size(), field, context.person->number, context.claim ? context.claim->number : 0});
    text += piece;
  }
  void end_record() { ends.push_back(static_cast<std::uint32_t>(text.size())); }
};

}  // namespace

Block::Block(const Population& population, Resource resource) : seed_(population.seed) {
  BlockWriter writer{text_, ends_, {}};
  while (text_.size() < kBlockSize) render_beneficiary(seed_, resource, beneficiaries_++, writer);
  for (const auto& mark : writer.marks)
    patches_.push_back({static_cast<std::uint32_t>(mark.offset), static_cast<std::uint32_t>(mark.beneficiary),
                        static_cast<std::uint32_t>(mark.claim), static_cast<std::uint8_t>(mark.field)});
}

std::uint64_t Block::fitting(std::uint64_t wanted) const {
  std::uint64_t whole = wanted / text_.size(), rest = wanted % text_.size();
  auto end = std::upper_bound(ends_.begin(), ends_.end(), rest);
  std::uint64_t size = whole * text_.size() + (end == ends_.begin() ? 0 : *(end - 1));
  return size > 0 ? size : ends_.front();
}

class BlockReader : public Plaintext {
 public:
  BlockReader(const Block& block, std::uint64_t size, std::uint64_t first_turn)
      : block_(block), size_(size), turn_(first_turn), text_(block.text_) {
    patch();
  }

  std::uint64_t size() const override { return size_; }

  void read(MutableBytes out) override {
    while (!out.empty()) {
      if (taken_ == text_.size()) {
        ++turn_;
        taken_ = 0;
        patch();
      }
      std::size_t step = std::min(out.size(), text_.size() - taken_);
      std::memcpy(out.data(), text_.data() + taken_, step);
      taken_ += step;
      out = out.subspan(step);
    }
  }

 private:
  void patch() {
    std::uint64_t shift = turn_ * block_.beneficiaries_;
    for (const Block::Patch& p : block_.patches_)
      put_identifier(text_.data() + p.offset, static_cast<Field>(p.field), block_.seed_,
                     static_cast<std::int64_t>(p.beneficiary + shift),
                     static_cast<std::int64_t>(p.claim + shift * kClaimNumbersPerBeneficiary));
  }

  const Block& block_;
  std::uint64_t size_, turn_;
  std::string text_;
  std::size_t taken_ = 0;
};

std::unique_ptr<Plaintext> Block::read(std::uint64_t size, std::uint64_t number) const {
  std::uint64_t turns = (size + text_.size() - 1) / text_.size();
  return std::make_unique<BlockReader>(*this, size, number * turns);
}

}  // namespace libbcda::sandbox
