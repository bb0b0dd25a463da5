#include "ndjson/counter.hpp"

#include <cstring>

namespace libbcda::ndjson {

void Counter::update(ByteView bytes) {
  const auto* at = bytes.data();
  const auto* end = at + bytes.size();
  while (at < end) {
    const auto* newline = static_cast<const std::uint8_t*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const auto* stop = newline ? newline : end;
    for (; !content_ && at < stop; ++at) content_ = *at != ' ' && *at != '\t' && *at != '\r';
    if (!newline) return;
    records_ += content_;
    content_ = false;
    at = newline + 1;
  }
}

}  // namespace libbcda::ndjson
