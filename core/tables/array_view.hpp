// Reads the values of our own Arrow arrays.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tables/arrow_abi.hpp"
#include "tables/column_type.hpp"

namespace libbcda::tables {

template <class T>
T value_at(const ArrowArray& array, std::int64_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(array.buffers[1]) + row * static_cast<std::int64_t>(sizeof(T)),
              sizeof(T));
  return value;
}

inline bool bit_at(const void* bits, std::int64_t row) {
  return static_cast<const std::uint8_t*>(bits)[row / 8] >> (row % 8) & 1;
}

inline bool is_null_at(const ArrowArray& array, std::int64_t row) {
  return array.buffers[0] && !bit_at(array.buffers[0], row);
}

inline std::string_view text_at(const ArrowArray& array, std::int64_t row) {
  const auto begin = value_at<std::int32_t>(array, row), end = value_at<std::int32_t>(array, row + 1);
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
}

inline bool has_ends(ValueKind kind) { return kind == ValueKind::text || kind == ValueKind::binary; }

// Bytes of one value with a fixed width; 0 for a boolean, which has a bit.
inline std::int64_t width_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::boolean:
      return 0;
    case ValueKind::int32:
    case ValueKind::date:
      return 4;
    case ValueKind::decimal:
      return 16;
    default:
      return 8;
  }
}

}  // namespace libbcda::tables
