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

// Each 8 MiB must arrive within request_timeout, and the rest too. Throws Error{NETWORK, TIMEOUT, PROTOCOL} of the connection, Error{LIMIT} if the manifest is too large, and
// Error{FILESYSTEM} of the spool.
Task<ManifestBody> receive_manifest(http::Response& response, const http::Url& base, files::Spool spool,
                                    std::size_t max_bytes, world::Workers& workers);

}  // namespace libbcda::runtime
