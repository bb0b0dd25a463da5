// What a service answers about a job. A manifest is read as it arrives and parsed by a worker.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "bulk/job.hpp"
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

// One answer about a job.
struct Heard {
  http::Answer answer;
  ManifestBody body;             // a manifest is here, and any other text in the answer
  std::optional<Error> failure;  // the answer did not come, or not wholly
  http::Reach reach = http::Reach::unsent;
};

// Sends a request of the job, a kick-off or a status request, and reads the answer. Throws Error{CANCELED}, and
// Error{FILESYSTEM} of the workspace. Other failures are for the job to judge.
Task<> hear(Session& session, transfer::Workspace* workspace, const bulk::Job& job, http::Request request,
            Heard& heard);
// Reports the answer to the job. May wait for the disk.
void tell(bulk::Job& job, Heard& heard, Moment now);

}  // namespace libbcda::runtime
