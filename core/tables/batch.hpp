// Columns in memory as Arrow has them, and their hand-over through Arrow's C data interface.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tables/arrow_abi.hpp"
#include "tables/view.hpp"

namespace libbcda::tables {

// Bytes that begin at a multiple of 64, as Arrow recommends.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer other) noexcept { return swap(other), *this; }
  ~Buffer();

  const void* data() const { return data_; }
  std::size_t size() const { return size_; }

  template <class T>
  void add(T value) {
    reserve(sizeof value);
    std::memcpy(data_ + size_, &value, sizeof value);
    size_ += sizeof value;
  }
  void add(const void* bytes, std::size_t size) {
    reserve(size);
    if (size > 0) std::memcpy(data_ + size_, bytes, size);
    size_ += size;
  }

 private:
  void reserve(std::size_t more) {
    if (capacity_ - size_ < more) grow(more);
  }
  void grow(std::size_t more);
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// Bits, the least significant one first.
class Bits {
 public:
  // Returns how many whole bytes it added: 0 or 1.
  std::size_t add(bool bit) {
    pending_ = static_cast<std::uint8_t>(pending_ | bit << (count_ & 7));
    if ((++count_ & 7) != 0) return 0;
    bytes_.add(std::exchange(pending_, std::uint8_t(0)));
    return 1;
  }
  Buffer take();

 private:
  Buffer bytes_;
  std::uint8_t pending_ = 0;
  std::size_t count_ = 0;
};

// The values of one column.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(const ColumnType& type) : type_(type) {}

  std::size_t add(const Cell& cell);  // returns how many bytes it took

  // Hands out the values, and is empty then.
  void take(ArrowArray& out);

 private:
  std::size_t add(const Scalar& scalar);
  std::size_t add_value(const Scalar& scalar);
  std::size_t add_text(std::string_view text);
  template <class T>
  std::size_t add_fixed(T value) {
    values_.add(value);
    return sizeof value;
  }
  bool has_offsets() const { return type_.kind == ValueKind::text || type_.kind == ValueKind::binary; }
  void take_values(ArrowArray& out);

  ColumnType type_;
  std::int64_t length_ = 0, nulls_ = 0;  // of the values; of a list column those of its elements
  Bits validity_, booleans_;
  Buffer values_, texts_;  // fixed-width values or the ends of texts; texts
  std::int64_t lists_ = 0, null_lists_ = 0;
  Bits list_validity_;
  Buffer list_ends_;
};

// Rows, until there are enough for a batch.
class BatchBuilder {
 public:
  struct Limits {
    std::int64_t rows = 64 << 10;
    std::size_t bytes = 16 << 20;
  };

  BatchBuilder(const std::vector<Column>& columns, Limits limits);

  void add(const std::vector<Cell>& row);
  bool full() const { return full_; }
  std::int64_t rows() const { return rows_; }
  std::size_t bytes() const { return bytes_; }

  // Makes a struct array of the rows, which the caller releases, and begins the next batch.
  void take(ArrowArray& out);

 private:
  std::vector<ColumnBuilder> columns_;
  Limits limits_;
  std::int64_t rows_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

// Writes the schema of a table. The metadata of the schema and of each column are pairs of text.
using Metadata = std::vector<std::pair<std::string, std::string>>;
void make_schema(const std::vector<Column>& columns, const Metadata& metadata, ArrowSchema& out);

}  // namespace libbcda::tables
