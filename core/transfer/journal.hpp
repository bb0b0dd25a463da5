// The journal of an output directory, OUT/.bcda/journal.ndjson. It has one JSON line for each fact that a later run
// needs.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bulk/manifest.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::transfer {

// The record of a verified file. It is written to the journal before the file gets its final name.
struct FileRecord {
  std::string path;  // relative to the directory: NAME, error/NAME or deleted/NAME
  std::string url;   // without its query, because that may be a credential
  std::string type;
  std::string source_id;  // see below
  Facts facts;
};

// A short id of what tells a file from others of its name, in hex. For a file with a key that is its wrapped key. For
// one whose URL has a query it is the transactionTime of its job, because a signature in the query changes with each
// answer. If its manifest lists the name again, or has no transactionTime, the query counts too. "" for other files.
std::string source_id(const bulk::Entry& entry);

// The id as a journal or a receipt has it.
std::string source_member(const json::object& described);

// The record of a file that was fetched for this entry.
FileRecord record_of(const bulk::Entry& entry, std::string path, const Facts& facts);

// Whether the record belongs to this entry of a manifest. The ids must be equal and, for a file without a key, the URLs
// without their queries. An equal name is not enough, because another job may use the same name for another file.
bool is_of(const FileRecord& record, const bulk::Entry& entry);

std::string job_line(const std::string& type, const std::string& status_url);
std::string dead_line(const std::string& status_url);
std::string file_line(const FileRecord& record);
std::string download_line(const http::Url& url);  // without its query

// The content of a journal. It is not trusted, because any process may have written it. Unknown lines, lines that a
// crash truncated, and paths outside the directory are skipped.
struct JournalState {
  std::map<std::string, FileRecord> files;  // by path; the last record of a path counts
  std::map<std::string, int> downloads;     // how often a file was given out, by its URL without query
  std::set<std::string> jobs;               // the status URLs of jobs that are not recorded as dead
};
JournalState read_journal(const std::string& text);

// True for NAME, error/NAME and deleted/NAME.
bool is_own_path(const std::string& path);

}  // namespace libbcda::transfer
