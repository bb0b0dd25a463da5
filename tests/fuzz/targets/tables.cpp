// A record of NDJSON as rows of several presets and of a view with each type of column.
#include "fuzz/batches.hpp"
#include "tables/presets.hpp"
#include "tables/record.hpp"

namespace libbcda::fuzz {
namespace {

constexpr std::string_view kPresets[] = {"claim",       "claim_line", "claim_amount", "claim_information",
                                         "beneficiary", "coverage"};

constexpr std::string_view kEveryType = R"view(
    {"resource": "ExplanationOfBenefit", "select": [
      {"column": [{"name": "any", "path": "id"}, {"name": "bytes", "path": "data", "type": "base64Binary"},
                  {"name": "when", "path": "created", "type": "instant"},
                  {"name": "big", "path": "big", "type": "integer64"},
                  {"name": "day", "path": "day", "type": "date", "tag": [{"name": "ansi/type", "value": "DATE"}]},
                  {"name": "clock", "path": "clock", "type": "time", "tag": [{"name": "ansi/type", "value": "TIME"}]},
                  {"name": "low", "path": "created.lowBoundary()", "type": "dateTime"},
                  {"name": "sum", "path": "item.select(n).first() + 1.5", "type": "decimal",
                   "tag": [{"name": "ansi/type", "value": "DECIMAL(38,4)"}]}]},
      {"forEachOrNull": "item",
       "column": [{"name": "n", "path": "n", "type": "integer"},
                  {"name": "real", "path": "n / 3", "type": "decimal", "tag": [{"name": "ansi/type", "value": "DOUBLE"}]},
                  {"name": "flags", "path": "flag", "type": "boolean", "collection": true},
                  {"name": "texts", "path": "text.select(upper())", "type": "string", "collection": true},
                  {"name": "coding", "path": "coding.first()", "type": "Coding"}]}]})view";

struct Table {
  tables::View view;
  tables::BatchBuilder rows;

  Table(std::string_view definition, bool errors_are_null, tables::Projection& projection)
      : view(tables::parse_view_definition(definition), {.errors_are_null = errors_are_null}, projection),
        rows(view.columns(), {.rows = 1000}) {}

  void add(const tables::Node& record) {
    std::int64_t count = 0;
    try {
      view.rows(record, [&](const std::vector<tables::Cell>& row) {
        rows.add(row);
        if (rows.full()) check_rows(view.columns(), rows);
        if (++count == 20'000) throw tables::RowError{"has enough rows"};
      });
    } catch (const tables::RowError& error) {
      expect(*error.what() && is_clean(error.what()), "a clean message");
    }
    check_rows(view.columns(), rows);
  }
};

// All tables of one generation. They are compiled once, because that takes longer than a record.
struct Tables {
  explicit Tables(tables::Generation generation) {
    for (const bool errors_are_null : {false, true}) {
      for (const std::string_view name : kPresets)
        all.push_back(
            std::make_unique<Table>(tables::find_preset(name, generation)->json, errors_are_null, projection));
      all.push_back(std::make_unique<Table>(kEveryType, errors_are_null, projection));
    }
  }
  tables::Projection projection;
  std::vector<std::unique_ptr<Table>> all;
  tables::RecordParser parser{projection};
};

}  // namespace

FUZZ_TARGET(tables, input) {
  static Tables generations[] = {Tables(tables::Generation::stu3), Tables(tables::Generation::v2),
                                 Tables(tables::Generation::v3)};
  // A copy of its own, so that AddressSanitizer sees a read beyond its end.
  const std::vector<char> copy(input.begin(), input.end());
  for (Tables& generation : generations) {
    try {
      const tables::Node& record = generation.parser.parse({copy.data(), copy.size()});
      for (const auto& table : generation.all) table->add(record);
    } catch (const tables::MalformedRecord& malformed) {
      expect(*malformed.what() && is_clean(malformed.what()), "a clean reason");
    }
  }
}

}  // namespace libbcda::fuzz
