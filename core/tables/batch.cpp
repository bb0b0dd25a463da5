#include "tables/batch.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

namespace libbcda::tables {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMostText = 1u << 30;   // of one column in a batch, because its offsets have 31 bits
constexpr std::int64_t kMostItems = 1 << 30;  // of a list column

// What an exported array owns.
struct ArrayMemory {
  std::vector<Buffer> buffers;
  std::array<const void*, 3> pointers{};
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> child_pointers;

  // A child without a release was moved out by the consumer.
  ~ArrayMemory() {
    for (const auto& child : children)
      if (child->release) child->release(child.get());
  }
};

void release_array(ArrowArray* array) {
  delete static_cast<ArrayMemory*>(array->private_data);
  array->release = nullptr;
}

// Completes `out`: length and null_count are set.
void export_array(ArrowArray& out, std::unique_ptr<ArrayMemory> memory) {
  out.offset = 0;
  out.dictionary = nullptr;
  out.n_buffers = static_cast<std::int64_t>(memory->buffers.size());
  for (std::size_t i = 0; i < memory->buffers.size(); ++i) memory->pointers[i] = memory->buffers[i].data();
  out.buffers = memory->pointers.data();
  for (const auto& child : memory->children) memory->child_pointers.push_back(child.get());
  out.n_children = static_cast<std::int64_t>(memory->children.size());
  out.children = memory->child_pointers.data();
  out.release = release_array;
  out.private_data = memory.release();
}

}  // namespace

Buffer::~Buffer() { std::free(data_); }

void Buffer::grow(std::size_t more) {
  std::size_t capacity = std::max<std::size_t>(capacity_ * 2, 1024);
  while (capacity - size_ < more) capacity *= 2;
  auto* data = static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, capacity));
  if (!data) throw std::bad_alloc();
  if (size_ > 0) std::memcpy(data, data_, size_);
  std::free(data_);
  data_ = data;
  capacity_ = capacity;
}

Buffer Bits::take() {
  if (count_ & 7) bytes_.add(pending_);
  pending_ = 0;
  count_ = 0;
  return std::exchange(bytes_, Buffer());
}

// ---- One column ------------------------------------------------------------------------------------------------------

std::size_t ColumnBuilder::add(const Cell& cell) {
  static const Scalar kNull;
  if (!type_.is_list) return add(cell.is_null ? kNull : cell.scalar);
  if (list_ends_.size() == 0) list_ends_.add(std::int32_t(0));
  std::size_t bytes = list_validity_.add(!cell.is_null) + sizeof(std::int32_t);
  if (!cell.is_null)
    for (const Scalar& item : cell.items) bytes += add(item);
  if (length_ > kMostItems) throw RowError{"makes a list that is too long for one batch"};
  null_lists_ += cell.is_null;
  list_ends_.add(static_cast<std::int32_t>(length_));
  ++lists_;
  return bytes;
}

std::size_t ColumnBuilder::add(const Scalar& scalar) {
  ++length_;
  nulls_ += scalar.is_null;
  return validity_.add(!scalar.is_null) + add_value(scalar);
}

std::size_t ColumnBuilder::add_value(const Scalar& scalar) {
  switch (type_.kind) {
    case ValueKind::boolean:
      return booleans_.add(scalar.integer != 0);
    case ValueKind::int32:
    case ValueKind::date:
      return add_fixed(static_cast<std::int32_t>(scalar.integer));
    case ValueKind::int64:
    case ValueKind::timestamp:
    case ValueKind::time:
      return add_fixed(scalar.integer);
    case ValueKind::decimal:
      return add_fixed(scalar.decimal);
    case ValueKind::float64:
      return add_fixed(scalar.real);
    case ValueKind::text:
    case ValueKind::binary:
      return add_text(scalar.text);
  }
  return 0;
}

std::size_t ColumnBuilder::add_text(std::string_view text) {
  if (texts_.size() + text.size() > kMostText) throw RowError{"makes a text that is too long for one batch"};
  if (values_.size() == 0) values_.add(std::int32_t(0));
  texts_.add(text.data(), text.size());
  return text.size() + add_fixed(static_cast<std::int32_t>(texts_.size()));
}

void ColumnBuilder::take_values(ArrowArray& out) {
  auto memory = std::make_unique<ArrayMemory>();
  if (has_offsets() && values_.size() == 0) values_.add(std::int32_t(0));
  Buffer validity = validity_.take();
  memory->buffers.push_back(nulls_ > 0 ? std::move(validity) : Buffer());
  memory->buffers.push_back(type_.kind == ValueKind::boolean ? booleans_.take() : std::exchange(values_, Buffer()));
  if (has_offsets()) memory->buffers.push_back(std::exchange(texts_, Buffer()));
  out.length = std::exchange(length_, 0);
  out.null_count = std::exchange(nulls_, 0);
  export_array(out, std::move(memory));
}

