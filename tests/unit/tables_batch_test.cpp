#include <gtest/gtest.h>

#include <cstring>

#include "tables/batch.hpp"

namespace libbcda::tables {
namespace {

template <class T>
T value(const ArrowArray& array, std::size_t buffer, std::size_t index) {
  T found;
  std::memcpy(&found, static_cast<const char*>(array.buffers[buffer]) + index * sizeof(T), sizeof(T));
  return found;
}
bool bit(const ArrowArray& array, std::size_t buffer, std::size_t index) {
  return static_cast<const std::uint8_t*>(array.buffers[buffer])[index / 8] >> (index % 8) & 1;
}
std::string text(const ArrowArray& array, std::size_t index) {
  const auto begin = value<std::int32_t>(array, 1, index), end = value<std::int32_t>(array, 1, index + 1);
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
}

Cell of_text(std::string_view content) {
  Cell cell;
  cell.is_null = cell.scalar.is_null = false;
  cell.scalar.text = content;
  return cell;
}
Cell of_integer(std::int64_t number) {
  Cell cell;
  cell.is_null = cell.scalar.is_null = false;
  cell.scalar.integer = number;
  cell.scalar.decimal = number;
  return cell;
}
Cell of_list(std::initializer_list<std::int64_t> numbers) {
  Cell cell;
  cell.is_null = false;
  for (const std::int64_t number : numbers) cell.items.push_back(of_integer(number).scalar);
  return cell;
}

std::vector<Column> columns() {
  return {{"t", "string", "A text.", {.kind = ValueKind::text}},
          {"b", "boolean", "", {.kind = ValueKind::boolean}},
          {"i", "integer", "", {.kind = ValueKind::int32}},
          {"d", "decimal", "", {.kind = ValueKind::decimal, .precision = 18, .scale = 2}},
          {"l", "integer", "", {.kind = ValueKind::int32, .is_list = true}}};
}

TEST(Batch, HasTheBuffersOfArrow) {
  BatchBuilder builder(columns(), {});
  builder.add({of_text("first"), of_integer(1), of_integer(-7), of_integer(-150), of_list({1, 2})});
  builder.add({Cell(), Cell(), Cell(), Cell(), Cell()});
  builder.add({of_text(""), of_integer(0), of_integer(7), of_integer(99), of_list({})});
  ArrowArray batch{};
  builder.take(batch);
  ASSERT_EQ(batch.length, 3);
  ASSERT_EQ(batch.n_children, 5);
  EXPECT_EQ(batch.n_buffers, 1);
  EXPECT_EQ(batch.buffers[0], nullptr);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(batch.children[i]->length, 3);
    EXPECT_EQ(batch.children[i]->null_count, 1);
    EXPECT_TRUE(bit(*batch.children[i], 0, 0));
    EXPECT_FALSE(bit(*batch.children[i], 0, 1));
    for (int b = 0; b < batch.children[i]->n_buffers; ++b)
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch.children[i]->buffers[b]) % 64, 0u);
  }
  EXPECT_EQ(text(*batch.children[0], 0), "first");
  EXPECT_EQ(text(*batch.children[0], 2), "");
  EXPECT_TRUE(bit(*batch.children[1], 1, 0));
  EXPECT_FALSE(bit(*batch.children[1], 1, 2));
  EXPECT_EQ(value<std::int32_t>(*batch.children[2], 1, 0), -7);
  EXPECT_EQ(value<Int128>(*batch.children[3], 1, 0), Int128(-150));
  const ArrowArray& list = *batch.children[4];
  EXPECT_EQ(value<std::int32_t>(list, 1, 1), 2);
  EXPECT_EQ(value<std::int32_t>(list, 1, 3), 2);
  EXPECT_EQ(list.children[0]->length, 2);
  EXPECT_EQ(list.children[0]->buffers[0], nullptr) << "no element is null";
  batch.release(&batch);
  EXPECT_EQ(batch.release, nullptr);
}

TEST(Batch, MayBeTakenApart) {
  BatchBuilder builder(columns(), {});
  builder.add({of_text("kept"), Cell(), Cell(), Cell(), of_list({5})});
  ArrowArray batch{}, moved{};
  builder.take(batch);
  std::memcpy(&moved, batch.children[0], sizeof moved);
  batch.children[0]->release = nullptr;
  batch.release(&batch);
  EXPECT_EQ(text(moved, 0), "kept");
  moved.release(&moved);
}

TEST(Batch, BeginsAnewAfterEach) {
  BatchBuilder builder(columns(), {.rows = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(builder.full());
    builder.add({of_text("x"), of_integer(1), of_integer(i), of_integer(i), of_list({i})});
    builder.add({of_text("y"), of_integer(1), of_integer(i), of_integer(i), of_list({i})});
    EXPECT_TRUE(builder.full());
    ArrowArray batch{};
    builder.take(batch);
    EXPECT_EQ(batch.length, 2);
    EXPECT_EQ(text(*batch.children[0], 1), "y");
    EXPECT_EQ(batch.children[0]->buffers[0], nullptr);
    batch.release(&batch);
  }
  EXPECT_EQ(builder.rows(), 0);
}

TEST(Batch, IsFullByItsBytes) {
  BatchBuilder builder({columns()[0]}, {.rows = 1000, .bytes = 1000});
  int rows = 0;
  while (!builder.full()) builder.add({of_text(std::string(100, 'x'))}), ++rows;
  EXPECT_LE(rows, 10);
}

// A list of booleans has bits, and where its lists end.
TEST(Batch, IsFullByItsBits) {
  Cell flags;
  flags.is_null = false;
  flags.items.resize(1000);
  BatchBuilder builder({{"l", "boolean", "", {.kind = ValueKind::boolean, .is_list = true}}},
                       {.rows = 1000, .bytes = 1000});
  int rows = 0;
  while (!builder.full()) builder.add({flags}), ++rows;
  EXPECT_EQ(rows, 4);
}

TEST(Schema, NamesItsColumnsAndTypes) {
  ArrowSchema schema{};
  make_schema(columns(), "t", schema);
  EXPECT_STREQ(schema.format, "+s");
  EXPECT_EQ(schema.n_children, 5);
  const char* formats[] = {"u", "b", "i", "d:18,2", "+l"};
  for (int i = 0; i < 5; ++i) {
    EXPECT_STREQ(schema.children[i]->format, formats[i]);
    EXPECT_EQ(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
  }
  EXPECT_STREQ(schema.children[4]->children[0]->format, "i");
  std::int32_t count;
  std::memcpy(&count, schema.children[0]->metadata, sizeof count);
  EXPECT_EQ(count, 2) << "fhir.type and description";
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

}  // namespace
}  // namespace libbcda::tables
