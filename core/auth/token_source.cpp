#include "auth/token_source.hpp"

#include <boost/asio/this_coro.hpp>

#include "world/wakeup.hpp"

namespace libbcda::auth {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLargestAnswer = 256 << 10;
constexpr std::string_view kBearer = "Bearer ";

// Wipes a text that holds a secret, however the scope is left.
struct Wiped {
  std::string& text;
  ~Wiped() { wipe(text.data(), text.size()); }
};

}  // namespace

// Somebody who waits for a renewal that another asker has under way.
struct TokenSource::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : wakeup(std::make_shared<world::Wakeup>(executor)) {}
  std::shared_ptr<world::Wakeup> wakeup;
  std::optional<Error> failed;  // guarded by the source's lock
};

TokenSource::TokenSource(http::Client& client, http::Url service, Credentials credentials,
                         Milliseconds assumed_lifetime, const world::Clock& clock)
    : client_(client),
      service_(std::move(service)),
      credentials_(std::move(credentials)),
      assumed_lifetime_(assumed_lifetime),
      clock_(clock) {}

Task<> TokenSource::authorize(http::Request& request) {
  if (!http::same_origin(request.url, service_)) co_return;
  Secret token = co_await get();
  request.headers.emplace_back("Authorization", std::string(kBearer) + std::string(token.reveal()));
}

void TokenSource::reject(const http::Request& request) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, value] : request.headers)
    if (name == "Authorization" && token_ && std::string_view(value).substr(kBearer.size()) == token_->value.reveal())
      token_.reset();
}

Task<Secret> TokenSource::get() {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    std::shared_ptr<Waiter> waiter;
    {
      std::lock_guard lock(mutex_);
      Steady now = clock_.now().steady;
      if (token_ && now < (renewing_ ? token_->expires_at : token_->renew_at)) co_return token_->value;
      if (renewing_) waiters_.push_back(waiter = std::make_shared<Waiter>(executor));
      renewing_ = true;
    }
    if (waiter) {
      co_await waiter->wakeup->wait();
      std::lock_guard lock(mutex_);
      if (waiter->failed) throw *waiter->failed;
      continue;
    }
    // Asio destroys a coroutine whose wait could not be started. The others must not wait for it then.
    struct Guard {
      TokenSource* source;
      ~Guard() {
        if (source) source->settle(std::nullopt, Error(Status::INTERNAL, "the token's renewal broke off"));
      }
    } guard{this};
    std::optional<Token> token;
    std::optional<Error> error;
    std::exception_ptr other;
    try {
      token = co_await fetch();
    } catch (const Error& e) {
      // Canceled is this asker alone: another takes over.
      e.status == Status::CANCELED ? void(other = std::current_exception()) : void(error = e);
    } catch (...) {
      other = std::current_exception();
    }
    guard.source = nullptr;
    settle(token, error);
    if (other) std::rethrow_exception(other);
    if (error && error->retriable)
      if (auto current = still_good()) co_return *current;  // renewing ahead of time failed: there is time to try again
    if (error) throw *error;
    co_return token->value;
  }
}

std::optional<Secret> TokenSource::still_good() {
  std::lock_guard lock(mutex_);
  if (!token_ || clock_.now().steady >= token_->expires_at) return std::nullopt;
  return token_->value;
}

Task<Token> TokenSource::fetch() {
  http::Answer answer = co_await client_.send(token_request(service_, credentials_), kLargestAnswer);
  const Wiped wiped{answer.body};
  co_return read_token(answer, clock_.now(), assumed_lifetime_);
}

void TokenSource::settle(std::optional<Token> token, const std::optional<Error>& error) {
  std::lock_guard lock(mutex_);
  renewing_ = false;
  if (token) token_ = std::move(token);
  for (auto& waiter : waiters_) {
    waiter->failed = error;
    waiter->wakeup->wake();
  }
  waiters_.clear();
}

}  // namespace libbcda::auth
