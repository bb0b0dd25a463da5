// The receipt of an output directory, OUT/export.json: what it tells, written and read again.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

// A file that was verified and published.
struct FileResult {
  std::string type, url, path;
  std::string status_url;  // of its job; "" when a manifest was given
  transfer::Facts facts;
  bool is_error = false;
  std::string key_id;  // of its wrapped key, see transfer::key_id; "" when it came without one
};

// JSON of one file, as in a receipt.
std::string describe(const FileResult& file, const std::vector<std::string>& warnings);

// What a receipt says beside its files and jobs.
struct ReceiptFacts {
  Status status = Status::OK;
  std::string service;  // its origin
  std::string out;      // the directory, which the paths in the receipt are relative to; "": they stay as they are
  std::string transaction_time;
  Instant started{};
  Milliseconds elapsed{0};
  std::vector<std::string> warnings;
};
// `types` are the requested ones; none for a fetch, because a manifest does not name them.
std::string make_receipt(const ReceiptFacts& facts, const std::vector<FileResult>& files, json::array types,
                         json::array jobs);

// The earliest of RFC 3339 times as it was written; "" when none is one.
std::string earliest_time(const std::vector<std::string>& times);

// The receipt `newer` (JSON) of a fetch into the directory of `older` ("" when there was none): what was asked for, which a
// manifest does not say, is taken from there.
std::string merge_receipts(const std::string& older, const std::string& newer);

struct RunResult {
  std::vector<FileResult> files;  // by path
  std::string transaction_time;   // the earliest of the manifests
  Milliseconds elapsed{0};
  std::string receipt;             // JSON
  std::string manifest;            // JSON, a line each
  std::string metadata;            // JSON, the CapabilityStatement
  std::vector<std::string> types;  // the requested ones; none for a fetch
};

// The result that a receipt (JSON) tells, or the one in `directory`, whose path goes before those of the files. Throws
// FILESYSTEM.
RunResult read_receipt(const std::string& receipt, const std::string& directory);
RunResult open_receipt(const std::string& directory);

// Tells `space` which files the receipt in its directory lists, if there is one. Throws FILESYSTEM when it is no receipt.
void know_receipt(transfer::Workspace& space);

}  // namespace libbcda::runtime
