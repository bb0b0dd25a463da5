// Fetches one file: from its URL through decryption and verification to its final name.
#pragma once
#include <functional>
#include <mutex>
#include <optional>

#include "runtime/file_body.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/outcome.hpp"
#include "runtime/output.hpp"
#include "runtime/reporter.hpp"
#include "runtime/session.hpp"
#include "runtime/url_renewal.hpp"
#include "transfer/download.hpp"

namespace libbcda::runtime {

// Finds out whether the private key is the registered one. If it opens none of the first files, it will open no other.
// A single file may have a bad key, so the judgment needs three files, or all if there are fewer. Thread-safe.
class KeyTrial {
 public:
  void opened();
  // `files`: how many there are; -1: more may come.
  void refused(std::int64_t files);
  bool is_wrong() const;

 private:
  mutable std::mutex mutex_;
  std::int64_t opened_ = 0, refused_ = 0;
  bool wrong_ = false;
};

// Thread-safe: each file is fetched by a call of its own, on the strand of its coroutine.
class FileWorker {
 public:
  // `refused` is called for each answer 429; `waits_for_disk` with true when a file is verified and waits for the disk, and
  // with false after that.
  FileWorker(Session& session, world::World& world, const Settings& settings, const Output& output, Reporter& reporter,
             const Outcome& outcome, KeyOf key_of, std::function<void()> refused,
             std::function<void(bool)> waits_for_disk);

  // How much the run has to do.
  struct Load {
    std::int64_t files = -1;      // of the run; -1: more may come
    std::size_t downloading = 1;  // how many of them are downloaded now, with this one
  };
  // Loads the entry, and fetches, verifies and publishes its file. One that an earlier run published is taken as it is.
  // Throws Error.
  Task<FileResult> fetch(FileTask& task, const Load& load);
  const KeyTrial& keys() const { return keys_; }

 private:
  // What is known of a file before it is requested.
  struct Ready {
    std::optional<FileResult> earlier;  // an earlier run published it
    std::optional<crypto::FileKey> key;
    std::optional<Error> no_key;  // why it cannot be opened
  };
  Ready get_ready(FileTask& task);
  std::optional<FileResult> find_earlier(const FileTask& task);
  bool is_still(const transfer::FileRecord& record, bool is_there) const;
  Task<FileResult> download(const FileTask& task, const std::optional<crypto::FileKey>& key, std::size_t block_size);
  Task<> download(const FileTask& task, const std::optional<crypto::FileKey>& key, FileBody& body, FileResult& result);
  Task<bool> attempt(const FileTask& task, const std::optional<crypto::FileKey>& key, transfer::Download& download,
                     http::Request request, FileBody& body, FileResult& result);
  Task<> finish(FileBody& body, const FileBody::Check& check, const FileBody::Commit& publish);
  Task<> begin(const FileTask& task, const std::optional<crypto::FileKey>& key, const http::Response& response,
               const transfer::Download& download, FileBody& body);
  Task<> go_on(const FileTask& task, const std::optional<crypto::FileKey>& key, transfer::Download& download,
               FileBody& body);
  FileBody::Start start_of(const FileTask& task, transfer::Coding coding, std::int64_t expected,
                           const transfer::Download::Held& held) const;
  Task<> note_download(const bulk::Entry& entry);
  Task<transfer::Download::Body> accept(http::Response& response, transfer::Download& download);
  Task<> renew_url(const FileTask& task, transfer::Download& download);
  bool contradicts(const bulk::Entry& entry, const transfer::Facts& earlier) const;
  void check_proof(const bulk::Entry& entry, transfer::Proof proof, bool delimited) const;
  void check_content(const FileTask& task, const transfer::Decoder& decoder, const transfer::Facts& facts);
  std::string commit(const FileTask& task, transfer::Writer& writer, const transfer::Facts& facts);
  void check_origin(const bulk::Entry& entry) const;

  Session& session_;
  world::World& world_;
  const Settings& settings_;
  const Output& output_;
  Reporter& reporter_;
  const Outcome& outcome_;
  KeyOf key_of_;
  std::function<void()> refused_;
  std::function<void(bool)> waits_for_disk_;
  transfer::DownloadOptions options_;
  transfer::Proof required_proof_;
  UrlRenewal renewal_;
  KeyTrial keys_;
};

}  // namespace libbcda::runtime
