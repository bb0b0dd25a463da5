// Removes a request's credentials from its answer. A server may repeat them in a text, and texts are shown to users.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "http/message.hpp"

namespace libbcda::http {

class Redactor {
 public:
  // Collects the secrets of `request`: those of its body and its URL (Request::secrets, url_secrets), and those of the
  // Authorization and
  // Proxy-Authorization headers, which are the whole value, and the credentials alone. With Basic, also the decoded
  // credentials, and the client secret in them. A secret of fewer than 8 bytes is ignored, because so short a text may
  // occur anywhere.
  explicit Redactor(const Request& request);

  // Replaces each secret in `text`, plain or with the escapes of JSON or of a URL. At the end of the text, the start of
  // a secret is replaced too, because the text may have been truncated there.
  void clean(std::string& text) const { clean(text, true); }
  void clean(Headers& headers) const;  // secrets of the URL stay in Location

 private:
  friend class TextRedactor;
  static void clean(std::string& text, const std::vector<Secret>& secrets, bool may_be_cut);
  void clean(std::string& text, bool may_be_cut) const;
  std::size_t longest() const;  // the most bytes that a secret takes in a text, with escapes

  std::vector<Secret> secrets_, url_secrets_;  // a secret that contains another one comes first
};

// The same for a text that arrives in pieces.
class TextRedactor {
 public:
  explicit TextRedactor(const Redactor& redactor) : redactor_(redactor) {}
  // Returns the text so far, without its end, because credentials may begin there and continue in the next piece.
  std::string feed(std::string_view piece);
  std::string finish();

 private:
  const Redactor& redactor_;
  std::string held_;
};

}  // namespace libbcda::http
