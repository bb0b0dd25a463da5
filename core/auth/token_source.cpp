#include "auth/token_source.hpp"

#include <boost/asio/this_coro.hpp>

#include <array>
#include <chrono>

#include "auth/scope.hpp"
#include "base/quote.hpp"
#include "bulk/answer.hpp"
#include "world/wakeup.hpp"

namespace libbcda::auth {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLargestAnswer = 256 << 10;
constexpr std::size_t kLargestCapabilities = 8 << 20;  // HAPI's has 2.5 MB
constexpr auto kClockMargin = std::chrono::seconds(30);
constexpr auto kLargestDifference = std::chrono::hours(24);  // of two clocks; a larger one is not followed
constexpr std::string_view kBearer = "Bearer ";

// Wipes a text with a secret at the end of the scope, also after an exception.
struct Wiped {
  std::string& text;
  ~Wiped() { wipe(text.data(), text.size()); }
};

// The error if the same request may be answered later. An outage does not show that there is no token endpoint.
std::optional<Error> passing_refusal(const http::Answer& answer, Instant now) {
  if (!http::transient(answer.status)) return std::nullopt;
  Error error = bulk::refusal(answer, "the request for the token endpoint", now);
  error.message += "; with the setting token_url it is not needed";
  return error;
}

// The statuses are those of the two documents that may name it.
Error no_endpoint(const http::Url& base, int configuration, int capabilities) {
  const std::string service = "the service at " + tidy(base.text(), 200);
  if (configuration != 200 && capabilities != 200)
    return std::move(Error(Status::PROTOCOL, service +
                                                 " is no FHIR server: it has neither a SMART configuration (HTTP " +
                                                 std::to_string(configuration) + ") nor a CapabilityStatement (HTTP " +
                                                 std::to_string(capabilities) + "); check the setting url")
                         .with_http(capabilities));
  return {Status::PROTOCOL,
          service + " names no token endpoint; give the setting token_url, or auth=none if it needs no token"};
}

}  // namespace

// A caller that waits while another caller renews the token.
struct TokenSource::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : wakeup(std::make_shared<world::Wakeup>(executor)) {}
  std::shared_ptr<world::Wakeup> wakeup;
  std::optional<Error> failed;  // guarded by TokenSource::mutex_
};

// Marks the caller that fetches a token while the others wait. If this caller ends without a token, the others are woken.
struct TokenSource::Duty {
  TokenSource* source = nullptr;  // null: another asker has the duty, or it is done
  ~Duty() {
    if (source) source->settle(std::nullopt, std::nullopt);
  }
};

TokenSource::TokenSource(http::Client& client, std::vector<http::Url> origins, Login login,
                         Milliseconds assumed_lifetime, world::World& world)
    : client_(client),
      origins_(std::move(origins)),
      login_(std::move(login)),
      assumed_lifetime_(assumed_lifetime),
      world_(world),
      clock_(world.clock()),
      token_url_(login_.token_url) {}

bool TokenSource::is_for(const http::Url& url) const {
  return login_.method != Method::none && std::any_of(origins_.begin(), origins_.end(), [&](const http::Url& origin) {
           return http::same_origin(url, origin);
         });
}

Task<> TokenSource::authorize(http::Request& request) {
  if (!is_for(request.url)) co_return;
  Secret token = co_await get();
  request.headers.emplace_back("Authorization", std::string(kBearer) + std::string(token.reveal()));
}

void TokenSource::reject(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : request.headers)
    if (name == "Authorization") {
      refused_ = Secret(std::string_view(value).substr(kBearer.size()));
      lifecycle_.reject(refused_.reveal());
    }
}

Task<Secret> TokenSource::get() {
  Duty duty;  // here, because a canceled coroutine ends at any co_await
  for (;;) {
    std::shared_ptr<Waiter> waiter;
    {
      const auto executor = co_await asio::this_coro::executor;
      const std::lock_guard lock(mutex_);
      const Steady now = clock_.now().steady;
      const TokenLifecycle::Advice advice = lifecycle_.ask(now);
      if (advice == TokenLifecycle::Advice::use) co_return *lifecycle_.value(now);
      if (advice == TokenLifecycle::Advice::fetch) duty.source = this;
      if (advice == TokenLifecycle::Advice::wait) waiters_.push_back(waiter = std::make_shared<Waiter>(executor));
    }
    if (!waiter) co_return co_await renew(duty);
    co_await wait(std::move(waiter));
  }
}

