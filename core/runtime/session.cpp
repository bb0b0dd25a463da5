#include "runtime/session.hpp"

#include <openssl/rand.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <system_error>

#include "base/error.hpp"

namespace libbcda::runtime {

namespace asio = boost::asio;

namespace {

constexpr int kDiskThreads = 2;
constexpr auto kPatienceAtExit = std::chrono::seconds(2);

http::Url read_origin(const std::string& text, const char* setting, bool allow_http) {
  if (text.empty())
    throw Error(Status::INVALID_ARGUMENT,
                std::string("the setting ") + setting +
                    " is missing; give the service's origin, such as https://api.bcda.cms.gov");
  http::Url url = http::parse_url(text, std::string("the setting ") + setting);
  if (url.target != "/")
    throw Error(Status::INVALID_ARGUMENT, std::string("the setting ") + setting +
                                              " takes an origin only: " + url.origin() + ", without " + url.target);
  if (!url.tls() && !url.loopback() && !allow_http)
    throw Error(Status::INVALID_ARGUMENT, std::string("the setting ") + setting + ": " + url.origin() +
                                              " is not encrypted; use https://, or set allow_http if you must");
  return url;
}

http::ClientOptions client_options(const Settings& settings) {
  http::ClientOptions options;
  options.ca_file = settings.text("ca_file");
  options.user_agent = settings.text("user_agent");
  if (options.user_agent.find_first_of("\r\n") != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT, "the setting user_agent holds a line break");
  options.patience = {settings.duration("connect_timeout"), settings.duration("idle_timeout")};
  options.request_timeout = settings.duration("request_timeout");
  options.max_header_bytes =
      static_cast<std::size_t>(std::min<std::int64_t>(settings.integer("max_header_bytes"), 16 << 20));
  return options;
}

auth::Credentials read_credentials(const Settings& settings) {
  auth::Credentials credentials{std::string(settings.credential("client_id").reveal()),
                                settings.credential("client_secret")};
  if (credentials.client_id.find(':') != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting client_id holds a colon, which Basic authentication has no room for");
  return credentials;
}

}  // namespace

double random_jitter() {
  std::uint32_t bits = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) != 1)
    throw Error(Status::INTERNAL, "OpenSSL has no random bytes");
  return bits / 4294967296.0;
}

Durability durability(const Settings& settings) {
  return settings.text("durability") == "process" ? Durability::process : Durability::power;
}

std::optional<crypto::PrivateKey> load_private_key(const Settings& settings) {
  Secret pem = settings.secret("private_key_pem");
  std::string path = settings.text("private_key");
  if (pem.empty() && path.empty()) return std::nullopt;
  Secret passphrase = settings.secret_or_file("private_key_passphrase");
  if (!pem.empty()) return crypto::PrivateKey::from_pem(pem.reveal(), passphrase, "in the setting private_key_pem");
  return crypto::PrivateKey::from_file(path, passphrase);
}

Session::Session(Settings settings) : work_(io_.get_executor()), settings_(std::move(settings)) {
  bool allow_http = settings_.boolean("allow_http");
  service_ = read_origin(settings_.text("url"), "url", allow_http);
  for (const auto& origin : settings_.list("allowed_origins"))
    allowed_origins_.push_back(read_origin(origin, "allowed_origins", allow_http));
  auth::Credentials credentials = read_credentials(settings_);
  http_ = std::make_unique<http::Client>(client_options(settings_));  // first: it finds out whether OpenSSL can be used
  private_key_ = load_private_key(settings_);
  warnings_ = settings_.warnings();
  if (!credentials.client_id.empty() && !credentials.client_secret.empty())
    tokens_ = std::make_unique<auth::TokenSource>(*http_, service_, std::move(credentials),
                                                  settings_.duration("token_lifetime"), read_clocks);
  start_threads();
}

// Asio starts its resolver's thread at the first look-up, and a failure there would break off the coroutine that looks up.
// So it is made to start here, by an address that needs no look-up.
void Session::start_resolver() {
  asio::ip::tcp::resolver resolver(io_);
  resolver.async_resolve("127.0.0.1", "0",
                         asio::ip::tcp::resolver::numeric_host | asio::ip::tcp::resolver::numeric_service,
                         [](const boost::system::error_code&, const auto&) {});
}

void Session::start_threads() {
  SignalsBlocked blocked;
  auto count = settings_.integer("threads");
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  at_exit_.emplace([this] { abandon(); });
  try {
    disk_ =
        std::make_unique<ThreadPool>(kDiskThreads, "bcda-disk", [this](const Error& error) { report_fault(error); });
    run_on_named_thread("bcda-resolver", [this] { start_resolver(); });
    for (int i = 0; i < count; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (const Error&) {
    stop_threads();
    throw;
  } catch (const std::exception& e) {
    stop_threads();
    throw thread_error(e);
  }
}

// An exception that escapes a handler must neither end the program nor be lost.
void Session::serve(int number) try {
  name_this_thread("bcda-io-" + std::to_string(number));
  Visit visit(*this);
  for (;;) {
    try {
      io_.run();
      break;
    } catch (...) {
      report_fault(current_error());
    }
  }
} catch (const Error&) {
  // From Visit: the process ends already, and this thread has nothing to do.
}

void Session::report_fault(const Error& error) {
  std::lock_guard lock(watches_mutex_);
  for (const auto& broken : watches_) {
    try {
      broken(error);
    } catch (const std::bad_alloc&) {
      // `broken` cancels its run even when there is no memory to say why.
    }
  }
}

Session::Watch::Watch(Session& session, std::function<void(const Error&)> broken) : session_(session) {
  std::lock_guard lock(session_.watches_mutex_);
  place_ = session_.watches_.insert(session_.watches_.end(), std::move(broken));
}

Session::Watch::~Watch() {
  std::lock_guard lock(session_.watches_mutex_);
  session_.watches_.erase(place_);
}

Session::Visit::Visit(Session& session) : session_(session) {
  std::lock_guard lock(session_.serving_mutex_);
  if (session_.abandoned_) throw Error(Status::CANCELED, "canceled");
  ++session_.serving_;
}

Session::Visit::~Visit() {
  std::lock_guard lock(session_.serving_mutex_);
  --session_.serving_;
  session_.served_.notify_all();
}

void Session::abandon() {
  if (::getpid() != process_) return;  // a forked child has none of the threads
  io_.stop();
  // Not without limit: a thread may be in a caller's callback that waits for something that is gone.
  std::unique_lock lock(serving_mutex_);
  abandoned_ = true;
  served_.wait_for(lock, kPatienceAtExit, [&] { return serving_ == 0; });
}

void Session::stop_threads() {
  work_.reset();
  io_.stop();
  for (auto& thread : threads_) thread.join();
  disk_.reset();
}

Session::~Session() { stop_threads(); }

auth::TokenSource& Session::tokens() {
  if (tokens_) return *tokens_;
  const char* missing = settings_.text("client_id").empty() ? "client_id" : "client_secret (or client_secret_file)";
  throw Error(Status::INVALID_ARGUMENT,
              std::string("the setting ") + missing + " is missing; the service issues it with your credentials");
}

bool Session::allows(const http::Url& url) const {
  return http::same_origin(url, service_) ||
         std::any_of(allowed_origins_.begin(), allowed_origins_.end(),
                     [&](const http::Url& origin) { return http::same_origin(url, origin); });
}

}  // namespace libbcda::runtime
