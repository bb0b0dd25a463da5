#include "auth/token.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/quote.hpp"
#include "bulk/answer.hpp"

namespace libbcda::auth {
namespace {

using std::chrono::seconds;

constexpr auto kRenewalPause = seconds(10);      // after a renewal that failed
constexpr std::size_t kLongestToken = 32 << 10;  // servers take headers of 8 to 32 KiB

std::optional<Milliseconds> seconds_in(const json::value& value) {
  std::int64_t number = 0;
  if (value.is_int64())
    number = value.get_int64();
  else if (value.is_double()) {
    if (!(value.get_double() > 0)) return {};  // also not a number, for which Boost takes 0e400
    number = static_cast<std::int64_t>(std::min(value.get_double(), 1e9));
  } else if (value.is_string()) {
    auto& text = value.get_string();
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size()) return {};
  } else
    return {};
  if (number <= 0) return {};
  return Milliseconds(seconds(std::min<std::int64_t>(number, 7 * 24 * 3600)));
}

// The times of a JWT, in seconds since 1970.
struct Claims {
  std::optional<double> issued, expires;  // `iat` and `exp`
};

std::optional<double> number_in(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  return value && value->is_number() ? std::optional(value->to_number<double>()) : std::nullopt;
}

Claims claims_of(std::string_view token) {
  std::size_t first = token.find('.'), second = token.find('.', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return {};
  auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return {};
  auto claims = parse_json(as_text(*payload));
  if (!claims || !claims->is_object()) return {};
  return {number_in(claims->get_object(), "iat"), number_in(claims->get_object(), "exp")};
}

double seconds_since_1970(Instant time) {
  return static_cast<double>(std::chrono::duration_cast<seconds>(time.time_since_epoch()).count());
}

// nullopt: the times are not in their order.
std::optional<Milliseconds> lifetime(double start, double end) {
  if (!(end - start >= 1)) return {};
  return Milliseconds(static_cast<std::int64_t>(std::min(end - start, 7 * 86400.0) * 1000));
}

// The lifetime of a token that has just been issued. With iat, the difference between the two clocks does not matter.
// Without iat, `now` is used, which is the server's time if the answer has a Date.
std::optional<Milliseconds> lifetime_of_new(std::string_view token, Instant now) {
  const Claims claims = claims_of(token);
  if (!claims.expires) return {};
  return lifetime(claims.issued.value_or(seconds_since_1970(now)), *claims.expires);
}

bool fits_a_header(std::string_view token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 127; });
}

// An OAuth error (RFC 6749 section 5.2).
struct OauthError {
  std::string code;  // such as "invalid_client"; fit for a message. "": none
  std::string text;  // the server's words: "invalid_client: unknown client"
};

