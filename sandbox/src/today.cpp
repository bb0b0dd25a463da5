#include "today.hpp"

#include <algorithm>
#include <cctype>

#include "base/words.hpp"
#include "credentials.hpp"
#include "random.hpp"
#include "today_outcome.hpp"
#include "values.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr const char* kJson = "application/fhir+json";
constexpr const char* kNotRunning = "job was not cancelled because it is not Pending or In Progress";
constexpr Duration kTokenLifetime = std::chrono::minutes(20);

Response no_such_page() { return text_answer(404, "404 page not found"); }

Response not_allowed(const std::string& allowed) {
  Response response = empty_answer(405);
  response.headers["Allow"] = allowed;
  return response;
}

// Whether a list such as "a;q=0, b" has this item. Parameters and case do not count.
bool lists(const std::string& header, std::string_view item) {
  std::string plain = lower(header);
  std::replace(plain.begin(), plain.end(), ';', ',');
  for (std::string part : split(plain, ',')) {
    std::erase_if(part, [](char c) { return c == ' ' || c == '\t'; });
    if (part == item) return true;
  }
  return false;
}

std::string check_headers(const Request& request) {
  const std::string accept = request.header("accept"), prefer = request.header("prefer");
  if (accept.empty()) return "Accept header is required";
  if (!lists(accept, kJson)) return "application/fhir+json is the only supported response format";
  if (prefer.empty()) return "Prefer header is required";
  return lists(prefer, "respond-async") ? "" : "Only asynchronous responses are supported";
}

bool looks_like_jwt(std::string_view token) {
  const auto parts = split(token, '.');
  auto header = parts.size() == 3 ? from_base64url(parts[0]) : std::nullopt;
  return header && as_text(*header).starts_with("{\"");
}

Response site(const Request& request) {
  const std::string_view path = request.path();
  if (request.method != "GET") return not_allowed("GET");
  if (path == "/_version") return json_answer(200, R"({"version":"latest"})");
  if (path == "/_auth") return json_answer(200, R"({"auth_provider":"ssas","version":"latest"})");
  if (path != "/_health") return no_such_page();
  Response response;
  response.body = R"({"database":"ok","ssas":"ok","ssas_introspect":"ok"})";
  response.sniffed_type = "text/plain; charset=utf-8";
  return response;
}

Response attribution(const Call& call) {
  if (call.options.beneficiaries == 0) return refusal(call.version, 404);
  const std::string latest = rfc3339(call.now - std::chrono::days(2)),
                    runout = rfc3339(call.now - std::chrono::days(30));
  return json_answer(200, R"({"ingestion_dates":[{"timestamp":")" + latest +
                              R"(","type":"last_attribution_update"},{"timestamp":")" + runout +
                              R"(","type":"last_runout_update"}]})");
}

std::optional<std::string> bad_states(const std::vector<std::string>& states) {
  constexpr std::string_view all =
      "Archived:{} Cancelled:{} CancelledExpired:{} Completed:{} Expired:{} Failed:{} FailedExpired:{} In Progress:{} "
      "Pending:{}";
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (std::count(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(i), states[i]) > 0)
      return "Repeated status type " + states[i];
    if (states[i].empty() || (" " + std::string(all)).find(" " + states[i] + ":{}") == std::string::npos)
      return "invalid status type " + states[i] + ". Supported types map[" + std::string(all) + "]";
  }
  return std::nullopt;
}

Response no_jobs(const Call& call, const std::vector<std::string>& states) {
  std::string names;
  for (const std::string& state : states) names += (names.empty() ? "" : " ") + state;
  Response response =
      refusal(call.version, 404, "no Jobs found for acoID " + call.organization + " with job statuses [" + names + "]");
  response.body += R"({"resourceType":"Bundle","type":"searchset","total":0})";  // the service does not stop
  return response;
}

Response progress(const std::string& text) {
  Response response = empty_answer(202);
  response.headers["X-Progress"] = text;
  return response;
}

// The status of a job that has finished a day ago or earlier.
Response past(const Call& call, const Job& job) {
  if (job.state(call.now) == State::expired) {
    Response response = refusal(call.version, 404);
    response.body += response.body;  // the service does not stop after the first one
    return response;
  }
  Response response = refusal(call.version, 410);
  response.headers["Expires"] = go_time(job.expires());
  return response;
}

}  // namespace

Response Today::answer(const Request& request, const Options& options, Time now) {
  Call call{request, options, now};
  const std::string_view path = request.path();
  if (path == "/auth/token") return request.method == "POST" ? token(call) : not_allowed("POST");
  if (path == "/auth/welcome") {
    if (request.method != "GET") return not_allowed("GET");
    if (auto refused = refuse_token(call)) return *refused;
    return json_answer(200, R"({"success":"Welcome to the Beneficiary Claims Data API!"})");
  }
  if (path.starts_with("/data/")) return data(call, path.substr(6));
  for (int version : {1, 2, 3}) {
    const std::string prefix = "/api/v" + std::to_string(version) + "/";
    call.version = version;
    if (path.starts_with(prefix)) return versioned(call, path.substr(prefix.size()));
  }
  return site(request);
}

