// Tables in Arrow's IPC file format (arrow.apache.org/docs/format/Columnar.html, "IPC File Format"). The numbers of
// fields, types and versions are those of Schema.fbs, Message.fbs and File.fbs of that format.
#include <flatbuffers/flatbuffers.h>

#include "tables/array_view.hpp"
#include "tables/batch.hpp"
#include "tables/encoder.hpp"

namespace libbcda::tables {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::voffset_t;

constexpr std::int16_t kVersion5 = 4;
constexpr std::uint8_t kSchemaMessage = 1, kBatchMessage = 3;
constexpr std::int16_t kMicroseconds = 2, kDays = 0, kDouble = 2;
constexpr std::string_view kMagic = "ARROW1";

enum TypeNumber : std::uint8_t {
  kInt = 2,
  kFloatingPoint = 3,
  kBinary = 4,
  kUtf8 = 5,
  kBool = 6,
  kDecimal = 7,
  kDate = 8,
  kTime = 9,
  kTimestamp = 10,
  kList = 12,
};

struct FieldNode {
  std::int64_t length, nulls;
};
struct BufferPlace {
  std::int64_t offset, length;
};
struct Block {
  std::int64_t offset;
  std::int32_t metadata;
  std::int32_t padding;
  std::int64_t body;
};

// The place of a table's field: its number in the schema of the format.
constexpr voffset_t slot(int number) { return static_cast<voffset_t>(4 + 2 * number); }

struct Any {};  // a table whose type does not matter

// A table with fields that `add` adds.
template <class Add>
Offset<Any> table(FlatBufferBuilder& out, Add&& add) {
  const auto start = out.StartTable();
  add();
  return Offset<Any>(out.EndTable(start));
}

void pad(std::string& out) { out.append((8 - out.size() % 8) % 8, '\0'); }

template <class T>
void add_number(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

TypeNumber type_number(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return kUtf8;
    case ValueKind::binary:
      return kBinary;
    case ValueKind::boolean:
      return kBool;
    case ValueKind::int32:
    case ValueKind::int64:
      return kInt;
    case ValueKind::decimal:
      return kDecimal;
    case ValueKind::float64:
      return kFloatingPoint;
    case ValueKind::date:
      return kDate;
    case ValueKind::timestamp:
      return kTimestamp;
    case ValueKind::time:
      return kTime;
  }
  return kUtf8;
}

Offset<Any> type_table(FlatBufferBuilder& out, const ColumnType& type) {
  const auto zone = type.kind == ValueKind::timestamp ? out.CreateString("UTC") : Offset<flatbuffers::String>();
  return table(out, [&] {
    switch (type.kind) {
      case ValueKind::int32:
      case ValueKind::int64:
        out.AddElement<std::int32_t>(slot(0), type.kind == ValueKind::int32 ? 32 : 64);
        out.AddElement<std::uint8_t>(slot(1), 1);  // signed
        break;
      case ValueKind::decimal:
        out.AddElement<std::int32_t>(slot(0), type.precision);
        out.AddElement<std::int32_t>(slot(1), type.scale);
        out.AddElement<std::int32_t>(slot(2), 128);
        break;
      case ValueKind::float64:
        out.AddElement<std::int16_t>(slot(0), kDouble);
        break;
      case ValueKind::date:
        out.AddElement<std::int16_t>(slot(0), kDays);
        break;
      case ValueKind::time:
        out.AddElement<std::int16_t>(slot(0), kMicroseconds);
        out.AddElement<std::int32_t>(slot(1), 64);
        break;
      case ValueKind::timestamp:
        out.AddElement<std::int16_t>(slot(0), kMicroseconds);
        out.AddOffset(slot(1), zone);
        break;
      default:
        break;  // no fields
    }
  });
}

Offset<Any> metadata_table(FlatBufferBuilder& out, const Metadata& metadata) {
  std::vector<Offset<Any>> pairs;
  for (const auto& [key, value] : metadata) {
    const auto key_text = out.CreateString(key), value_text = out.CreateString(value);
    pairs.push_back(table(out, [&] {
      out.AddOffset(slot(0), key_text);
      out.AddOffset(slot(1), value_text);
    }));
  }
  return Offset<Any>(out.CreateVector(pairs).o);
}

Offset<Any> field(FlatBufferBuilder& out, const std::string& name, const ColumnType& type, const Metadata& metadata) {
  std::vector<Offset<Any>> children;
  if (type.is_list) children.push_back(field(out, "item", type.item(), {}));
  const auto below = out.CreateVector(children);
  const auto about = metadata_table(out, metadata);
  const auto text = out.CreateString(name);
  const auto kind = type.is_list ? table(out, [] {}) : type_table(out, type);
  return table(out, [&] {
    out.AddOffset(slot(0), text);
    out.AddElement<std::uint8_t>(slot(1), 1);  // nullable
    out.AddElement<std::uint8_t>(slot(2), type.is_list ? kList : type_number(type.kind));
    out.AddOffset(slot(3), kind);
    out.AddOffset(slot(5), below);
    out.AddOffset(slot(6), about);
  });
}

Offset<Any> schema(FlatBufferBuilder& out, const std::string& name, const std::vector<Column>& columns) {
  std::vector<Offset<Any>> fields;
  for (const Column& column : columns) fields.push_back(field(out, column.name, column.type, column_metadata(column)));
  const auto all = out.CreateVector(fields);
  const auto about = metadata_table(out, table_metadata(name));
  return table(out, [&] {
    out.AddElement<std::int16_t>(slot(0), 0);  // little-endian
    out.AddOffset(slot(1), all);
    out.AddOffset(slot(2), about);
  });
}

// The body of a batch: its buffers, and where they are.
struct Body {
  std::vector<FieldNode> nodes;
  std::vector<BufferPlace> places;
  std::string bytes;

