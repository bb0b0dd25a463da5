// A status line without a reason phrase. RFC 9112 section 4 asks for a blank after the code, and proxies leave it out.
#pragma once
#include <cstddef>
#include <string_view>

namespace libbcda::http {

constexpr std::size_t kStatusLineCode = 12;  // bytes of "HTTP/1.1 200"

enum class StatusLine {
  unfinished,   // so far it may become one without the blank: read on
  lacks_blank,  // "HTTP/1.1 200\r\n"
  other,        // anything else, right or wrong
};

// Whether an answer begins like a TLS alert (RFC 8446, section 5.1): the server was waiting for a TLS handshake.
bool is_tls_alert(std::string_view text);

// Looks at the beginning of an answer.
StatusLine look_at_status_line(std::string_view text);

}  // namespace libbcda::http
