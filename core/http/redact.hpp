// Takes a request's credentials out of its answer: a server may repeat them in a text, and texts are shown.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "http/message.hpp"

namespace libbcda::http {

class Redactor {
 public:
  // Knows the Authorization header of `request`: the whole value, the credentials alone and, with Basic, what they
  // decode to and the secret in it. Credentials of fewer than 8 bytes are looked for in the whole value only, because
  // so short a text may stand anywhere.
  explicit Redactor(const Headers& request);

  // Replaces each of them in `text`, whether it stands as it is or behind JSON's or a URL's escapes. The beginning of one
  // at the text's end counts too, because the text may have been cut there.
  void clean(std::string& text) const;
  void clean(Headers& headers) const;

 private:
  std::vector<Secret> secrets_;  // a longer one before one that it holds
};

}  // namespace libbcda::http
