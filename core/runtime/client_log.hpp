// The lines of log.ndjson. Its format is the one of other bulk data clients, so downstream tools can read it. The
// export id of a job is its status URL. The log has no bodies and no names of beneficiaries.
#pragma once
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "bulk/manifest.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::runtime::client_log {

std::string kick_off(const std::string& export_id, const std::string& url, Instant now);
std::string status_progress(const std::string& export_id, const std::string& progress, Instant now);
// A line for the job and one for each page of its manifest.
std::string status_complete(const std::string& export_id, const bulk::Manifests& pages, Instant now);
std::string status_error(const std::string& export_id, const Error& error, Instant now);
std::string manifest_complete(const std::string& export_id, const bulk::Manifests& pages, Instant now);
std::string download_request(const std::string& export_id, const bulk::Entry& entry, Instant now);
std::string download_complete(const std::string& export_id, const bulk::Entry& entry, const transfer::Facts& facts,
                              Instant now);
std::string download_error(const std::string& export_id, const bulk::Entry& entry, const Error& error, Instant now);
std::string export_complete(const std::string& export_id, std::int64_t files, std::int64_t bytes, Milliseconds duration,
                            Instant now);

}  // namespace libbcda::runtime::client_log
