// Tables: the C interface of core/tables.
#include <bcda/arrow.h>

#include <cerrno>
#include <new>
#include <utility>

#include "runtime/table_source.hpp"
#include "tables.hpp"
#include "tables/presets.hpp"

using libbcda::Error;
using libbcda::Settings;
using libbcda::Status;
using libbcda::capi::guard;
using libbcda::capi::need;
using libbcda::capi::prepare_scan;
using libbcda::capi::Prepared;
using libbcda::capi::settings_of;
using libbcda::capi::texts;
using libbcda::capi::write_stream;
namespace tables = libbcda::tables;

namespace {

constexpr std::int64_t kMostBatchRows = 16 << 20;

tables::BatchBuilder::Limits limits_of(const Settings& settings) {
  const std::int64_t rows = settings.integer("batch_rows");
  if (rows < 1 || rows > kMostBatchRows)
    throw Error(Status::INVALID_ARGUMENT, "the setting batch_rows must be 1 to 16777216");
  return {.rows = rows};
}

tables::ViewOptions options_of(const Settings& settings) {
  return {.values = settings.text("values") == "text" ? tables::Values::text : tables::Values::typed,
          .columns = settings.list("columns"),
          .errors_are_null = settings.text("on_error") == "null",
          .final_only = settings.boolean("final_only")};
}

Prepared open_paths(const Settings& settings, const std::vector<std::string>& paths,
                    const std::vector<std::string>& names) {
  Prepared made = prepare_scan(settings, names);  // before any file is opened
  const libbcda::runtime::TableSource source(paths);
  const bool current = settings.has("current") ? settings.boolean("current") : source.is_series();
  made.scan->read(source.files(made.types, tables::find_generation(settings.text("generation")), current));
  return made;
}

// ---- A scan of one table as an ArrowArrayStream ------------------------------------------------------------------------

struct Stream {
  Prepared tables;
  std::string failure = {};
  libbcda::capi::Owner owner = {};
  libbcda::capi::Counted counted = {};
};

Stream& of(ArrowArrayStream* stream) { return *static_cast<Stream*>(stream->private_data); }

// Runs `body`, and converts its exceptions to an errno and a text.
template <class Body>
int answer(Stream& stream, Body&& body) noexcept {
  try {
    stream.failure.clear();
    stream.owner.check();
    body();
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (...) {
    try {
      const Error error = libbcda::current_error();
      stream.failure = error.message;
      return error.status == Status::STATE ? EPERM : EIO;
    } catch (...) {
      return ENOMEM;
    }
  }
}

int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return answer(of(stream), [&] { of(stream).tables.scan->schema(0, *out); });
}

int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  *out = {};
  return answer(of(stream), [&] { of(stream).tables.scan->next(*out); });
}

const char* stream_error(ArrowArrayStream* stream) {
  const std::string& failure = of(stream).failure;
  return failure.empty() ? nullptr : failure.c_str();
}

void stream_release(ArrowArrayStream* stream) {
  if (of(stream).tables.may_destroy(of(stream).owner)) delete &of(stream);
  stream->release = nullptr;
}

}  // namespace

namespace libbcda::capi {

std::vector<std::string> texts(const char* const* items, std::int32_t count, const char* name) {
  need(items, name);
  std::vector<std::string> made;
  for (std::int32_t i = 0; i < count; ++i) {
    need(items[i], name);
    made.emplace_back(items[i]);
  }
  if (made.empty()) throw Error(Status::INVALID_ARGUMENT, std::string("the argument ") + name + " is empty");
  return made;
}

Prepared prepare_scan(const Settings& settings, const std::vector<std::string>& names) {
  if (names.size() > 1 && !settings.list("columns").empty())
    throw Error(Status::INVALID_ARGUMENT, "the setting columns is for one table, but there are several");
  std::vector<tables::TableRequest> requests;
  for (const std::string& name : names) requests.push_back(tables::request_table(name, options_of(settings)));
  Prepared made;
  made.types = tables::types_of(requests);
  made.scan = std::make_unique<tables::Scan>(std::move(requests), limits_of(settings));
  return made;
}

void write_stream(Prepared tables, ArrowArrayStream& out) {
  out = {stream_schema, stream_next, stream_error, stream_release, new Stream{std::move(tables)}};
}

}  // namespace libbcda::capi