Response Today::versioned(Call call, std::string_view path) {
  const bool get = call.request.method == "GET";
  const bool is_job = path.starts_with("jobs/") && path.size() > 5 && path.find('/', 5) == std::string_view::npos;
  const bool is_group = path.starts_with("Group/") && path.ends_with("/$export") && path.size() > 14 &&
                        std::count(path.begin(), path.end(), '/') == 2;
  const bool is_export = path == "Patient/$export" || is_group;
  if (!is_job && !is_export && path != "jobs" && path != "attribution_status" && path != "metadata")
    return no_such_page();
  if (!get && !(is_job && call.request.method == "DELETE"))
    return not_allowed(is_job ? "GET\r\nAllow: DELETE" : "GET");  // two header lines
  if (path == "metadata") return metadata(call.version, base_url(call.request), call.now);
  if (auto refused = refuse_token(call)) return *refused;
  if (is_job) return get ? status(call, path.substr(5)) : cancel(call, path.substr(5));
  if (path == "jobs") return list(call);
  return is_export ? kick_off(call) : attribution(call);
}

// ---- Tokens --------------------------------------------------------------------------------------------------------

Response Today::token(const Call& call) {
  auto credentials = basic_credentials(call.request.header("authorization"));
  if (!credentials) return text_answer(400, "Bad Request");
  if (!is_known(*credentials, call.options)) return text_answer(401, "Unauthorized");
  const Duration lifetime = call.options.token_lifetime.value_or(kTokenLifetime);
  const std::string token = tokens_.issue(credentials->id, call.now, lifetime);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(lifetime).count();
  Response response = json_answer(200, "{\"access_token\": \"" + token + "\", \"expires_in\": \"" +
                                           std::to_string(seconds) + "\", \"token_type\":\"bearer\"}");
  response.headers["Cache-Control"] = "no-store";
  response.headers["Pragma"] = "no-cache";
  return response;
}

std::optional<Response> Today::refuse_token(Call& call) {
  const std::string header = call.request.header("authorization");
  const std::string_view token = bearer_token(header);
  if (token.empty()) return refusal(call.version, 401, "Invalid Token");
  auto organization = tokens_.organization_of(token, call.now);
  if (organization) {
    call.organization = *organization;
    return std::nullopt;
  }
  if (looks_like_jwt(token)) return refusal(call.version, 401, "Expired Token");
  return refusal(call.version, 400, "Request Error");
}

// ---- Jobs ----------------------------------------------------------------------------------------------------------

Response Today::kick_off(const Call& call) {
  Order order = read_order(parse_query(call.request.target), {call.version, call.options.reach}, call.now);
  if (!order.refusal.empty()) return refusal(call.version, 400, order.refusal);
  if (std::string why = check_headers(call.request); !why.empty()) return refusal(call.version, 400, why);
  const std::string_view path = call.request.path();
  const bool runout = path.find("/Group/runout/") != std::string_view::npos;
  if (path.find("/Group/") != std::string_view::npos && !runout && path.find("/Group/all/") == std::string_view::npos)
    return refusal(call.version, 400, "Invalid group ID");
  if (call.options.beneficiaries == 0) {
    return refusal(call.version, 404,
                   runout ? "runout data is no longer available. Runout data expires 180 days after ingestion"
                          : "failed to start job; attribution file not found");
  }
  auto job = new_job(call, std::move(order));
  Response response = empty_answer(429);
  response.headers["Retry-After"] = std::to_string(call.options.retry_after);
  if (!jobs_.add(job, call.options.production)) return response;
  response = empty_answer(202);
  if (!strikes(FaultKind::no_location, call)) {
    response.headers["Content-Location"] =
        base_url(call.request) + "/api/v" + std::to_string(call.version) + "/jobs/" + std::to_string(job->id);
  }
  return response;
}

std::shared_ptr<Job> Today::new_job(const Call& call, Order order) {
  const Options& o = call.options;
  auto job = std::make_shared<Job>();
  job->version = call.version;
  job->seed = static_cast<std::uint64_t>(o.seed) * 2 + (call.organization == o.client_id ? 0 : 1);
  job->organization = call.organization;
  job->request = base_url(call.request) + call.request.target;
  job->types = std::move(order.types);
  job->every_type = order.every_type;
  job->since = order.since;
  job->begin(o, faults_, call.request, call.now);
  for (const std::string& type : job->types) {
    job->warns |= call.version == 3 && type == "ExplanationOfBenefit" && !order.has_system_type;
    job->doom.fails |= type == "Observation";  // the service lists this type but has no such data
    if (type == "Observation") continue;
    job->add_files(type, o.beneficiaries, o.beneficiaries_per_file, Content::data);
    if (o.error_rate > 0) job->add_files(type, o.beneficiaries, o.beneficiaries_per_file, Content::errors);
  }
  return job;
}

