#include "simulation/sim_server.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "crypto/key.hpp"
#include "fault_table.hpp"
#include "gzip.hpp"
#include "service.hpp"
#include "simulation/seeded_openssl.hpp"
#include "tokens.hpp"

namespace libbcda::simulation {
namespace {

using sandbox::Request;
using sandbox::Response;
using sandbox::Segment;

constexpr std::chrono::seconds kEpoch(1568987253);
constexpr std::uint64_t kKeySeed = 13;

// One RSA key opens the files and signs logins, because signing with ES384 takes longer than the rest of a login.
struct Keys {
  std::string private_pem, public_pem;
};

// Made once, and in the same way in every process. The service's own key for tokens is made here as well, so that no
// seed is the one that makes it.
const Keys& keys() {
  static const Keys made = [] {
    seed_openssl(kKeySeed);
    const auto pair = crypto::PrivateKey::generate();
    sandbox::Tokens().issue("nobody", sandbox::Time(), sandbox::Duration(1));
    return Keys{pair.private_pem(), pair.public_pem()};
  }();
  return made;
}

std::string path_of_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string::npos ? 0 : url.find('/', scheme + 3);
  return path == std::string::npos ? "/" : url.substr(path, url.find('?', path) - path);
}

std::string stem_of(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  if (path.ends_with(".ndjson")) path.remove_suffix(7);
  return std::string(path);
}

// The number of files that a manifest lists; -1 if the text is no manifest.
std::int64_t count_files(const std::string& text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object() || !value->get_object().contains("output")) return -1;
  std::int64_t count = 0;
  for (const char* list : {"output", "error", "deleted"})
    if (const auto* files = value->get_object().if_contains(list); files && files->is_array())
      count += static_cast<std::int64_t>(files->get_array().size());
  return count;
}

bool is_gzip(const Response& response) {
  const auto encoding = response.headers.find("Content-Encoding");
  return encoding != response.headers.end() && encoding->second == "gzip";
}

sandbox::Fault flip_at(std::uint64_t byte) {
  sandbox::Fault fault{};
  fault.kind = sandbox::FaultKind::flip;
  fault.at.byte = static_cast<std::int64_t>(byte);
  return fault;
}

std::string read_whole(const std::shared_ptr<sandbox::DataFile>& file) {
  std::string text(static_cast<std::size_t>(file->size(true)), '\0');
  sandbox::FileStream stream(file, true);
  stream.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return text;
}

}  // namespace

const std::string& client_private_pem() { return keys().private_pem; }
const std::string& client_signing_pem() { return keys().private_pem; }

SimServer::SimServer(sandbox::Options options, std::string ranges, bool finds_jobs, std::uint64_t seed)
    : seed_(seed), ledger_(std::move(ranges)), finds_jobs_(finds_jobs) {
  const Keys& made = keys();
  seed_openssl(seed_);
  sandbox::Registration client{options.client_id, kKeyId, made.public_pem, "RS384"};
  service_ = std::make_unique<sandbox::Service>(std::move(options), made.public_pem, std::move(client),
                                                [this] { return now(); });
}

SimServer::~SimServer() = default;

sandbox::Time SimServer::now() const {
  const auto since = clock_ ? clock_->now().steady.time_since_epoch() : Steady::duration(0);
  return sandbox::Time(kEpoch + std::chrono::duration_cast<sandbox::Duration>(since));
}

Response SimServer::answer(const Request& request) {
  seed_openssl(seed_ + ++requests_);
  last_.reset();
  Response response;
  if (refuses(response)) return response;
  response = service_->answer(request);
  remember(request, response);
  if (!sandbox::is_file_request(request.line())) return response;
  const bool spoiled = dice_.chance(faults_.wrong_bytes) && spoil(response);
  last_ = ledger_.answered(request, response, now(), spoiled);
  return response;
}

