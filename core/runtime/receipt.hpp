// The receipt of an output directory, OUT/export.json: what it tells, written and read again.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "files/directory.hpp"
#include "runtime/file_list.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

// JSON of one file, as in a receipt.
std::string describe(const FileResult& file, const std::vector<std::string>& warnings);

// What a receipt says beside its files.
struct ReceiptFacts {
  Status status = Status::OK;
  std::string service;  // its origin
  std::string out;      // the directory, which the paths in the receipt are relative to; "": they stay as they are
  std::string transaction_time;
  Instant started{};
  Milliseconds elapsed{0};
  std::vector<std::string> warnings;
  json::array types;  // the requested ones; none for a fetch, because a manifest does not name them
  json::array jobs;
};
// The receipt goes to `append` in pieces, because the receipt of a large export is long.
using Append = files::Directory::Append;
void write_receipt(const ReceiptFacts& facts, const FileList& files, const Append& append);
std::string make_receipt(const ReceiptFacts& facts, const FileList& files);

// The earliest of RFC 3339 times as it was written; "" when none is one.
std::string earliest_time(const std::vector<std::string>& times);

// For a fetch into a directory that has the receipt `older` (JSON; "": none): takes from there what was asked for, which a
// manifest does not say. Throws FILESYSTEM when `older` is no receipt.
void adopt_request(ReceiptFacts& facts, const std::string& older);

struct RunResult {
  std::shared_ptr<const FileList> files;  // by path
  std::string transaction_time;           // the earliest of the manifests
  Milliseconds elapsed{0};
  std::vector<std::string> types;  // the requested ones; none for a fetch
  std::string metadata;            // JSON, the CapabilityStatement
  // Long texts, which are made when they are asked for. Thread-safe. They may wait for the disk.
  std::function<std::string()> receipt = [] { return std::string(); };   // JSON
  std::function<std::string()> manifest = [] { return std::string(); };  // JSON, a line each
};

// The result that a receipt (JSON) tells, or the one in `directory`, whose path goes before those of the files. Throws
// FILESYSTEM.
RunResult read_receipt(const std::string& receipt, const std::string& directory);
RunResult open_receipt(const std::string& directory);

// Tells `space` which files the receipt in its directory lists, if there is one. Throws FILESYSTEM when it is no receipt.
void know_receipt(transfer::Workspace& space);

}  // namespace libbcda::runtime
