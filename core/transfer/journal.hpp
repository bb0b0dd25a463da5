// The journal of an output directory, OUT/.bcda/journal.ndjson: one JSON line for each thing that a later run must know.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bulk/manifest.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::transfer {

// A verified file. Its record is in the journal before its name is in the directory.
struct FileRecord {
  std::string path;  // relative to the directory: NAME or error/NAME
  std::string url;   // without its query, which may be a credential
  std::string type;
  std::string key_id;  // of its wrapped key; "" when it came without one
  Facts facts;
};

// A short name for a wrapped key (hex): the start of its SHA-256. "" for "".
std::string key_id(std::string_view encrypted_key);

// Whether the record is of this entry of a manifest: the same key or, for a plain file, the same URL without its query. The
// name alone says nothing, because another job may give it to another file.
bool is_of(const FileRecord& record, const bulk::Entry& entry);

std::string job_line(const std::string& type, const std::string& status_url);
std::string dead_line(const std::string& status_url);
std::string file_line(const FileRecord& record);

// What a journal says. Anybody may have written it: a line that is not ours, or was cut by a crash, is skipped, and so is a
// path that leads elsewhere.
struct JournalState {
  std::map<std::string, FileRecord> files;  // by path; the last record counts
  std::set<std::string> jobs;               // the status URLs of those that are not said to be dead
};
JournalState read_journal(const std::string& text);

// True for NAME and error/NAME.
bool is_own_path(std::string_view path);

inline constexpr std::string_view kErrorPrefix = "error/";

}  // namespace libbcda::transfer
