// The body of an answer that is a manifest: read as it arrives, parsed by a worker.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "bulk/manifest.hpp"
#include "http/client.hpp"
#include "world/workers.hpp"

namespace libbcda::runtime {

struct ManifestBody {
  std::shared_ptr<const bulk::Manifest> manifest;
  std::optional<Error> malformed;  // why there is no manifest
  std::string beginning;           // of the body
};

struct ManifestLimits {
  std::size_t bytes;
  Milliseconds patience;  // 8 MiB, or the rest, must arrive in this time
};

// Throws Error{NETWORK, TIMEOUT, PROTOCOL} of the connection, Error{LIMIT} if the manifest is too large, and
// Error{FILESYSTEM} of the spool.
Task<ManifestBody> receive_manifest(http::Response& response, const http::Url& base, files::Spool spool,
                                    ManifestLimits limits, world::Workers& workers);

}  // namespace libbcda::runtime