  void add_buffer(const void* data, std::int64_t size) {
    places.push_back({static_cast<std::int64_t>(bytes.size()), size});
    if (size > 0) bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
    pad(bytes);
  }

  void add(const ColumnType& type, const ArrowArray& array) {
    nodes.push_back({array.length, array.null_count});
    add_buffer(array.buffers[0], array.buffers[0] ? (array.length + 7) / 8 : 0);
    if (type.is_list) {
      add_buffer(array.buffers[1], (array.length + 1) * 4);
      return add(type.item(), *array.children[0]);
    }
    if (has_ends(type.kind)) {
      add_buffer(array.buffers[1], (array.length + 1) * 4);
      return add_buffer(array.buffers[2], value_at<std::int32_t>(array, array.length));
    }
    const std::int64_t width = width_of(type.kind);
    add_buffer(array.buffers[1], width == 0 ? (array.length + 7) / 8 : array.length * width);
  }
};

class ArrowEncoder : public Encoder {
 public:
  ArrowEncoder(std::string table, const std::vector<Column>& columns) : table_(std::move(table)), columns_(columns) {}

  void begin(std::string& out) override {
    const std::size_t before = out.size();
    out += kMagic;
    out.append(2, '\0');
    FlatBufferBuilder builder;
    add_message(out, builder, kSchemaMessage, schema(builder, table_, columns_), 0);
    size_ += static_cast<std::int64_t>(out.size() - before);
  }

  void add(std::string& out, const ArrowArray& batch) override {
    Body body;
    for (std::size_t i = 0; i < columns_.size(); ++i) body.add(columns_[i].type, *batch.children[i]);
    FlatBufferBuilder builder;
    const auto nodes = builder.CreateVectorOfStructs(body.nodes);
    const auto places = builder.CreateVectorOfStructs(body.places);
    const auto header = table(builder, [&] {
      builder.AddElement<std::int64_t>(slot(0), batch.length);
      builder.AddOffset(slot(1), nodes);
      builder.AddOffset(slot(2), places);
    });
    const std::size_t before = out.size();
    const auto body_size = static_cast<std::int64_t>(body.bytes.size());
    add_message(out, builder, kBatchMessage, header, body_size);
    blocks_.push_back({size_, static_cast<std::int32_t>(out.size() - before), 0, body_size});
    out += body.bytes;
    size_ += static_cast<std::int64_t>(out.size() - before);
  }

  void end(std::string& out) override {
    add_number<std::uint32_t>(out, 0xFFFFFFFF);  // the end of the stream of messages
    add_number<std::int32_t>(out, 0);
    FlatBufferBuilder builder;
    const auto columns = schema(builder, table_, columns_);
    const auto dictionaries = builder.CreateVectorOfStructs(std::vector<Block>());
    const auto batches = builder.CreateVectorOfStructs(blocks_);
    builder.Finish(table(builder, [&] {
      builder.AddElement<std::int16_t>(slot(0), kVersion5);
      builder.AddOffset(slot(1), columns);
      builder.AddOffset(slot(2), dictionaries);
      builder.AddOffset(slot(3), batches);
    }));
    out.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
    add_number<std::int32_t>(out, static_cast<std::int32_t>(builder.GetSize()));
    out += kMagic;
  }

 private:
  static void add_message(std::string& out, FlatBufferBuilder& builder, std::uint8_t kind, Offset<Any> header,
                          std::int64_t body_size) {
    builder.Finish(table(builder, [&] {
      builder.AddElement<std::int16_t>(slot(0), kVersion5);
      builder.AddElement<std::uint8_t>(slot(1), kind);
      builder.AddOffset(slot(2), header);
      builder.AddElement<std::int64_t>(slot(3), body_size);
    }));
    std::string metadata(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
    pad(metadata);
    add_number<std::uint32_t>(out, 0xFFFFFFFF);
    add_number<std::int32_t>(out, static_cast<std::int32_t>(metadata.size()));
    out += metadata;
  }

  const std::string table_;
  const std::vector<Column>& columns_;
  std::int64_t size_ = 0;  // of the file so far
  std::vector<Block> blocks_;
};

}  // namespace

std::unique_ptr<Encoder> make_arrow_encoder(const std::string& table, const std::vector<Column>& columns) {
  return std::make_unique<ArrowEncoder>(table, columns);
}

}  // namespace libbcda::tables
