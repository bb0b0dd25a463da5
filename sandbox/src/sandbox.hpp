// A running sandbox, with its credentials, temporary files and server.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "options.hpp"
#include "server.hpp"
#include "service.hpp"
#include "world/threads.hpp"

namespace libbcda::sandbox {

// A private directory that is removed with all its files on destruction.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& base);  // created in `base`; "": TMPDIR, or else /tmp
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string write(const std::string& name, std::string_view text) const;  // with mode 0600; returns the path
  void remove() const noexcept;

 private:
  std::string path_;
};

class Sandbox {
 public:
  explicit Sandbox(Options options);

  Service& service() { return *service_; }
  const Service& service() const { return *service_; }

  std::string url, client_id, client_secret, private_key, ca_file, signing_key, json;
  std::vector<std::pair<std::string, std::string>> settings;  // of a client

 private:
  std::string make_public_key(const Options& options);
  Registration make_login(Options& options);
  void make_settings(const Options& options, const Registration& client);
  void end();

  TemporaryDirectory directory_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;  // declared after the service, so that it stops first
  world::StopAtExit at_exit_{[this] { end(); }};
};

}  // namespace libbcda::sandbox
