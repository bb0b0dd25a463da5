// Percent-encoding, and bodies of the type application/x-www-form-urlencoded.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace libbcda::http {

// Encodes each byte as %XX, except letters, digits and "-._~" (RFC 3986, section 2.3). A blank becomes %20 and a plus
// becomes %2B, so that no server can confuse the two. The characters of `also` are kept too.
std::string percent_encode_query(std::string_view text, std::string_view also = "");

// Decodes %40 and the like. Returns nothing if an escape is broken.
std::optional<SecretBytes> percent_decode(std::string_view text);

// Returns "name=value&name=value", both encoded as above, in the given order. A name may occur more than once.
std::string form_body(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace libbcda::http
