// The temporary certificate authority of one sandbox, and its server certificate.
#pragma once
#include <string>

namespace libbcda::sandbox {

struct Certificates {
  std::string ca;          // PEM; the client must trust it
  std::string server;      // PEM
  std::string server_key;  // PEM
};

// Makes certificates for localhost, 127.0.0.1, ::1 and `host`. Both keys are EC P-256, because those are generated in a
// millisecond.
Certificates make_certificates(const std::string& host);

}  // namespace libbcda::sandbox