// A code of another form is no code of OAuth, so only the outcome has it.
bool is_oauth_code(std::string_view code) {
  return !code.empty() && code.size() <= 64 &&
         std::all_of(code.begin(), code.end(), [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
}

OauthError oauth_error(const http::Answer& answer) {
  const auto body = parse_json(answer.body);
  if (!body || !body->is_object()) return {};
  const std::string code = string_member(body->get_object(), "error");
  const std::string text = string_member(body->get_object(), "error_description");
  return {is_oauth_code(code) ? code : "", tidy(code + (code.empty() || text.empty() ? "" : ": ") + text, 500)};
}

Error refused(const http::Answer& answer, Instant now, const char* credentials) {
  const bool page = bulk::is_page(answer);
  const OauthError oauth = oauth_error(answer);
  // A web page with status 400 or 403 comes from a proxy, so it says nothing about the credentials. With 401 it may.
  if (answer.status == 401 || (!page && !bulk::wants_tls(answer) && (answer.status == 400 || answer.status == 403)))
    return std::move(
        Error(Status::AUTHENTICATION, "the service refused the credentials (HTTP " + std::to_string(answer.status) +
                                          (oauth.code.empty() ? "" : ", " + oauth.code) + "); check " +
                                          (oauth.code == "invalid_scope"
                                               ? "the setting scope"
                                               : credentials + std::string(", that they are for this service, and that "
                                                                           "they have not expired")) +
                                          (page ? "; the answer is " + bulk::page_text(answer) : ""))
            .with_http(answer.status)
            .with_outcome(oauth.text));
  Error error = bulk::refusal(answer, "the token request", now);
  if (!page && (answer.status == 404 || answer.status == 405))
    error.message += "; check the settings url and token_url";
  if (answer.status < 300) error.outcome.clear();  // the text may hold a token
  return error;
}

Error no_token(const http::Answer& answer, const std::string& malformed) {
  const std::string text = "the token request was answered with ";
  const std::string what = bulk::is_page(answer) ? bulk::page_text(answer)
                           : malformed.empty()   ? "JSON without an access_token"
                                                 : "text without an access_token: it " + malformed;
  return std::move(Error(Status::PROTOCOL, text + what).with_http(answer.status).may_retry());
}

// SMART's reference server answers some bad assertions with status 200 and the text "Error: ...".
bool is_plain_error(const http::Answer& answer) { return answer.body.starts_with("Error"); }

Error plain_error(const http::Answer& answer, const char* credentials) {
  return std::move(Error(Status::AUTHENTICATION,
                         "the service answered the token request with HTTP 200 and the plain text of an error instead "
                         "of a token; check " +
                             std::string(credentials))
                       .with_http(answer.status)
                       .with_outcome(tidy(answer.body, 500)));
}

void check_token(std::string_view token) {
  const std::string subject = "the access_token in the answer to the token request ";
  if (token.size() > kLongestToken)
    throw Error(Status::PROTOCOL, subject + "has " + std::to_string(token.size()) + " bytes; the limit is " +
                                      std::to_string(kLongestToken));
  if (!fits_a_header(token))
    throw Error(Status::PROTOCOL, subject + "contains a character that is not allowed in a header");
}

void live(Token& token, Moment now, Milliseconds lifetime) {
  token.expires_at = now.steady + lifetime;
  // The token is renewed one minute before it expires, or after nine tenths of a short lifetime.
  token.renew_at = token.expires_at - std::min<Milliseconds>(seconds(60), lifetime / 10);
}

}  // namespace

Token read_token(const http::Answer& answer, Moment now, Milliseconds assumed, const char* credentials) {
  if (answer.status != 200) throw refused(answer, now.wall, credentials);
  std::string malformed;
  auto body = parse_json(answer.body, &malformed);
  std::string text = body && body->is_object() ? string_member(body->get_object(), "access_token") : "";
  if (text.empty() && is_plain_error(answer)) throw plain_error(answer, credentials);
  if (text.empty()) throw no_token(answer, malformed);
  check_token(text);
  Token token;
  token.value = Secret(text);
  const json::value* expires_in = body->get_object().if_contains("expires_in");
  std::optional<Milliseconds> stated = expires_in ? seconds_in(*expires_in) : std::nullopt;
  if (!stated) stated = lifetime_of_new(text, parse_time(answer.header("Date")).value_or(now.wall));
  wipe(text.data(), text.size());
  token.lifetime = stated;
  token.scope = string_member(body->get_object(), "scope");
  live(token, now, stated.value_or(assumed));
  return token;
}

Token held_token(Secret value, Moment now, Milliseconds assumed) {
  if (!fits_a_header(value.reveal()) || value.reveal().size() > kLongestToken)
    throw Error(Status::AUTHENTICATION, "the access token that was given cannot be one; check access_token");
  Token token;
  const Claims claims = claims_of(value.reveal());
  const auto left = claims.expires ? lifetime(seconds_since_1970(now.wall), *claims.expires) : std::nullopt;
  if (claims.expires && !left)
    throw Error(Status::AUTHENTICATION,
                "the access token that was given has expired; give a new one in access_token or access_token_file");
  token.lifetime = left;
  live(token, now, left.value_or(assumed));
  token.value = std::move(value);
  return token;
}

TokenLifecycle::Advice TokenLifecycle::ask(Steady now) {
  if (phase_ == Phase::held && now < token_->renew_at) return Advice::use;
  if (phase_ == Phase::renewing && now < token_->expires_at) return Advice::use;
  if (phase_ == Phase::fetching || phase_ == Phase::renewing) return Advice::wait;
  phase_ = phase_ == Phase::held ? Phase::renewing : Phase::fetching;
  return Advice::fetch;
}

void TokenLifecycle::received(Token token) {
  token_ = std::move(token);
  phase_ = Phase::held;
}

void TokenLifecycle::failed(Steady now) {
  phase_ = token_ ? Phase::held : Phase::absent;
  if (token_) token_->renew_at = std::min(token_->expires_at, now + kRenewalPause);
}

void TokenLifecycle::reject(std::string_view value) {
  if (!token_ || token_->value.reveal() != value) return;
  token_.reset();
  phase_ = phase_ == Phase::renewing ? Phase::fetching : Phase::absent;
}

std::optional<Secret> TokenLifecycle::value(Steady now) const {
  if (!token_ || now >= token_->expires_at) return std::nullopt;
  return token_->value;
}

}  // namespace libbcda::auth
