#include "sandbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"
#include "crypto/key.hpp"
#include "dialects.hpp"
#include "files/file.hpp"
#include "oauth.hpp"
#include "random.hpp"

namespace libbcda::sandbox {
namespace {

constexpr std::size_t kSecretBytes = 40;  // 80 hex digits
constexpr std::size_t kMostPem = 64 << 10;

// One temporary key pair for all sandboxes of the process, because generating it takes longer than the rest of the
// start.
const crypto::PrivateKey& throwaway_pair() {
  static const auto* pair = new crypto::PrivateKey(crypto::PrivateKey::generate());
  return *pair;
}

std::string default_base() {
  const char* base = std::getenv("TMPDIR");
  return base && *base ? base : "/tmp";
}

// A client knows the version by this path. The service of 2019 is named by its origin alone.
std::string base_path(Profile profile) {
  if (const bulk::Dialect* dialect = bulk::dialect_of(profile)) return dialect->base;
  constexpr const char* paths[] = {"", "/api/v1", "/api/v2", "/api/v3"};
  return paths[static_cast<int>(profile)];
}

std::string url_of(const Options& options, int port) {
  bool bare_v6 = options.host.find(':') != std::string::npos && options.host.front() != '[';
  std::string host = bare_v6 ? "[" + options.host + "]" : options.host;
  return (options.tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory(const std::string& base) {
  path_ = (base.empty() ? default_base() : base) + "/bcda-sandbox-XXXXXX";
  if (!::mkdtemp(path_.data()))  // mode 0700
    throw Error(Status::FILESYSTEM, "the sandbox could not make a directory in " + path_.substr(0, path_.rfind('/')));
}

TemporaryDirectory::~TemporaryDirectory() { remove(); }

void TemporaryDirectory::remove() const noexcept {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, std::string_view text) const {
  std::string path = path_ + "/" + name;
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ok = ::close(fd) == 0 && ok;
  if (!ok) throw Error(Status::FILESYSTEM, "the sandbox could not write " + path);
  return path;
}

// The key of files, which is temporary unless one is given. Only the service of 2019 encrypts.
std::string Sandbox::make_public_key(const Options& options) {
  if (options.public_key.empty()) {
    if (options.profile == Profile::bcda_2019)
      private_key = directory_.write("private.pem", throwaway_pair().private_pem());
    return throwaway_pair().public_pem();
  }
  std::string public_key = files::read_file(options.public_key, kMostPem, "public key");
  crypto::wrap_file_key(crypto::FileKey(), public_key, "trial");  // fails now, not during a job
  return public_key;
}

// Credentials of the kind that the service takes. The others stay empty for the client.
Registration Sandbox::make_login(Options& options) {
  if (options.client_id.empty()) options.client_id = random_uuid();
  if (options.client_secret.empty()) options.client_secret = to_hex(random_bytes(kSecretBytes));
  const bulk::Dialect* dialect = bulk::dialect_of(options.profile);
  const bulk::Login login = dialect ? dialect->login : bulk::Login::form;
  if (login != bulk::Login::none) client_id = options.client_id;
  if (login == bulk::Login::form) client_secret = options.client_secret;
  if (login != bulk::Login::smart) return {};
  const SigningPair pair = make_signing_pair(options.signing_algorithm);
  signing_key = directory_.write("signing.pem", pair.private_pem);
  return {client_id, random_uuid(), pair.public_pem, options.signing_algorithm};
}

void Sandbox::make_settings(const Options& options, const Registration& client) {
  const bulk::Dialect* dialect = bulk::dialect_of(options.profile);
  const bool at_group = dialect && !dialect->system && !dialect->patient;
  const bool has_choice = dialect && dialect->system && dialect->patient;
  const bool has_own_token_url = dialect && dialect->login == bulk::Login::form;
  const std::string origin = url_of(options, server_->port());
  const bool redirects = std::any_of(options.faults.begin(), options.faults.end(),
                                     [](const Fault& fault) { return fault.kind == FaultKind::redirect_away; });
  const bool uses_storage = redirects || options.signed_urls.count() > 0;
  settings = {
      {"url", url},
      {"profile", dialect ? dialect->name : ""},
      {"client_id", client_id},
      {"client_secret", client_secret},
      {"private_key", private_key},
      {"ca_file", ca_file},
      {"signing_key", signing_key},
      {"key_id", client.key_id},
      {"token_url", has_own_token_url ? bulk::token_url(*dialect, origin) : ""},
      {"level", has_choice ? "patient" : ""},
      {"group", at_group ? dialect->group : ""},
      {"allowed_origins", uses_storage ? service_->storage_origin() : ""},
  };
  constexpr std::array<std::string_view, 5> always{"url", "client_id", "client_secret", "private_key", "ca_file"};
  for (const auto& [name, value] : settings)
    if (!value.empty() || std::find(always.begin(), always.end(), name) != always.end())
      json += (json.empty() ? "{\"" : ",\"") + name + "\":" + json_string(value);
  json += "}";
  std::erase_if(settings, [](const auto& setting) { return setting.second.empty(); });
}

Sandbox::Sandbox(Options options) : directory_(options.directory) {
  const Registration client = make_login(options);
  std::string public_key = make_public_key(options);
  Certificates certificates;
  if (options.tls) {
    certificates = make_certificates(options.host);
    ca_file = directory_.write("ca.pem", certificates.ca);
  }
  service_ = std::make_unique<Service>(options, std::move(public_key), client);
  server_ = std::make_unique<Server>(*service_, options.tls ? &certificates : nullptr, static_cast<int>(options.port));
  service_->set_storage_origin(url_of(options, server_->storage_port()));
  url = url_of(options, server_->port()) + base_path(options.profile);
  make_settings(options, client);
  server_->start();
}

// Called if the process exits before the sandbox was destroyed.
void Sandbox::end() {
  if (server_) server_->stop();
  directory_.remove();
}

}  // namespace libbcda::sandbox
