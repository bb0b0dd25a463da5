// New URLs for files whose URLs have expired: the manifest is asked for again while the job lives (Bulk Data IG 3.0,
// "Response - Complete Status"; signed URLs of object stores).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulk/manifest.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/session.hpp"
#include "transfer/workspace.hpp"
#include "world/wakeup.hpp"

namespace libbcda::runtime {

// Thread-safe.
class UrlRenewal {
 public:
  // `workspace`: where large manifests are kept; null: in memory.
  UrlRenewal(Session& session, transfer::Workspace* workspace) : session_(session), workspace_(workspace) {}

  // Whether the URL of the file may expire before its job does: it has a query, or is on another origin.
  bool may_help(const FileTask& task) const;
  // The file's URL as the manifest has it now; `refused` is the one that was refused. nullopt: the manifest did not
  // come, or does not clearly list the file. Files that ask at the same time share a request, and a manifest that came
  // for another file is used again. Throws Error{CANCELED}.
  Task<std::optional<http::Url>> ask(const FileTask& task, const http::Url& refused);

 private:
  // A page of a manifest.
  struct Page {
    std::shared_ptr<const bulk::Manifest> newest;  // null: none has come
    bool is_asked_for = false;
    std::vector<std::shared_ptr<world::Wakeup>> waiting;
  };
  struct Asking;
  std::shared_ptr<world::Wakeup> join(const http::Url& page, const asio::any_io_executor& executor);
  Task<std::optional<http::Url>> ask_for(const http::Url& page, const FileTask& task);
  std::optional<http::Url> known(const FileTask& task) const;
  Task<std::shared_ptr<const bulk::Manifest>> fetch(const http::Url& page);

  Session& session_;
  transfer::Workspace* workspace_;
  mutable std::mutex mutex_;
  std::map<std::string, Page> pages_;  // by URL
};

}  // namespace libbcda::runtime
