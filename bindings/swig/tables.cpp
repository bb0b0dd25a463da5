// Tables of claims: the batches of Arrow, column by column.
#include <bcda/arrow.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "counted.hpp"
#include "flat.hpp"

namespace bcda_flat {
namespace {

struct Column {
  Text name, format;
  bool is_list = false;
};

template <class T>
struct Released : T {
  Released() : T{} {}
  ~Released() { reset(); }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;
  void reset() {
    if (this->release) this->release(this);
  }
};

std::vector<Column> columns_of(const bcda::Tables& tables, std::int32_t table) {
  Released<ArrowSchema> schema;
  tables.schema(table, schema);
  std::vector<Column> columns;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& child = *schema.children[i];
    const bool is_list = std::strcmp(child.format, "+l") == 0;
    columns.push_back({child.name, is_list ? child.children[0]->format : child.format, is_list});
  }
  return columns;
}

bool is_text(const Text& format) { return format == "u" || format == "z"; }

// Bytes of one value; bits: 0.
std::int64_t width_of(const Text& format) {
  if (format == "b") return 0;
  if (format == "i" || format == "tdD") return 4;
  return format[0] == 'd' ? 16 : 8;
}

}  // namespace

struct Tables : Counted {
  std::vector<Text> paths, names;
  std::optional<bcda::Tables> native;
  std::vector<std::vector<Column>> columns;  // by table
  std::int32_t table = 0;                    // of the batch
  Released<ArrowArray> batch;

  template <class Open>
  void open(Open&& make) {
    batch.reset();
    columns.clear();
    make();
    for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(columns_of(*native, static_cast<std::int32_t>(i)));
  }
  bcda::Tables& opened() {
    if (!native) throw std::logic_error("the tables are not open");
    return *native;
  }
  const Column& column(std::int32_t of_table, std::int32_t index) const {
    return columns.at(static_cast<std::size_t>(of_table)).at(static_cast<std::size_t>(index));
  }
  const ArrowArray& array(std::int32_t index, std::int32_t items) const {
    const Column& known = column(table, index);
    if (!batch.release) throw std::logic_error("there is no batch");
    const ArrowArray& array = *batch.children[index];
    return items && known.is_list ? *array.children[0] : array;
  }
};

std::int32_t table_count() { return bcda_table_count(); }
Text table_name(std::int32_t index) { return bcda_table_at(index); }
Text table_columns(const Text& table) { return bcda::table_columns(table); }
Text table_view(const Text& table, const Text& generation) { return bcda::table_view(table, generation); }

Tables* tables_create() { return new Tables; }
void tables_destroy(Tables* tables) { delete tables; }
void tables_add_path(Tables& tables, const Text& path) { tables.paths.push_back(path); }
void tables_add_table(Tables& tables, const Text& table) { tables.names.push_back(table); }

void tables_open(Tables& tables, const Config& settings) {
  tables.open([&] { tables.native.emplace(tables.paths, tables.names, settings.native); });
}

void tables_open_partition(Tables& tables, Client* client, const Config& settings, const Text& token) {
  const bcda::Partition partition{token, client ? &client->native : nullptr};
  tables.open([&] { tables.native.emplace(partition, tables.names, settings.native); });
}

void tables_export_partition(const Tables& tables, Client* client, const Config& settings, const Text& token,
                             std::int64_t address) {
  if (tables.names.empty()) throw std::logic_error("no table was added");
  const bcda::Partition partition{token, client ? &client->native : nullptr};
  bcda::open_table(partition, tables.names[0], settings.native, *reinterpret_cast<ArrowArrayStream*>(address));
}

void tables_cancel(const Tables& tables) {
  if (tables.native) tables.native->cancel();
}

Text partitions_of_manifest(const Client& client, const Config& settings, const Text& manifest, std::int32_t count) {
  return bcda::partitions(client.native, manifest, count, settings.native);
}
Text partitions_of_sources(const Tables& sources, const Config& settings, std::int32_t count) {
  return bcda::partitions(sources.paths, count, settings.native);
}

void tables_export(const Tables& tables, const Config& settings, std::int64_t address) {
  if (tables.names.empty()) throw std::logic_error("no table was added");
  bcda::open_table(tables.paths, tables.names[0], settings.native, *reinterpret_cast<ArrowArrayStream*>(address));
}

std::int32_t tables_column_count(const Tables& tables, std::int32_t table) {
  return static_cast<std::int32_t>(tables.columns.at(static_cast<std::size_t>(table)).size());
}
Text tables_column_name(const Tables& tables, std::int32_t table, std::int32_t column) {
  return tables.column(table, column).name;
}
Text tables_column_format(const Tables& tables, std::int32_t table, std::int32_t column) {
  return tables.column(table, column).format;
}
std::int32_t tables_column_is_list(const Tables& tables, std::int32_t table, std::int32_t column) {
  return tables.column(table, column).is_list;
}

std::int32_t tables_next(Tables& tables) {
  tables.batch.reset();
  return tables.opened().next(tables.table, tables.batch) ? tables.table : -1;
}

Bytes tables_encode(Tables& tables, const Text& format) {
  if (tables.names.size() != 1) throw std::logic_error("a file has one table, but several were added");
  std::string_view piece;
  if (!tables.opened().encode(format, tables.table, piece)) return {nullptr, 0};
  return {piece.data(), static_cast<std::int64_t>(piece.size())};
}

std::int64_t tables_rows(const Tables& tables, std::int32_t table) {
  return tables.native ? tables.native->rows(table) : 0;
}
std::int64_t tables_nulled(const Tables& tables) { return tables.native ? tables.native->nulled() : 0; }
std::int64_t tables_files(const Tables& tables) { return tables.native ? tables.native->files() : 0; }
std::int64_t tables_bytes(const Tables& tables) { return tables.native ? tables.native->bytes() : 0; }

std::int64_t batch_rows(const Tables& tables) { return tables.batch.release ? tables.batch.length : 0; }
std::int64_t batch_length(const Tables& tables, std::int32_t column, std::int32_t items) {
  return tables.array(column, items).length;
}

Bytes batch_validity(const Tables& tables, std::int32_t column, std::int32_t items) {
  const ArrowArray& array = tables.array(column, items);
  return {static_cast<const char*>(array.buffers[0]), array.buffers[0] ? (array.length + 7) / 8 : 0};
}

Bytes batch_values(const Tables& tables, std::int32_t column, std::int32_t items) {
  const ArrowArray& array = tables.array(column, items);
  const Column& known = tables.column(tables.table, column);
  const bool has_ends = (known.is_list && !items) || is_text(known.format);
  const std::int64_t width = has_ends ? 4 : width_of(known.format);
  const std::int64_t size = has_ends     ? (array.length + 1) * 4
                            : width == 0 ? (array.length + 7) / 8
                                         : array.length * width;
  return {size > 0 && array.buffers[1] ? static_cast<const char*>(array.buffers[1]) : "", array.buffers[1] ? size : 0};
}

Bytes batch_texts(const Tables& tables, std::int32_t column, std::int32_t items) {
  const ArrowArray& array = tables.array(column, items);
  const Column& known = tables.column(tables.table, column);
  if (!is_text(known.format) || (known.is_list && !items)) return {nullptr, 0};
  std::int32_t end = 0;
  std::memcpy(&end, static_cast<const char*>(array.buffers[1]) + array.length * 4, sizeof end);
  return {array.buffers[2] ? static_cast<const char*>(array.buffers[2]) : "", end};
}

}  // namespace bcda_flat