std::optional<Response> Today::find_job(const Call& call, std::string_view id, std::shared_ptr<Job>& job) const {
  auto number = parse_integer(id);
  if (!number) return refusal(call.version, 400);
  job = jobs_.find(*number);
  if (!job) return refusal(call.version, 404);
  if (job->organization != call.organization) return refusal(call.version, 401);
  return std::nullopt;
}

Response Today::status(const Call& call, std::string_view id) {
  std::shared_ptr<Job> job;
  if (auto refused = find_job(call, id, job)) return *refused;
  switch (job->state(call.now)) {
    case State::pending:
      return progress("Pending");
    case State::in_progress:
      return progress("In Progress (" + std::to_string(job->percent(call.now)) + "%)");
    case State::failed:
      return refusal(call.version, 500, "Service encountered numerous errors. Job failed to complete.");
    case State::cancelled:
      return refusal(call.version, 404, "Job has been cancelled.");
    case State::completed:
      return finished(call, *job);
    case State::past_lifetime:
    case State::expired:
      break;
  }
  return past(call, *job);
}

Response Today::finished(const Call& call, const Job& job) {
  auto strike = [&](FaultKind kind) { return faults_.strike(kind, call.request.line()); };
  ManifestFaults faults;
  faults.other_origin = strike(FaultKind::other_origin);
  faults.plain_http = strike(FaultKind::plain_http);
  faults.traversal = strike(FaultKind::traversal);
  std::string text = manifest(job, base_url(call.request), faults);
  if (strike(FaultKind::not_json)) text.resize(text.size() / 2);
  Response response = json_answer(200, std::move(text));
  response.headers["Expires"] = go_time(job.expires());
  return response;
}

Response Today::cancel(const Call& call, std::string_view id) {
  std::shared_ptr<Job> job;
  if (auto refused = find_job(call, id, job)) return *refused;
  if (job->cancel(call.now)) return empty_answer(202);
  Response response = refusal(call.version, 410, kNotRunning);
  if (job->state(call.now) != State::expired) return response;
  response.body = outcome(call.version, "not-found") + response.body;
  response.status = 404;
  return response;
}

Response Today::list(const Call& call) {
  if (std::string why = check_headers(call.request); !why.empty()) return refusal(call.version, 400, why);
  std::vector<std::string> states{"Archived", "Cancelled",     "CancelledExpired", "Completed", "Expired",
                                  "Failed",   "FailedExpired", "In Progress",      "Pending"};
  if (auto wanted = first_value(parse_query(call.request.target), "_status")) states = split(*wanted, ',');
  if (auto why = bad_states(states)) return refusal(call.version, 400, *why);
  const std::string url = base_url(call.request) + "/api/v" + std::to_string(call.version) + "/jobs";
  std::string entries;
  std::size_t count = 0;
  for (const auto& job : jobs_.of(call.organization)) {
    if (std::find(states.begin(), states.end(), state_name(job->state(call.now))) == states.end()) continue;
    entries += (count++ > 0 ? "," : "") + task(*job, url, call.now);
  }
  if (count == 0) return no_jobs(call, states);
  return json_answer(200, R"({"resourceType":"Bundle","type":"searchset","total":)" + std::to_string(count) +
                              ",\"entry\":[" + entries + "]}");
}

Response Today::data(Call call, std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash + 1 == path.size()) return no_such_page();
  const std::string_view id = path.substr(0, slash), name = path.substr(slash + 1);
  if (name.find('/') != std::string_view::npos) return no_such_page();
  if (call.request.method != "GET") return not_allowed("GET");
  if (auto refused = refuse_token(call)) return *refused;
  std::shared_ptr<Job> job;
  if (auto refused = find_job(call, id, job)) return *refused;
  if (name == kWarnings && job->warns) return serve_warnings(call.request, *job);
  const File* file = job->find(name);
  const State state = job->state(call.now);
  const bool exists = file && (state == State::completed || state == State::past_lifetime || state == State::expired);
  if (!exists) return refusal(1, 404, "Job not found");
  if (state != State::expired) return serve_stored(call.request, *job, *file);
  Response response = refusal(1, 404);
  response.body += job->plaintext(*file);  // the service does not stop, so the file follows the error
  return response;
}

}  // namespace libbcda::sandbox::today
