// The journal of an output directory: OUT/.bcda/journal.ndjson, and journal-2.ndjson and so on. Each run that writes
// there has a journal of its own. A journal has one JSON line for each fact that a later run needs, and is only appended
// to. Each line has its number (`seq`) and a check sum (`check`).
//
// What an export writes, in this order:
//   intent    what it asks for; before anything is sent
//   kick-off  a kick-off is about to be sent       refused   its answer started no job
//   job       its job was accepted                 dead      the job failed or expired
//   manifest  the files with the pages of its manifest
//   part      a file under way, and what a later run needs to go on with it
//   download  the service began to give out a file; only where it counts
//   file      a verified file; before it gets its final name
//   tables    rows that were made of some of the files; before their parts get their final names
//   batch     several of these that came together, as one line
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulk/manifest.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::transfer {

// What tells a file from others, and where it goes.
struct FileIdentity {
  std::string path;  // relative to the directory: NAME, error/NAME or deleted/NAME
  std::string url;   // without its query, because that may be a credential
  std::string type;
  std::string source_id;  // see below
  std::string job;        // job_id() of its job; "": not known
};

// The record of a verified file. It is written to the journal before the file gets its final name.
struct FileRecord : FileIdentity {
  Facts facts;
};

// What is kept of a file under way.
enum class PartForm {
  plain,   // the file, as it is sent
  gcm,     // the plaintext of an encrypted file
  packed,  // gzip, as it is sent
};

// The record of a file under way.
struct PartRecord : FileIdentity {
  std::string bytes_file;  // in the work directory: the partial file, or the packed bytes as they came (gzip)
  PartForm form = PartForm::plain;
  std::string nonce;        // of an encrypted file, in hex
  std::string validator;    // the ETag or Last-Modified
  std::int64_t size = -1;   // of the file as it is sent; -1: not known
  std::string boot;         // the boot id of the machine that wrote it
  std::int64_t synced = 0;  // the bytes of `bytes_file` that survive a loss of power
};

// A page of a manifest that is kept in the work directory.
struct PageRecord {
  std::string file, url, sha256;
  std::int64_t files = -1;  // how many it lists; -1: an earlier version did not write that
};

// A part of a table: a file of rows.
struct TablePart {
  std::string table;
  std::string path;  // tables/TABLE/NUMBER.arrow
  std::int64_t rows = 0, bytes = 0;
  std::string sha256;
};

// The record of the tables that were made of some files. Its parts have all rows of these files.
struct TablesRecord {
  struct File {
    std::string sha256;
    bool is_replaced = false;  // each of its records is in some table, so that the file is not needed any more
  };
  std::string version;                // of the library, because another one may have other columns
  std::vector<std::string> tables;    // also those without rows, which have no part
  std::map<std::string, File> files;  // by path
  std::vector<TablePart> parts;
};

struct JobState {
  Instant kick_off{};             // when the first one was sent whose answer is not known
  int unanswered = 0;             // kick-offs since then that were not refused
  std::string status_url;         // "": the answer to its kick-off is not known
  bool is_adopted = false;        // another kick-off started it
  bool is_dead = false;           // it failed or expired, or its kick-off was refused
  std::vector<PageRecord> pages;  // of its whole manifest; {}: it is not at hand
};

// A short id of what tells a file from others of its name, in hex. For a file with a key that is its wrapped key. For
// one whose URL has a query it is the transactionTime of its job, because a signature in the query changes with each
// answer. If its manifest lists the name again, or has no transactionTime, the query counts too. "" for other files.
std::string source_id(const bulk::Entry& entry);

// The id as a receipt has it.
std::string source_member(const json::object& described);

// A short id of a job, in hex. "" for "".
std::string job_id(const std::string& status_url);

// What identifies the file that is fetched for this entry.
FileIdentity identity_of(const bulk::Entry& entry, std::string path, const std::string& status_url = "");
FileRecord record_of(const bulk::Entry& entry, std::string path, const Facts& facts,
                     const std::string& status_url = "");

// Whether the record belongs to this entry of a manifest. The ids must be equal and, for a file without a key, the URLs
// without their queries. An equal name is not enough, because another job may use the same name for another file.
bool is_of(const FileIdentity& record, const bulk::Entry& entry);

// The records, as JSON without `seq` and `check`.
json::object intent_record(const json::object& request);
json::object kick_off_record(const std::string& label, Instant now);
json::object refused_record(const std::string& label);
json::object job_record(const std::string& label, const std::string& status_url, bool is_adopted);
json::object dead_record(const std::string& label);
json::object manifest_record(const std::string& label, const std::vector<PageRecord>& pages);
json::object part_record(const PartRecord& record);
json::object download_record(const http::Url& url);  // without its query
json::object file_record(const FileRecord& record);
json::object tables_record(const TablesRecord& record);
json::object batch_record(const std::vector<json::object>& records);  // of other kinds
json::object describe(const TablePart& part);
std::optional<TablePart> read_part(const json::value& described);  // nullopt: that is not a part of a table

// A line of a journal, with its number and its check sum.
std::string journal_line(json::object record, std::int64_t seq);

// What the journals of a directory say. They are not trusted, because any process may have written them: paths outside
// of the directory are skipped, and the user of a URL checks its origin.
struct JournalState {
  std::optional<json::object> intent;       // of an export; nullopt: only fetches wrote here
  std::map<std::string, JobState> jobs;     // by label
  std::map<std::string, FileRecord> files;  // by path; the last record of a path counts
  std::map<std::string, PartRecord> parts;  // by path
  std::vector<TablesRecord> tables;         // in their order
  std::map<std::string, int> downloads;     // how often a file was given out, by its URL without query
  std::string damage;                       // what is wrong with a journal, and where; "": nothing

  bool empty() const { return !intent && jobs.empty() && files.empty() && parts.empty(); }
  std::size_t live_jobs() const;
  std::size_t files_of(const std::string& status_url) const;  // that were published
};

// Adds the records of one journal, in their order. What a crash left at the end of it (no line after it is whole) is
// dropped. Any other line with a wrong number or check sum is damage, and so is whole JSON with a wrong check sum.
void fold(JournalState& state, std::string_view text, const std::string& name);

// True for NAME, error/NAME and deleted/NAME.
bool is_own_path(const std::string& path);

// A part as Published takes it.
FileRecord record_of(const TablePart& part);

}  // namespace libbcda::transfer
