// A receipt, which another process may have changed.
#include "runtime/receipt.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {

FUZZ_TARGET(receipt, input) {
  const std::string text(input);
  failure_of({Status::FILESYSTEM}, [&] {
    const auto result = runtime::read_receipt(text, "out");
    for (std::size_t i = 0; i < result.files->size(); ++i) {
      const runtime::StoredFile& file = (*result.files)[i];
      const std::string path = file.path();
      expect(path.starts_with("out/") && (path + "/").find("/../") == path.npos, "a path stays in the directory");
      expect(file.bytes() >= 0 && file.records() >= 0, "counts are not negative");
    }
    expect(result.receipt() == text, "the receipt is the text");
    runtime::ReceiptFacts facts;
    runtime::adopt_request(facts, text);
    const auto again = runtime::read_receipt(runtime::make_receipt(facts, *result.files), "");
    expect(again.files->size() == result.files->size(), "it lists the same files when it is written again");
  });
}

}  // namespace libbcda::fuzz