void ColumnBuilder::take(ArrowArray& out) {
  if (!type_.is_list) return take_values(out);
  auto memory = std::make_unique<ArrayMemory>();
  if (list_ends_.size() == 0) list_ends_.add(std::int32_t(0));
  Buffer validity = list_validity_.take();
  memory->buffers.push_back(null_lists_ > 0 ? std::move(validity) : Buffer());
  memory->buffers.push_back(std::exchange(list_ends_, Buffer()));
  memory->children.push_back(std::make_unique<ArrowArray>());
  take_values(*memory->children[0]);
  out.length = std::exchange(lists_, 0);
  out.null_count = std::exchange(null_lists_, 0);
  export_array(out, std::move(memory));
}

// ---- All columns -----------------------------------------------------------------------------------------------------

BatchBuilder::BatchBuilder(const std::vector<Column>& columns, Limits limits) : limits_(limits) {
  for (const Column& column : columns) columns_.emplace_back(column.type);
}

void BatchBuilder::add(const std::vector<Cell>& row) {
  for (std::size_t i = 0; i < columns_.size(); ++i) bytes_ += columns_[i].add(row[i]);
  full_ = ++rows_ >= limits_.rows || bytes_ >= limits_.bytes;
}

void BatchBuilder::take(ArrowArray& out) {
  auto memory = std::make_unique<ArrayMemory>();
  memory->buffers.emplace_back();
  for (ColumnBuilder& column : columns_) {
    memory->children.push_back(std::make_unique<ArrowArray>());
    column.take(*memory->children.back());
  }
  out.length = std::exchange(rows_, 0);
  out.null_count = 0;
  bytes_ = 0;
  full_ = false;
  export_array(out, std::move(memory));
}

// ---- Schema ----------------------------------------------------------------------------------------------------------

namespace {

struct SchemaMemory {
  std::string format, name, metadata;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> child_pointers;

  ~SchemaMemory() {
    for (const auto& child : children)
      if (child->release) child->release(child.get());
  }
};

void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaMemory*>(schema->private_data);
  schema->release = nullptr;
}

void add_count(std::string& text, std::size_t count) {
  const auto number = static_cast<std::int32_t>(count);
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string encode(const Metadata& metadata) {
  std::string text;
  add_count(text, metadata.size());
  for (const auto& [key, value] : metadata)
    for (const std::string& part : {key, value}) {
      add_count(text, part.size());
      text += part;
    }
  return text;
}

void export_schema(ArrowSchema& out, std::unique_ptr<SchemaMemory> memory, const Metadata& metadata, bool nullable) {
  if (!metadata.empty()) memory->metadata = encode(metadata);
  for (const auto& child : memory->children) memory->child_pointers.push_back(child.get());
  out = {.format = memory->format.c_str(),
         .name = memory->name.c_str(),
         .metadata = metadata.empty() ? nullptr : memory->metadata.data(),
         .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
         .n_children = static_cast<std::int64_t>(memory->children.size()),
         .children = memory->child_pointers.data(),
         .dictionary = nullptr,
         .release = release_schema,
         .private_data = nullptr};
  out.private_data = memory.release();
}

void make_field(const Column& column, ArrowSchema& out) {
  auto memory = std::make_unique<SchemaMemory>();
  memory->name = column.name;
  memory->format = arrow_format(column.type);
  if (column.type.is_list) {
    auto item = std::make_unique<SchemaMemory>();
    item->name = "item";
    item->format = std::exchange(memory->format, "+l");
    memory->children.push_back(std::make_unique<ArrowSchema>());
    export_schema(*memory->children[0], std::move(item), {}, true);
  }
  Metadata metadata;
  if (!column.fhir_type.empty()) metadata.emplace_back("fhir.type", column.fhir_type);
  if (!column.description.empty()) metadata.emplace_back("description", column.description);
  export_schema(out, std::move(memory), metadata, true);
}

}  // namespace

void make_schema(const std::vector<Column>& columns, const Metadata& metadata, ArrowSchema& out) {
  auto memory = std::make_unique<SchemaMemory>();
  memory->format = "+s";
  for (const Column& column : columns) {
    memory->children.push_back(std::make_unique<ArrowSchema>());
    make_field(column, *memory->children.back());
  }
  export_schema(out, std::move(memory), metadata, false);
}

}  // namespace libbcda::tables
