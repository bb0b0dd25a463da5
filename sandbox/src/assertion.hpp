// The key pair of a client, and the verification of its assertions (SMART App Launch 2.2.0, "Backend Services").
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace libbcda::sandbox {

struct SigningPair {
  std::string private_pem, public_pem;
};

// `algorithm`: RS384 or ES384. An RSA pair is made once for all sandboxes of the process.
SigningPair make_signing_pair(std::string_view algorithm);

// What a server knows about a client.
struct Registration {
  std::string client_id, key_id, public_pem, algorithm;
};

struct Verdict {
  std::string error, description;  // of OAuth; "": the assertion is good
  bool no_expiry = false;          // it has no `exp`
  std::int64_t seconds_left = 0;
  std::string id;  // its `jti`
};

// `audience`: the URL of the token endpoint.
Verdict verify(std::string_view assertion, const Registration& client, const std::string& audience, Time now);

}  // namespace libbcda::sandbox
