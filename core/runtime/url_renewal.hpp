// New URLs for files whose URLs have expired: the manifest is asked for again while the job lives (Bulk Data IG 3.0,
// "Response - Complete Status"; signed URLs of object stores).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bulk/manifest.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/session.hpp"

namespace libbcda::runtime {

// Thread-safe.
class UrlRenewal {
 public:
  UrlRenewal(Session& session, world::World& world) : session_(session), world_(world) {}

  // Whether the URL of the file may expire before its job does: it has a query, or is on another origin.
  bool may_help(const FileTask& task) const;
  // The file's URL as the manifest has it now; `refused` is the one that was refused. nullopt: the manifest did not
  // come, or does not clearly list the file. A manifest that came for another file is used again. Throws
  // Error{CANCELED}.
  Task<std::optional<http::Url>> ask(const FileTask& task, const http::Url& refused);

 private:
  std::optional<http::Url> known(const FileTask& task) const;
  Task<std::shared_ptr<const bulk::Manifest>> fetch(const http::Url& page);

  Session& session_;
  world::World& world_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const bulk::Manifest>> pages_;  // the newest ones, by URL
};

}  // namespace libbcda::runtime