// Waits until another caller has fetched a token or has failed.
Task<> TokenSource::wait(std::shared_ptr<Waiter> waiter) {
  co_await waiter->wakeup->wait();
  const std::lock_guard lock(mutex_);
  if (waiter->failed) throw *waiter->failed;
}

Task<Secret> TokenSource::renew(Duty& duty) {
  std::optional<Token> token;
  std::optional<Error> error;
  std::exception_ptr canceled;
  try {
    token = co_await fetch();
  } catch (const Error& e) {
    // Only this caller is canceled, so another caller continues.
    e.status == Status::CANCELED ? void(canceled = std::current_exception()) : void(error = e);
  } catch (...) {
    canceled = std::current_exception();
  }
  duty.source = nullptr;
  settle(token, error);
  if (canceled) std::rethrow_exception(canceled);
  if (token) co_return token->value;
  if (error->status == Status::AUTHENTICATION && !error->retriable) throw *error;
  const std::lock_guard lock(mutex_);
  // The early renewal failed, but the current token is still valid. A later caller tries again.
  if (auto current = lifecycle_.value(clock_.now().steady)) co_return *current;
  throw *error;
}

// A token that was refused once is not sent again. A file may have a new one by then. A worker reads it, because a file
// on another machine, or a FIFO, may take its time.
Task<Token> TokenSource::take_token_at_hand() {
  Secret value;
  std::optional<Error> failure;
  try {
    co_await world::run_on(world_.disk_workers(), [&] { value = token_at_hand(login_); });
  } catch (const Error& error) {
    failure = error;
  }
  if (failure) throw after_refusal(std::move(*failure));
  const std::lock_guard lock(mutex_);
  if (!value.empty() && value.reveal() == refused_.reveal())
    throw Error(Status::AUTHENTICATION,
                "the service refused the access token; it may have expired; give a new one in access_token or "
                "access_token_file");
  try {
    co_return held_token(std::move(value), clock_.now(), assumed_lifetime_);
  } catch (Error& error) {
    if (!login_.access_token.empty()) throw;
    throw std::move(error.may_retry());  // because the file may get another one
  }
}

// Names the reason why a token was read again, if the service refused the last one.
Error TokenSource::after_refusal(Error error) {
  const std::lock_guard lock(mutex_);
  if (!refused_.empty() && lifecycle_.phase() == TokenLifecycle::Phase::fetching)
    error.message = "the service refused the access token, and there is no other one: " + error.message;
  return error;
}

Task<Token> TokenSource::fetch() {
  if (login_.method == Method::token) {
    Token token = co_await take_token_at_hand();
    co_return token;
  }
  if (!token_url_) token_url_ = co_await find_token_url();
  client_.offer_certificate_to(token_url_->url);
  const Instant now = clock_.now().wall;
  http::Answer answer = co_await ask_for_token(*token_url_, now);
  const Wiped wiped{answer.body};
  const bool refused = answer.status == 400 || answer.status == 401;
  const auto theirs = parse_time(answer.header("Date"));
  const auto difference = theirs ? std::chrono::abs(*theirs - now) : Instant::duration(0);
  if (login_.method != Method::smart || !refused || difference <= kClockMargin) co_return token_in(answer);
  // An assertion of the far future would be valid for years, so it is never signed, whatever Date a server sends.
  if (difference > kLargestDifference) throw clocks_differ(answer, difference);
  answer = co_await ask_for_token(*token_url_, *theirs);
  co_return token_in(answer);
}

Token TokenSource::token_in(const http::Answer& answer) const {
  const bool is_smart = login_.method == Method::smart;
  return read_token(answer, clock_.now(), assumed_lifetime_,
                    is_smart ? "client_id, signing_key and key_id" : "client_id and client_secret");
}

