// The files of a partition, one after the other: those of the service are fetched and verified, those at hand are
// compared with what the token says of them.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ndjson/records.hpp"
#include "partition/fetch.hpp"
#include "partition/token.hpp"
#include "runtime/session.hpp"
#include "tables/scan.hpp"

namespace libbcda::partition {

// For one thread at a time, but cancel() is thread-safe.
class Files {
 public:
  // `session`: null if all files are at hand. Throws Error{INVALID_ARGUMENT} if it is of another service.
  Files(std::shared_ptr<runtime::Session> session, Partition partition, Settings settings);
  ~Files();

  // The next file that may have resources of one of the types; {}: of any. nullopt after the last one. With
  // verify=before it is whole and verified. The file before must not be used any more. Throws what a fetch throws, and
  // Error{VERIFICATION} if a file at hand has changed; each later call throws the same.
  std::optional<tables::ScanFile> next(const std::vector<std::string>& types);

  // Ends a call of next() that fetches or verifies, with Error{CANCELED}.
  void cancel() noexcept;
  // Whether the process is exiting and this must not be destroyed, see World::abandoned.
  bool abandoned() const { return session_ && session_->world()->abandoned(); }

 private:
  std::optional<std::size_t> find(std::size_t from, const std::vector<std::string>& types) const;
  tables::ScanFile fetched(std::size_t number, const std::vector<std::string>& types);
  tables::ScanFile at_hand(const File& file) const;
  void drain(ndjson::Reader::Source source) const;
  void check_canceled() const;  // throws
  std::shared_ptr<Fetch> start(std::size_t number);
  bool may_fetch_ahead() const;
  bool streams() const { return settings_.text("verify") == "stream"; }
  std::optional<tables::Generation> generation_of(const File& file) const;

  std::shared_ptr<runtime::Session> session_;
  Partition partition_;
  Settings settings_;
  std::size_t at_ = 0;  // the file to look at next
  std::optional<Error> failure_;
  std::mutex mutex_;                        // of the two fetches
  std::shared_ptr<Fetch> current_, ahead_;  // null: none is under way
  std::atomic<bool> is_canceled_ = false;   // written with the mutex, so that no fetch starts afterwards
};

// For tables: they read the files of the types of their resources.
tables::Scan::Files scan_files(std::shared_ptr<Files> files, std::vector<std::string> types);
// For the records as they are.
ndjson::Records::Files record_files(std::shared_ptr<Files> files);

}  // namespace libbcda::partition
