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
  void clean(std::string& text) const { clean(text, true); }
  void clean(Headers& headers) const;

 private:
  friend class TextRedactor;
  void clean(std::string& text, bool may_be_cut) const;
  std::size_t longest() const;  // bytes that one of them may take in a text

  std::vector<Secret> secrets_;  // a longer one before one that it holds
};

// The same for a text that arrives in pieces.
class TextRedactor {
 public:
  explicit TextRedactor(const Redactor& redactor) : redactor_(redactor) {}
  std::string feed(std::string_view piece);  // the text up to where credentials may begin that go on in the next piece
  std::string finish();

 private:
  const Redactor& redactor_;
  std::string held_;
};

}  // namespace libbcda::http