bool SimServer::refuses(Response& refusal) {
  const bool busy = dice_.chance(faults_.busy), fails = !busy && dice_.chance(faults_.failing);
  if (busy) refusal = sandbox::text_answer(dice_.pick({429, 503}), "busy");
  if (busy && dice_.chance(0.5)) refusal.headers["Retry-After"] = std::to_string(dice_.magnitude(1, 600));
  if (fails) refusal = sandbox::text_answer(dice_.pick({500, 502, 504}), "a failure");
  return busy || fails;
}

void SimServer::remember(const Request& request, const Response& response) {
  if (sandbox::is_kick_off(request.line()) && response.status == 202) remember_job(request, response);
  if (sandbox::is_status_request(request.line())) remember_status(request, response);
  if (sandbox::is_file_request(request.line())) remember_file(request, response);
}

void SimServer::remember_job(const Request& request, const Response& response) {
  ++jobs_accepted_;
  for (const auto& [path, job] : jobs_)
    if (job.request == request.target && (job.asked_for || finds_jobs_) && !job.dead) {
      ++needless_jobs_;
      break;
    }
  if (const auto location = response.headers.find("Content-Location"); location != response.headers.end())
    jobs_[path_of_url(location->second)] = {request.target};
}

void SimServer::remember_status(const Request& request, const Response& response) {
  const std::string path(request.path());
  Job& job = jobs_[path];
  job.asked_for = true;
  job.dead = response.status != 200 && response.status != 202 && response.status != 401 && response.status != 429;
  if (response.status != 200) return;
  if (const std::int64_t files = count_files(response.body); files >= 0) manifests_[path] = files;
}

void SimServer::remember_file(const Request& request, const Response& response) {
  if (response.status != 200 && response.status != 206) return;
  const std::string path(request.path());
  auto& known = contents_[stem_of(path)];
  if (response.status != 200 || known.contains(path)) return;
  Content& content = known[path];
  content.file = response.file;
  content.is_text = !response.file && !is_gzip(response);
  (content.is_text ? content.text : content.packed) = response.body;
}

const std::string& SimServer::Content::whole() {
  if (!is_text) text = file ? read_whole(file) : sandbox::gunzip(packed);
  is_text = true;
  return text;
}

bool SimServer::gave(const std::string& stem, const std::string& content) {
  const auto has = [&](auto& stems) {
    return std::any_of(stems.second.begin(), stems.second.end(),
                       [&](auto& known) { return known.second.whole() == content; });
  };
  // Where two names are equal, the client makes one of its own.
  if (stem.starts_with("url-")) return std::any_of(contents_.begin(), contents_.end(), has);
  const auto found = contents_.find(stem);
  return found != contents_.end() && has(*found);
}

std::int64_t SimServer::files_of(const std::string& status_url) const {
  const auto found = manifests_.find(path_of_url(status_url));
  return found == manifests_.end() ? -1 : found->second;
}

// Only where a checksum shows it: elsewhere TLS protects the bytes, which this world does without.
bool SimServer::spoil(Response& response) {
  const std::uint64_t size = response.body_size();
  if (size == 0 || (response.status != 200 && response.status != 206)) return false;
  const std::uint64_t at = dice_.below(size);
  const bool doubles = dice_.chance(0.3);
  if (response.file && response.file->encrypted() && response.segments.size() == 1) {
    Segment& part = response.segments.front();
    if (doubles)
      response.segments = {{"", part.offset, at + 1}, {"", part.offset + at, part.length - at}};
    else
      response.flip = flip_at(part.offset + at);
    return true;
  }
  if (!is_gzip(response)) return false;
  if (doubles && at > 0)  // a body that comes twice as a whole is good gzip
    response.body.insert(at, response.body.substr(at, 1 + dice_.below(1000)));
  else
    response.body[at] = static_cast<char>(response.body[at] ^ (1 << dice_.below(8)));
  return true;
}

}  // namespace libbcda::simulation
