// The receipt of an output directory, OUT/export.json: its content, written and read.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "bulk/issues.hpp"
#include "files/directory.hpp"
#include "runtime/file_list.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

// JSON of one file, as in a receipt.
std::string describe(const FileResult& file, const std::vector<std::string>& warnings);

// The content of a receipt without its files.
struct ReceiptFacts {
  Status status = Status::OK;
  std::string service;  // its origin
  std::string
      out;  // the directory that the paths in the receipt are relative to; "": the paths are written as they are
  std::string transaction_time;
  Instant started{};
  Milliseconds elapsed{0};
  std::vector<std::string> warnings;
  json::object request;  // what was asked for (bulk::describe_wish); empty: not known
  std::string since;     // the earliest time of the changes that were asked for; "": everything
  json::array types;     // the requested ones; none for a fetch, because a manifest does not name them
  json::array jobs;
  bulk::IssueCounts issues;     // of the error files
  json::array tables;           // the parts of tables that were made while it exported
  std::vector<bool> in_tables;  // by file: these parts have its rows, so it was removed or may be; empty: none
};
// The receipt goes to `append` in pieces, because the receipt of a large export is long.
using Append = files::Directory::Append;
void write_receipt(const ReceiptFacts& facts, const FileList& files, const Append& append);
std::string make_receipt(const ReceiptFacts& facts, const FileList& files);

// The earliest of RFC 3339 times, as it was written; "" if none of the texts is such a time.
std::string earliest_time(const std::vector<std::string>& times);

// For a fetch into a directory with the receipt `older` (JSON; "": none). Takes the requested types and the jobs from
// there, because a manifest does not have them. Throws FILESYSTEM if `older` is no receipt.
void adopt_request(ReceiptFacts& facts, const std::string& older);

struct RunResult {
  std::shared_ptr<const FileList> files;  // by path
  std::string transaction_time;           // the earliest of the manifests
  Instant started{};                      // of a receipt
  Milliseconds elapsed{0};
  std::vector<std::string> types;                 // the requested ones; none for a fetch
  json::object request;                           // bulk::describe_wish; empty: not known
  json::array jobs{};                             // of a receipt
  std::vector<transfer::TablePart> parts{};       // of a receipt
  std::string service, since;                     // as in ReceiptFacts
  std::string directory;                          // where the files are; "": a sink has them, or there are none
  std::string metadata;                           // JSON, the CapabilityStatement
  std::string answer;                             // JSON, of a run for metadata or of an inquiry
  std::optional<bulk::IssueCounts> issue_counts;  // nullopt: those of `issues`
  // The issues of the error files. Thread-safe. It may read the files.
  std::function<bulk::IssueList()> issues = [] { return bulk::IssueList(); };
  // Long texts, which are made when they are asked for. Thread-safe. They may wait for the disk.
  std::function<std::string()> receipt = [] { return std::string(); };   // JSON
  std::function<std::string()> manifest = [] { return std::string(); };  // JSON, a line each
};

// The result that a receipt describes: of a JSON text, or of the receipt in `directory`. The paths of the files begin
// with `directory`. Throws FILESYSTEM.
RunResult read_receipt(const std::string& receipt, const std::string& directory);
RunResult open_receipt(const std::string& directory);

// Adds the files of the receipt in the directory of `space`, if there is one. Throws FILESYSTEM if it is no receipt.
void know_receipt(transfer::Workspace& space);

}  // namespace libbcda::runtime
