#include "bulk/job_list.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "bulk/answer.hpp"
#include "http/form.hpp"

namespace libbcda::bulk {
namespace {

constexpr const char* kJobList = "the request for the job list";
constexpr const char* kAttribution = "the request for the attribution status";
constexpr std::size_t kLongestRequest = 2000;  // of a URL that a job list shows

[[noreturn]] void lacks(const Service& service, const std::string& what) {
  throw Error(Status::INVALID_ARGUMENT, service.profile.title + " has no " + what +
                                            "; the setting profile says which server it is, and profile_file may say "
                                            "more about it");
}

const json::object* object_in(const json::value* value) { return value ? value->if_object() : nullptr; }

const json::array* list_in(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member ? member->if_array() : nullptr;
}

// The first object of a list, or null.
const json::object* first_in(const json::object& object, std::string_view name) {
  const json::array* list = list_in(object, name);
  return list && !list->empty() ? list->front().if_object() : nullptr;
}

std::string text_in(const json::object* object, std::string_view name, std::size_t longest = 200) {
  return object ? tidy(string_member(*object, name), longest) : "";
}

bool is_job_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

json::object read_task(const json::object& task, const Service& service) {
  const std::string id = text_in(first_in(task, "identifier"), "value");
  const json::object* period = object_in(task.if_contains("executionPeriod"));
  const std::string url = is_job_id(id) ? service.at(service.profile.jobs_path + "/" + id).text() : "";
  return {{"id", id},
          {"status", text_in(&task, "status")},
          {"request", text_in(first_in(task, "input"), "valueString", kLongestRequest)},
          {"start", text_in(period, "start")},
          {"end", text_in(period, "end")},
          {"url", url}};
}

// The first JSON object of a body, because an error may be followed by a second document. nullopt with 404 and an
// OperationOutcome: there is nothing to list. Throws for any other refusal.
std::optional<json::object> read_listing(const http::Answer& answer, const char* what, Instant now) {
  if (answer.status == 404 && is_operation_outcome(answer)) return std::nullopt;
  if (answer.status != 200) throw refusal(answer, what, now);
  auto body = parse_json(answer.body);
  if (body && body->is_object()) return body->get_object();
  const std::string found = is_page(answer) ? page_text(answer) : "text that is not a JSON object";
  throw Error(Status::PROTOCOL, std::string(what) + " was answered with " + found);
}

// Some samples of the documentation have a blank instead of the T, and a zone without minutes: +00.
std::string as_time(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  const std::size_t sign = text.find_last_of("+-");
  if (sign != std::string::npos && sign > 10 && text.size() == sign + 3) text += ":00";
  const auto time = parse_time(text);
  return time ? to_rfc3339(*time) : tidy(text, 200);
}

}  // namespace

http::Request job_list_request(const Service& service, const std::vector<std::string>& states) {
  const Profile& profile = service.profile;
  if (profile.jobs_path.empty()) lacks(service, "job list");
  std::string wanted;
  for (const std::string& state : states) {
    const auto& known = profile.job_states;
    if (!known.empty() && std::find(known.begin(), known.end(), state) == known.end()) {
      const std::string* near = nearest(state, known);
      std::string all;
      for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
      throw Error(Status::INVALID_ARGUMENT, "jobs have no status " + quote(state) + "; " +
                                                (near ? "did you mean " + *near + "?" : "they have " + all));
    }
    if (("," + wanted + ",").find("," + state + ",") != std::string::npos) continue;  // the service refuses it
    wanted += (wanted.empty() ? "" : ",") + state;
  }
  http::Request request;
  request.url = service.at(profile.jobs_path);
  if (!wanted.empty()) request.url.target += "?_status=" + http::percent_encode_query(wanted, ",");
  if (!profile.accept.empty()) request.headers.emplace_back("Accept", profile.accept);
  if (!profile.prefer.empty()) request.headers.emplace_back("Prefer", profile.prefer);
  return request;
}

json::array read_job_list(const http::Answer& answer, const Service& service, Instant now) {
  const auto bundle = read_listing(answer, kJobList, now);
  json::array jobs;
  if (!bundle) return jobs;
  if (string_member(*bundle, "resourceType") != "Bundle")
    throw Error(Status::PROTOCOL, std::string(kJobList) + " was answered with JSON that is no Bundle");
  const json::array* entries = list_in(*bundle, "entry");
  if (!entries) return jobs;
  for (const json::value& entry : *entries) {
    const json::object* object = entry.if_object();
    const json::object* task = object ? object_in(object->if_contains("resource")) : nullptr;
    if (task && string_member(*task, "resourceType") == "Task") jobs.push_back(read_task(*task, service));
  }
  return jobs;
}

http::Request attribution_request(const Service& service) {
  if (service.profile.attribution_path.empty()) lacks(service, "attribution status");
  http::Request request;
  request.url = service.at(service.profile.attribution_path);
  request.headers = {{"Accept", "application/json"}};
  return request;
}

json::array read_attribution(const http::Answer& answer, Instant now) {
  const auto body = read_listing(answer, kAttribution, now);
  json::array dates;
  if (!body) return dates;
  const json::array* list = list_in(*body, "ingestion_dates");
  if (!list) throw Error(Status::PROTOCOL, std::string(kAttribution) + " was answered without ingestion_dates");
  for (const json::value& item : *list)
    if (const json::object* date = item.if_object())
      dates.push_back(
          json::object{{"type", text_in(date, "type")}, {"time", as_time(string_member(*date, "timestamp"))}});
  return dates;
}

http::Request cancel_request(const Service& service, const http::Url& url) {
  if (!service.profile.cancels) lacks(service, "request that cancels a job");
  http::Request request;
  request.method = "DELETE";
  request.url = url;
  request.headers = {{"Accept", "application/fhir+json"}};
  return request;
}

void read_cancellation(const http::Answer& answer, const http::Url& url, Instant now) {
  const int status = answer.status;
  const bool is_success = status == 200 || status == 202 || status == 204;
  if (is_success && !answer.body.empty() && is_page(answer))
    throw Error(Status::PROTOCOL,
                "the request to cancel the job at " + url.shown() + " was answered with " + page_text(answer));
  if (is_success) return;
  const std::string job = "the job at " + url.shown();
  Error error = refusal(answer, "the request to cancel " + job, now);
  if (status == 404 && !is_page(answer)) {
    error.status = Status::JOB_GONE;
    error.message = job + " is not there to be canceled (HTTP 404): it was canceled, has ended, or is unknown";
  }
  if (status == 410)
    error.message = job + " can no longer be canceled (HTTP 410): it has ended, or was canceled before";
  if (status == 405 || status == 501) error.message += "; the service takes no request that cancels a job";
  throw error;
}

}  // namespace libbcda::bulk
