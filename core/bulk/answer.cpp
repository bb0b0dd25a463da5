#include "bulk/answer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/json.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "bulk/issues.hpp"

namespace libbcda::bulk {
namespace {

constexpr std::size_t kLongestText = 500;

constexpr std::size_t kPageHead = 64 << 10;  // only these first bytes of a page are searched for its title

bool begins_with(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

// The body without what may precede its first tag: a byte order mark, blanks, comments and an XML declaration.
std::string_view beginning(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  for (body = without_blanks(body); body.starts_with("<!--") || body.starts_with("<?"); body = without_blanks(body)) {
    const std::string_view end = body.starts_with("<?") ? "?>" : "-->";
    const std::size_t found = body.find(end);
    if (found == std::string_view::npos) return body;
    body.remove_prefix(found + end.size());
  }
  return body;
}

// The text of <title>, or "".
std::string title_of(std::string_view body) {
  body = body.substr(0, kPageHead);
  for (std::size_t tag = body.find('<'); tag != std::string_view::npos; tag = body.find('<', tag + 1)) {
    const std::string_view rest = body.substr(tag);
    if (!begins_with(rest, "<title>") && !begins_with(rest, "<title ")) continue;
    const std::string_view text = rest.substr(std::min(rest.find('>'), rest.size() - 1) + 1);
    return std::string(text.substr(0, text.find('<')));
  }
  return "";
}

std::optional<json::object> outcome_of(const http::Answer& answer) {
  auto body = parse_json(answer.body);
  if (!body || !body->is_object() || string_member(body->get_object(), "resourceType") != "OperationOutcome") return {};
  return body->get_object();
}

bool equal_text(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() && begins_with(text, lower_case);
}

bool is_passing(std::string_view code) {
  constexpr std::string_view codes[] = {"transient", "lock-error", "no-store", "timeout", "incomplete", "throttled"};
  return std::any_of(std::begin(codes), std::end(codes), [&](std::string_view one) { return equal_text(code, one); });
}

Fault fault_of(const json::value& issue) {
  const std::string code = issue.is_object() ? string_member(issue.get_object(), "code") : "";
  if (code.empty()) return Fault::unknown;
  if (is_passing(code)) return Fault::passing;
  return equal_text(code, "exception") ? Fault::exception : Fault::lasting;  // the 2019 service writes "Exception"
}

}  // namespace

Fault fault_of(const http::Answer& answer) {
  const auto outcome = outcome_of(answer);
  const json::value* issues = outcome ? outcome->if_contains("issue") : nullptr;
  if (!issues || !issues->is_array()) return Fault::unknown;
  std::array<bool, 4> seen{};
  for (const json::value& issue : issues->get_array()) seen[static_cast<std::size_t>(fault_of(issue))] = true;
  for (const Fault fault : {Fault::passing, Fault::exception, Fault::lasting})
    if (seen[static_cast<std::size_t>(fault)]) return fault;
  return Fault::unknown;
}

bool may_pass(const http::Answer& answer) {
  const Fault fault = fault_of(answer);
  if (fault == Fault::passing || answer.status == 429 || answer.status == 503) return true;
  return transient(answer.status) && fault != Fault::lasting;
}

int export_status(const http::Answer& answer) {
  const std::string_view text = without_blanks(answer.header("X-Export-Status"));
  if (answer.status != 200 || text.size() < 3 || (text.size() > 3 && text[3] != ' ')) return answer.status;
  int status = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + 3, status);
  return ec == std::errc() && end == text.data() + 3 && status >= 200 ? status : answer.status;
}

std::optional<Milliseconds> expires_in(const http::Answer& answer, Instant now) {
  const auto expires = parse_expires(answer.header("Expires"));
  if (!expires) return {};
  return std::chrono::duration_cast<Milliseconds>(*expires - parse_time(answer.header("Date")).value_or(now));
}

bool is_operation_outcome(const http::Answer& answer) { return outcome_of(answer).has_value(); }

std::string outcome_text(const http::Answer& answer) {
  auto outcome = outcome_of(answer);
  if (!outcome) return answer.media_type() == "text/plain" && !is_page(answer) ? tidy(answer.body, kLongestText) : "";
  const json::value* issues = outcome->if_contains("issue");
  std::string text;
  if (issues && issues->is_array())
    for (const json::value& issue : issues->get_array()) {
      std::string one = issue.is_object() ? issue_text(issue.get_object()) : "";
      if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
    }
  return tidy(text, kLongestText);
}

bool is_page(const http::Answer& answer) {
  const std::string_view body = beginning(answer.body);
  for (const char* tag : {"<!doctype html", "<html", "<head", "<title", "<meta", "<body", "<script"})
    if (begins_with(body, tag)) return true;
  const std::string type = answer.media_type();
  const bool is_json = body.starts_with('{') || body.starts_with('[');  // even if Content-Type says otherwise
  return (type == "text/html" || type == "application/xhtml+xml") && !is_json;
}

std::string page_text(const http::Answer& answer) {
  const std::string title = title_of(answer.body);
  return "a web page" + (tidy(title).empty() ? "" : " titled " + quote(title)) +
         "; either url is that of another server, or the page came from something in between, such as a proxy, a "
         "network's sign-in page or a firewall; check the setting url and the network, and that the service accepts "
         "this machine's address "
         "(BCDA's production service accepts only listed addresses)";
}

bool wants_tls(const http::Answer& answer) {
  constexpr std::string_view texts[] = {"sent an HTTP request to an HTTPS server",
                                        "plain HTTP request was sent to HTTPS port",
                                        "speaking plain HTTP to an SSL-enabled server port"};
  return answer.status == 400 && std::any_of(std::begin(texts), std::end(texts), [&](std::string_view text) {
           return answer.body.find(text) != std::string::npos;
         });
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
  else if (wants_tls(answer))
    text += "; the port speaks TLS; use https:// in the setting url";
  else if (is_page(answer))
    text += " and " + page_text(answer);
  Error error(Status::REFUSED, text);
  error.with_http(answer.status).with_outcome(outcome_text(answer)).may_retry(transient(answer.status));
  error.retry_after = retry_after(answer, now);
  return error;
}

std::optional<double> percent(std::string_view progress) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  for (std::size_t sign = progress.find('%'); sign != progress.npos; sign = progress.find('%', sign + 1)) {
    std::size_t begin = sign;
    while (begin > 0 && is_digit(progress[begin - 1])) --begin;
    double value = 0;
    if (std::from_chars(progress.data() + begin, progress.data() + sign, value).ec == std::errc())
      return std::clamp(value, 0.0, 100.0);
  }
  return {};
}

}  // namespace libbcda::bulk
