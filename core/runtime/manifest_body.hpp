// The body of an answer that is a manifest: read as it arrives, parsed by a worker.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "bulk/manifest.hpp"
#include "http/client.hpp"
#include "runtime/session.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

struct ManifestBody {
  std::shared_ptr<const bulk::Manifest> manifest;
  std::optional<Error> malformed;  // why there is no manifest
  std::string beginning;           // of the body
};

// Reads the manifest that came from `base`. A large one is kept in the workspace, and in memory if that is null. `kept`:
// the bytes of its other pages, because max_manifest_bytes counts all of them. Each 8 MiB must arrive within
// request_timeout, and the rest too. Throws Error{NETWORK, TIMEOUT, PROTOCOL} of the connection, Error{LIMIT} if the
// manifest is too large, and Error{FILESYSTEM} of the workspace.
Task<ManifestBody> receive_manifest(Session& session, transfer::Workspace* workspace, http::Response& response,
                                    const http::Url& base, std::size_t kept = 0);

}  // namespace libbcda::runtime
