// Recognizes a status line without a reason phrase. RFC 9112 section 4 requires a blank after the code, but some
// proxies omit it.
#pragma once
#include <cstddef>
#include <string_view>

namespace libbcda::http {

constexpr std::size_t kStatusLineCode = 12;  // bytes of "HTTP/1.1 200"

enum class StatusLine {
  unfinished,   // more bytes are needed to decide
  lacks_blank,  // "HTTP/1.1 200\r\n"
  other,        // anything else, valid or not
};

// Whether an answer starts like a TLS alert (RFC 8446, section 5.1). Then the server expected a TLS handshake.
bool is_tls_alert(std::string_view text);

// Classifies the start of an answer.
StatusLine look_at_status_line(std::string_view text);

}  // namespace libbcda::http
