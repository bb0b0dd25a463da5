// The state of a client handle: the service, its credentials and key, and the connections. Several sessions may share
// one world, and so its threads.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/token_source.hpp"
#include "base/error.hpp"
#include "bulk/manifest.hpp"
#include "crypto/key.hpp"
#include "files/file.hpp"
#include "http/client.hpp"
#include "profiles/service.hpp"
#include "settings/settings.hpp"
#include "world/world.hpp"

namespace libbcda::runtime {

class Session {
 public:
  // Checks the settings and loads the key; the network is not touched. Missing credentials are reported only when first
  // needed. `world`: the one to share; null makes one, whose number of threads the settings say. Throws
  // Error{INVALID_ARGUMENT, PRIVATE_KEY, FILESYSTEM, TLS, INTERNAL}.
  explicit Session(Settings settings, std::shared_ptr<world::World> world = nullptr);
  Session(const Session&) = delete;

  const Settings& settings() const { return settings_; }
  const Service& service() const { return service_; }
  const Profile& profile() const { return service_.profile; }
  const std::optional<crypto::PrivateKey>& private_key() const { return private_key_; }
  const std::vector<std::string>& warnings() const { return warnings_; }  // about the settings; a run reports them
  http::Client& http() { return *http_; }
  const auth::Login& login() const { return tokens_->login(); }  // credentials may be missing in it
  auth::TokenSource& tokens();  // throws Error{INVALID_ARGUMENT} when a credential that the service wants is missing
  const std::shared_ptr<world::World>& world() const { return world_; }

  // Whether files may be fetched from there.
  bool allows(const http::Url& url) const;
  // Continues a message about a file that is on an origin from which files may not be fetched.
  std::string remedy_for_other_origins() const;

 private:
  std::shared_ptr<world::World> world_;  // destroyed last, because the other members use it
  Settings settings_;
  Service service_;
  std::vector<http::Url> file_origins_;  // that files may come from, besides the service's
  std::optional<crypto::PrivateKey> private_key_;
  std::unique_ptr<http::Client> http_;
  std::string missing_credential_;
  std::unique_ptr<auth::TokenSource> tokens_;
  std::vector<std::string> warnings_;
};

// Loads the private key that the settings name, if they name one.
std::optional<crypto::PrivateKey> load_private_key(const Settings& settings);

// Returns the key of a file; nullopt: it is not encrypted. Thread-safe. Throws what transfer::key_of throws.
using KeyOf = std::function<std::optional<crypto::FileKey>(const bulk::Entry&)>;

// Unwraps the keys with the private key of the session. The session and the settings must outlive the result.
KeyOf key_source(const Session& session, const Settings& settings);

files::Durability durability(const Settings& settings);

// Sends a request with the token, and once more with a new one if the service refuses that token.
Task<http::Answer> send_with_token(Session& session, http::Request request, std::size_t max_bytes);

}  // namespace libbcda::runtime
