#include "sandbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"
#include "crypto/key.hpp"
#include "files/file.hpp"
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

Sandbox::Sandbox(Options options) : directory_(options.directory) {
  if (options.client_id.empty()) options.client_id = random_uuid();
  if (options.client_secret.empty()) options.client_secret = to_hex(random_bytes(kSecretBytes));
  client_id = options.client_id;
  client_secret = options.client_secret;

  std::string public_key;
  const bool encrypts = options.profile == Profile::bcda_2019;
  if (options.public_key.empty()) {
    public_key = throwaway_pair().public_pem();
    if (encrypts) private_key = directory_.write("private.pem", throwaway_pair().private_pem());
  } else {
    public_key = files::read_file(options.public_key, kMostPem, "public key");
    crypto::wrap_file_key(crypto::FileKey(), public_key, "trial");  // fails now, not during a job
  }
  Certificates certificates;
  if (options.tls) {
    certificates = make_certificates(options.host);
    ca_file = directory_.write("ca.pem", certificates.ca);
  }
  service_ = std::make_unique<Service>(options, std::move(public_key));
  server_ = std::make_unique<Server>(*service_, options.tls ? &certificates : nullptr, static_cast<int>(options.port));
  url = url_of(options, server_->port()) + base_path(options.profile);
  json = "{\"url\":" + json_string(url) + ",\"client_id\":" + json_string(client_id) +
         ",\"client_secret\":" + json_string(client_secret) + ",\"private_key\":" + json_string(private_key) +
         ",\"ca_file\":" + json_string(ca_file) + "}";
}

// Called if the process exits before the sandbox was destroyed.
void Sandbox::end() {
  if (server_) server_->stop();
  directory_.remove();
}

}  // namespace libbcda::sandbox
