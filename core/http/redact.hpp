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
  // Collects the secrets of the Authorization header of `request`: the whole value, and the credentials alone. With
  // Basic, also the decoded credentials, and the client secret in them. A secret of fewer than 8 bytes is ignored,
  // because so short a text may occur anywhere.
  explicit Redactor(const Headers& request);

  // Replaces each secret in `text`, plain or with the escapes of JSON or of a URL. At the end of the text, the start of
  // a secret is replaced too, because the text may have been truncated there.
  void clean(std::string& text) const;
  void clean(Headers& headers) const;

 private:
  std::vector<Secret> secrets_;  // a secret that contains another one comes first
};

}  // namespace libbcda::http
