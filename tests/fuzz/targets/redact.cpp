// Credentials that a service repeats in its answer, which comes in pieces.
#include "http/redact.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

constexpr std::string_view kToken = "sesame/open+0123456789==";
constexpr std::string_view kSecret = "a \"quoted\" secret";
constexpr std::string_view kMark = "TOKEN", kSecretMark = "SECRET";

std::string with_credentials(std::string_view text) {
  std::string out(text);
  for (const auto& [mark, value] : {std::pair(kMark, kToken), std::pair(kSecretMark, kSecret)})
    for (std::size_t at = 0; (at = out.find(mark, at)) != out.npos; at += value.size())
      out.replace(at, mark.size(), value);
  return out;
}

}  // namespace

// TOKEN and SECRET in the input stand for the credentials.
FUZZ_TARGET(redact, input) {
  http::Request request;
  request.headers = {{"Authorization", "Bearer " + std::string(kToken)}};
  request.secrets.emplace_back(kSecret);
  const http::Redactor redactor(request);
  const std::string text = with_credentials(input);
  std::string whole = text;
  redactor.clean(whole);
  http::TextRedactor in_parts(redactor);
  std::string pieces;
  in_pieces(text, [&](std::string_view piece) { pieces += in_parts.feed(piece); });
  pieces += in_parts.finish();
  for (const std::string& cleaned : {whole, pieces})
    expect(cleaned.find(kToken) == cleaned.npos && cleaned.find(kSecret) == cleaned.npos, "no credential is left");
  expect(whole == pieces, "pieces are cleaned as the whole is");
}

}  // namespace libbcda::fuzz
