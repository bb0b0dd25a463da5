#include "bulk/running_job.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>

#include "base/error.hpp"
#include "bulk/manifest.hpp"

namespace libbcda::bulk {
namespace {

// Also takes '+' for a blank, as servers do in a query.
std::string decoded(std::string_view text, bool is_query) {
  std::string made;
  while (!text.empty()) {
    unsigned value = 0;
    const char* digits = text.data() + 1;
    const bool escaped =
        text[0] == '%' && text.size() > 2 && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    made += escaped ? static_cast<char>(value) : is_query && text[0] == '+' ? ' ' : text[0];
    text.remove_prefix(escaped ? 3 : 1);
  }
  return made;
}

std::vector<std::string> parameters_of(const http::Url& url) {
  std::vector<std::string> all;
  std::string_view rest = url.target;
  rest.remove_prefix(std::min(url.path().size() + 1, rest.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    if (end > 0) all.push_back(decoded(rest.substr(0, end), true));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::vector<http::Url> running_jobs(const http::Answer& answer, const http::Url& base, const http::Url& service) {
  std::vector<http::Url> jobs;
  std::string_view rest = answer.header("Content-Location");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    try {
      const http::Url url =
          on_service_origin(http::resolve_url(base, rest.substr(0, end), "Content-Location"), service);
      if (end > 0 && http::same_origin(url, service)) jobs.push_back(url);
    } catch (const Error&) {
      // What is no URL names no job.
    }
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return jobs;
}

std::vector<RunningJob> running_in(const json::array& job_list, const http::Url& service,
                                   std::optional<Instant> since) {
  constexpr std::string_view kActive[] = {"requested", "received", "accepted", "ready", "in-progress"};  // FHIR Task
  constexpr std::string_view kMethod = "GET ";
  std::vector<RunningJob> running;
  for (const json::value& item : job_list) {
    const json::object* job = item.if_object();
    const std::string url = job ? string_member(*job, "url") : "";
    if (url.empty()) continue;
    const std::string status = string_member(*job, "status");
    std::string request = string_member(*job, "request");
    const bool is_active = std::find(std::begin(kActive), std::end(kActive), status) != std::end(kActive);
    const auto began = parse_time(string_member(*job, "start"));
    const bool is_done = since && status == "completed" && began && *began >= *since;
    if (!(is_active || is_done) || !request.starts_with(kMethod)) continue;
    const http::Url status_url = http::parse_url(url, "the URL of a running job");
    if (http::same_origin(status_url, service)) running.push_back({status_url, request.substr(kMethod.size()), began});
  }
  return running;
}

bool is_same_request(std::string_view text, const http::Url& ours) {
  if (text.empty()) return false;
  try {
    const http::Url theirs = http::resolve_url(ours, text, "the request of a manifest");
    return decoded(theirs.path(), false) == decoded(ours.path(), false) && parameters_of(theirs) == parameters_of(ours);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace libbcda::bulk
