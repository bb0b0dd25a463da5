// A ViewDefinition and a record, with a line between them.
#include "tables/view.hpp"

#include <vector>

#include "fuzz/target.hpp"
#include "tables/batch.hpp"
#include "tables/record.hpp"

namespace libbcda::fuzz {

FUZZ_TARGET(view, input) {
  const std::string_view definition = take_until(input, "\n");
  failure_of({Status::INVALID_ARGUMENT, Status::LIMIT}, [&] {
    tables::Projection projection;
    tables::View view(tables::parse_view_definition(definition), {}, projection);
    tables::RecordParser parser(projection);
    tables::BatchBuilder batches(view.columns(), {.rows = 1000});
    const auto hand_out = [&] {
      ArrowArray batch{};
      batches.take(batch);
      expect(batch.n_children == static_cast<std::int64_t>(view.columns().size()), "a batch has every column");
      for (std::int64_t i = 0; i < batch.n_children; ++i)
        expect(batch.children[i]->length == batch.length, "all columns have the same length");
      batch.release(&batch);
    };
    std::int64_t rows = 0;
    try {
      view.rows(parser.parse(input), [&](const std::vector<tables::Cell>& row) {
        batches.add(row);
        if (batches.full()) hand_out();
        if (++rows == 20'000) throw tables::RowError{"has enough rows"};
      });
    } catch (const tables::MalformedRecord&) {
    } catch (const tables::RowError& error) {
      expect(!error.what.empty() && is_clean(error.what), "a clean message");
    }
    hand_out();
    ArrowSchema schema{};
    tables::make_schema(view.columns(), {}, schema);
    schema.release(&schema);
  });
}

}  // namespace libbcda::fuzz