// The error for a refused assertion when the clocks differ by more than is followed.
Error TokenSource::clocks_differ(const http::Answer& answer, Instant::duration difference) const {
  try {
    token_in(answer);
  } catch (Error& error) {
    const auto days = std::chrono::floor<std::chrono::days>(difference).count();
    error.message += "; the clocks of this machine and of the service differ by " + std::to_string(days) +
                     (days == 1 ? " day" : " days");
    return error;
  }
  return {Status::INTERNAL, "a refused assertion brought a token"};
}

Task<http::Answer> TokenSource::ask_for_token(const TokenEndpoint& endpoint, Instant now) {
  std::array<std::uint8_t, 16> jti{};
  world_.random().fill(jti);
  const Login login = login_for_request();
  http::Request request = token_request(login, endpoint, to_hex(jti), now);
  co_return co_await client_.send(std::move(request), kLargestAnswer);
}

Task<TokenEndpoint> TokenSource::find_token_url() {
  http::Answer answer = co_await client_.send(configuration_request(login_.base), kLargestAnswer);
  std::optional<TokenEndpoint> found = token_endpoint(answer, login_.base);
  if (found) offer_ = token_offer(answer);
  if (found) co_return *found;
  std::optional<Error> outage = passing_refusal(answer, clock_.now().wall);
  const int first_status = answer.status;
  answer = co_await client_.send(capability_request(login_.base), kLargestCapabilities);
  found = token_endpoint_of_capabilities(answer, login_.base);
  if (found) co_return *found;
  if (!outage) outage = passing_refusal(answer, clock_.now().wall);
  if (outage) throw *outage;
  throw no_endpoint(login_.base, first_status, answer.status);
}

// ---- Scopes ---------------------------------------------------------------------------------------------------------

std::vector<std::string> TokenSource::wished_types() const {
  if (wish_.is_all || !wish_.is_known) return {};
  return {wish_.types.begin(), wish_.types.end()};
}

// The login with the scope for the types that the exports of this client read.
Login TokenSource::login_for_request() {
  Login login = login_;
  login.secret_in_form = login.method == Method::form && offer_.secret_in_form_only;
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> types = wished_types();
  if (!login.scope_is_given) login.scope = choose_scope(login.scope, offer_.scopes, types);
  wish_.asked = login.scope;
  wish_.is_chosen = !types.empty() && login.scope != login_.scope && !covers(login.scope, "*");
  wish_.grew = false;
  return login;
}

void TokenSource::wish(const std::vector<std::string>& types) {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string> before = wished_types();
  wish_.is_known = true;
  wish_.is_all = wish_.is_all || types.empty();
  wish_.types.insert(types.begin(), types.end());
  if (!wish_.is_chosen || wished_types() == before) return;
  wish_.grew = true;
  if (lifecycle_.token()) lifecycle_.reject(Secret(lifecycle_.token()->value).reveal());
}

std::string TokenSource::narrowed() const {
  const std::lock_guard lock(mutex_);
  if (!lifecycle_.token() || !asks_for_token(login_.method)) return "";
  return describe_narrow_scope(wish_.asked, lifecycle_.token()->scope, wished_types());
}

Task<Grant> TokenSource::obtain() {
  {
    const std::lock_guard lock(mutex_);
    if (lifecycle_.token()) lifecycle_.reject(Secret(lifecycle_.token()->value).reveal());
  }
  co_await get();
  const std::lock_guard lock(mutex_);
  Grant grant;
  if (asks_for_token(login_.method) && token_url_) grant.token_url = token_url_->url;
  if (!lifecycle_.token()) co_return grant;  // it was refused meanwhile
  grant.lifetime = lifecycle_.token()->lifetime;
  grant.scope = lifecycle_.token()->scope;
  co_return grant;
}

void TokenSource::settle(std::optional<Token> token, const std::optional<Error>& error) {
  const std::lock_guard lock(mutex_);
  token ? lifecycle_.received(std::move(*token)) : lifecycle_.failed(clock_.now().steady);
  // Types were wished for during the request, so those who waited fetch another token.
  if (token && wish_.grew) lifecycle_.reject(lifecycle_.token()->value.reveal());
  wish_.grew = false;
  for (auto& waiter : waiters_) {
    waiter->failed = error;
    waiter->wakeup->wake();
  }
  waiters_.clear();
}

}  // namespace libbcda::auth
