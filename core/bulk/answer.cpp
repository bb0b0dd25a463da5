#include "bulk/answer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/json.hpp"

namespace libbcda::bulk {
namespace {

constexpr std::size_t kLongestText = 500;
constexpr Milliseconds kLongestWish = std::chrono::minutes(15);  // servers have been seen to ask for hours

std::string tidy(std::string_view text) {  // one line, no control characters, not cut inside a UTF-8 sequence
  std::size_t end = std::min(text.size(), kLongestText);
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;
  std::string out;
  for (char c : text.substr(0, end)) out += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  std::size_t last = out.find_last_not_of(' ');
  return last == std::string::npos ? "" : out.substr(0, last + 1);
}

// Text of an unknown encoding, for places that want UTF-8.
std::string ascii(std::string_view text) {
  std::string out(text.substr(0, kLongestText));
  for (char& c : out)
    if (c < 0) c = '?';
  return out;
}

std::string issue_text(const json::object& issue) {
  if (auto text = string_member(issue, "diagnostics"); !text.empty()) return text;
  if (const json::value* details = issue.if_contains("details"); details && details->is_object())
    if (auto text = string_member(details->get_object(), "text"); !text.empty()) return text;
  return string_member(issue, "code");
}

std::optional<json::object> outcome_of(const http::Answer& answer) {
  auto body = parse_json(answer.body);
  if (!body || !body->is_object() || string_member(body->get_object(), "resourceType") != "OperationOutcome") return {};
  return body->get_object();
}

}  // namespace

bool is_operation_outcome(const http::Answer& answer) { return outcome_of(answer).has_value(); }

std::string outcome_text(const http::Answer& answer) {
  auto outcome = outcome_of(answer);
  if (!outcome) return answer.media_type() == "text/plain" ? tidy(ascii(answer.body)) : "";
  const json::value* issues = outcome->if_contains("issue");
  std::string text;
  if (issues && issues->is_array())
    for (const json::value& issue : issues->get_array()) {
      std::string one = issue.is_object() ? issue_text(issue.get_object()) : "";
      if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
    }
  return tidy(text);
}

bool transient(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

std::optional<Milliseconds> retry_after(const http::Answer& answer, Instant now) {
  std::string_view asked = answer.header("Retry-After");
  if (asked.empty()) return {};
  return parse_retry_after(asked, parse_time(answer.header("Date")).value_or(now));
}

Error refusal(const http::Answer& answer, const std::string& what, Instant now) {
  std::string text = what + " was answered with HTTP " + std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400)
    text += ", a redirect, which is not followed; check that the setting url is the service's own origin";
  Error error(Status::REFUSED, text);
  error.with_http(answer.status).with_outcome(outcome_text(answer)).may_retry(transient(answer.status));
  error.retry_after = retry_after(answer, now);
  return error;
}

std::optional<double> percent(std::string_view progress) {
  std::size_t sign = progress.find('%');
  if (sign == std::string_view::npos) return {};
  std::size_t begin = sign;
  while (begin > 0 && (std::isdigit(static_cast<unsigned char>(progress[begin - 1])) || progress[begin - 1] == '.'))
    --begin;
  if (begin == sign) return {};
  double value = 0;
  std::from_chars(progress.data() + begin, progress.data() + sign, value);
  return std::clamp(value, 0.0, 100.0);
}

Milliseconds Backoff::next(double chance, std::optional<Milliseconds> server_wish) {
  Milliseconds wait = next_;
  next_ = std::min(longest_, Milliseconds(static_cast<std::int64_t>(static_cast<double>(next_.count()) * factor_)));
  wait -= Milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * 0.2 * chance));
  wait = std::min(wait, longest_);
  return server_wish ? std::max(wait, std::min(*server_wish, kLongestWish)) : wait;
}

}  // namespace libbcda::bulk
