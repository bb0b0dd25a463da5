// A ViewDefinition and a record, with a line between them.
#include "tables/view.hpp"

#include "fuzz/batches.hpp"
#include "tables/record.hpp"

namespace libbcda::fuzz {

FUZZ_TARGET(view, input) {
  const std::string_view definition = take_until(input, "\n");
  failure_of({Status::INVALID_ARGUMENT, Status::LIMIT}, [&] {
    tables::Projection projection;
    tables::View view(tables::parse_view_definition(definition), {}, projection);
    tables::RecordParser parser(projection);
    tables::BatchBuilder batches(view.columns(), {.rows = 1000});
    std::int64_t rows = 0;
    try {
      view.rows(parser.parse(input), [&](const std::vector<tables::Cell>& row) {
        batches.add(row);
        if (batches.full()) check_rows(view.columns(), batches);
        if (++rows == 20'000) throw tables::RowError{"has enough rows"};
      });
    } catch (const tables::MalformedRecord&) {
    } catch (const tables::RowError& error) {
      expect(*error.what() && is_clean(error.what()), "a clean message");
    }
    check_rows(view.columns(), batches);
    ArrowSchema schema{};
    tables::make_schema(view.columns(), view.name(), schema);
    schema.release(&schema);
  });
}

}  // namespace libbcda::fuzz