extern "C" {

int32_t bcda_table_count(void) { return static_cast<int32_t>(tables::preset_names().size()); }

const char* bcda_table_at(int32_t index) {
  return index >= 0 && index < bcda_table_count() ? tables::preset_names()[static_cast<std::size_t>(index)].c_str()
                                                  : "";
}

bcda_status bcda_table_columns(const char* table, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(table, "table");
    need(json, "json");
    *json = libbcda::capi::give_string(tables::describe_preset(table));
  });
}

bcda_status bcda_table_view(const char* table, const char* generation, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(table, "table");
    need(generation, "generation");
    need(json, "json");
    const auto found = tables::find_generation(generation);
    if (!found) throw Error(Status::INVALID_ARGUMENT, "the argument generation must be stu3, v2 or v3");
    const tables::PresetView* preset = tables::find_preset(table, *found);
    if (!preset) tables::refuse_preset(table);
    *json = libbcda::capi::give_string(preset->json);
  });
}

bcda_status bcda_table_open(const bcda_config* settings, const char* const* paths, int32_t path_count,
                            const char* table, struct ArrowArrayStream* stream, bcda_error** error) {
  return guard(error, [&] {
    need(table, "table");
    need(stream, "stream");
    write_stream(open_paths(settings_of(settings), texts(paths, path_count, "paths"), {table}), *stream);
  });
}

bcda_status bcda_tables_open(const bcda_config* settings, const char* const* paths, int32_t path_count,
                             const char* const* names, int32_t table_count, bcda_tables** opened, bcda_error** error) {
  return guard(error, [&] {
    need(opened, "opened");
    *opened = new bcda_tables{
        open_paths(settings_of(settings), texts(paths, path_count, "paths"), texts(names, table_count, "tables"))};
  });
}

bcda_status bcda_tables_schema(const bcda_tables* opened, int32_t table, struct ArrowSchema* schema,
                               bcda_error** error) {
  return guard(error, [&] {
    need(opened, "opened");
    need(schema, "schema");
    if (table < 0 || static_cast<std::size_t>(table) >= opened->tables.scan->size())
      throw Error(Status::INVALID_ARGUMENT, "there is no table with the number " + std::to_string(table));
    opened->tables.scan->schema(static_cast<std::size_t>(table), *schema);
  });
}

bcda_status bcda_tables_next(bcda_tables* opened, int32_t* table, struct ArrowArray* batch, bcda_error** error) {
  return guard(error, [&]() -> bcda_status {
    need(opened, "opened");
    need(table, "table");
    need(batch, "batch");
    opened->owner.check();  // a forked child is refused, because it shares the file offset with the parent
    const auto found = opened->tables.scan->next(*batch);
    if (!found) return BCDA_END;
    *table = static_cast<int32_t>(*found);
    return BCDA_OK;
  });
}

bcda_status bcda_tables_encode(bcda_tables* opened, const char* format, int32_t* table, const char** data, size_t* size,
                               bcda_error** error) {
  return guard(error, [&]() -> bcda_status {
    need(opened, "opened");
    need(format, "format");
    need(table, "table");
    need(data, "data");
    need(size, "size");
    opened->owner.check();
    if (!opened->encoded) opened->encoded = std::make_unique<tables::EncodedTables>(*opened->tables.scan, format);
    if (opened->encoded->format() != format)
      throw Error(Status::INVALID_ARGUMENT, "these tables are encoded as " + opened->encoded->format() + " already");
    std::string_view piece;
    const auto found = opened->encoded->next(piece);
    if (!found) return BCDA_END;
    *table = static_cast<int32_t>(*found);
    *data = piece.data();
    *size = piece.size();
    return BCDA_OK;
  });
}

int64_t bcda_tables_rows(const bcda_tables* opened, int32_t table) {
  const bool is_there = opened && table >= 0 && static_cast<std::size_t>(table) < opened->tables.scan->size();
  return is_there ? opened->tables.scan->rows(static_cast<std::size_t>(table)) : -1;
}
void bcda_tables_read(const bcda_tables* opened, int64_t* files, int64_t* bytes) {
  if (files) *files = opened ? opened->tables.scan->files() : -1;
  if (bytes) *bytes = opened ? opened->tables.scan->bytes() : -1;
}

int64_t bcda_tables_nulled(const bcda_tables* opened) { return opened ? opened->tables.scan->nulled() : -1; }
void bcda_tables_cancel(bcda_tables* opened) {
  if (opened && opened->tables.files && opened->owner.is_me()) opened->tables.files->cancel();
}
void bcda_tables_destroy(bcda_tables* opened) {
  if (opened && opened->tables.may_destroy(opened->owner)) delete opened;
}

}  // extern "C"
