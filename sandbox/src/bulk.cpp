// Routing, tokens and kick-offs.
#include "bulk.hpp"

#include <algorithm>

#include "credentials.hpp"
#include "random.hpp"

namespace libbcda::sandbox::bulk {
namespace {

constexpr std::int64_t kMostAtOnce = 1 << 20;

bool starts_async(const std::string& prefer, bool exact) {
  if (exact) return prefer == "respond-async";
  return prefer.find("respond-async") != std::string::npos;
}

bool takes_method(const Dialect& dialect, const std::string& method) {
  if (!*dialect.methods) return method != "DELETE";
  for (const std::string& one : today::split(dialect.methods, ' '))
    if (one == method) return true;
  return false;
}

// A status URL may have its job in the query, and a page after it.
std::string status_key(const Request& request) {
  const std::string_view target = request.target;
  const std::size_t mark = target.find("?page=");
  return std::string(target.substr(0, std::min(mark, target.find('&'))));
}

std::string before_job(const std::string& pattern) { return pattern.substr(0, pattern.find('{')); }

Response capability(const Dialect& dialect, const std::string& origin, Time now) {
  const std::string base = origin + dialect.base;
  const std::string uris = dialect.login == Login::none
                               ? ""
                               : R"("security":{"extension":[{"url":)"
                                 R"("http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",)"
                                 R"("extension":[{"url":"token","valueUri":)" +
                                     plain_json_string(token_url(dialect, origin)) + "}]}]},";
  Response response = json_answer(
      200,
      R"({"resourceType":"CapabilityStatement","status":"active","date":")" + calendar_date(now) +
          R"(","kind":"instance","instantiates":["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"],)"
          R"("implementation":{"description":"libbcda sandbox","url":)" +
          plain_json_string(base) + "},\"fhirVersion\":\"" + (dialect.fhir == 1 ? "3.0.1" : "4.0.1") +
          R"(","format":["json"],"rest":[{"mode":"server",)" + uris +
          R"("operation":[{"name":"export",)"
          R"("definition":"http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"}]}]})");
  response.headers["Content-Type"] = "application/fhir+json";
  return response;
}

}  // namespace

Response Bulk::answer(const Request& request, const Options& options, Time now, const Dialect& dialect) {
  Call call{request, options, now, dialect, {}};
  const std::string_view path = request.path();
  const std::string origin = base_url(request);
  if (dialect.login != Login::none && origin + std::string(path) == token_url(dialect, origin))
    return oauth_.answer(request, dialect, options, now);
  if (dialect.discovery && path == dialect.base + "/.well-known/smart-configuration")
    return smart_configuration(dialect, origin);
  if (path == dialect.base + "/metadata") return capability(dialect, origin, now);

  std::lock_guard lock(mutex_);
  Response response = text_answer(404, "404 page not found");
  if (const auto group = kick_off_group(call)) {
    response = kick_off(call, *group);
  } else if (const auto job = jobs_.find(status_key(request)); job != jobs_.end()) {
    response = status(call, *job->second);
  } else if (const auto found = files_.find(std::string(path)); found != files_.end()) {
    const auto& [entry, index] = found->second;
    response = file(call, *entry, entry->job->files[index]);
  } else if (request.target.starts_with(before_job(dialect.status_path))) {
    response = refuse_token(call, true)
                   .value_or(dialect.refusal(
                       404,
                       request.method == "DELETE"
                           ? "Unknown procedure. Perhaps it is already completed and thus, it cannot be canceled"
                           : "The export was not found",
                       "not-found"));
  } else if (path.starts_with(dialect.base + "/")) {
    response = dialect.refusal(404, "Unknown resource type", "processing");
  }
  if (*dialect.powered_by) response.headers["X-Powered-By"] = dialect.powered_by;
  return response;
}

std::optional<Response> Bulk::refuse_token(Call& call, bool open) const {
  const Dialect& dialect = call.dialect;
  const std::string header = call.request.header("authorization");
  if (header.empty()) {
    if (open || dialect.no_token == 0) return std::nullopt;
    return dialect.refusal(dialect.no_token, "Authentication is required", "security");
  }
  if (dialect.bad_token == 0) return std::nullopt;
  const std::string_view token = bearer_token(header);
  if (token.empty() && dialect.no_token != 0)
    return dialect.refusal(dialect.no_token, "Credentials are required to access this resource.", "security");
  if (const auto organization = tokens_.organization_of(token, call.now)) {
    call.organization = *organization;
    return std::nullopt;
  }
  const bool parsable = std::count(token.begin(), token.end(), '.') == 2;
  return dialect.refusal(dialect.bad_token, parsable ? "Invalid token jwt expired" : "Invalid token jwt malformed",
                         "security");
}

std::optional<std::string> Bulk::kick_off_group(const Call& call) {
  std::string_view path = call.request.path();
  const Dialect& dialect = call.dialect;
  if (!path.starts_with(dialect.base + "/") || !path.ends_with("/$export")) return std::nullopt;
  path.remove_prefix(dialect.base.size());
  if (dialect.system && path == "/$export") return "";
  if (dialect.patient && path == "/Patient/$export") return "";
  constexpr std::string_view lead = "/Group/", tail = "/$export";
  if (!dialect.group_level || !path.starts_with(lead) || path.size() <= lead.size() + tail.size()) return std::nullopt;
  path = path.substr(lead.size(), path.size() - lead.size() - tail.size());
  return path.find('/') == std::string_view::npos ? std::optional(std::string(path)) : std::nullopt;
}

Response Bulk::kick_off(Call call, const std::string& group) {
  const Dialect& dialect = call.dialect;
  if (!takes_method(dialect, call.request.method)) return empty_answer(405);
  if (auto refused = refuse_token(call, false)) return *refused;
  Order order;
  if (auto refused = read_order(call.request, dialect, call.now, order)) return *refused;
  if (auto refused = refuse_kick_off(call, group, order)) return *refused;

  auto entry = std::make_shared<Entry>(Entry{new_job(call, group, order), order.format});
  const std::string target = with_names(dialect.status_path, entry->job->key, "");
  jobs_[target] = entry;
  for (std::size_t i = 0; i < entry->job->files.size(); ++i) files_[entry->job->files[i].path] = {entry, i};

  const std::string location = base_url(call.request) + target;
  Response response = empty_answer(202);
  if (dialect.has_deleted)
    response = dialect.refusal(202, "Your request has been accepted. You can check its status at \"" + location + "\"",
                               "processing");
  if (!strikes(FaultKind::no_location, call)) response.headers["Content-Location"] = location;
  return response;
}

std::optional<Response> Bulk::refuse_kick_off(const Call& call, const std::string& group, const Order& order) {
  const Dialect& dialect = call.dialect;
  if (*dialect.accept && call.request.header("accept") != dialect.accept)
    return dialect.refusal(400, "The Accept header must be application/fhir+json", "invalid");
  if (!starts_async(call.request.header("prefer"), dialect.exact_prefer))
    return dialect.refusal(400, "The Prefer header must be respond-async", "invalid");
  if (dialect.knows_groups && !group.empty() && group != dialect.group)
    return dialect.refusal(404, "Resource Group/" + group + " is not known", "not-found");
  if (dialect.empty_group != 0 && call.options.beneficiaries == 0)
    return dialect.refusal(dialect.empty_group, "The group has no active patients", "not-found");
  const bool at_system_level = call.request.path() == dialect.base + "/$export";
  if (at_system_level && !order.patients.empty())
    return dialect.refusal(400, "The patient parameter is not available in system-level export requests", "invalid");
  return call.options.production ? refuse_running(call) : std::nullopt;
}

// A client has one job at a time.
std::optional<Response> Bulk::refuse_running(const Call& call) {
  std::string running;
  for (const auto& [target, entry] : jobs_) {
    const State state = entry->job->state(call.now);
    if (state != State::pending && state != State::in_progress) continue;
    if (entry->job->organization != call.organization) continue;
    running += (running.empty() ? "" : ", ") + base_url(call.request) + target;
  }
  if (running.empty()) return std::nullopt;
  Response response = empty_answer(429);
  response.headers["Retry-After"] = std::to_string(call.options.retry_after);
  if (call.dialect.names_running) response.headers["Content-Location"] = running;
  return response;
}

std::shared_ptr<Job> Bulk::new_job(const Call& call, const std::string& group, const Order& order) {
  const Options& o = call.options;
  auto job = std::make_shared<Job>();
  job->version = call.dialect.fhir;
  job->key = random_uuid();
  job->seed = static_cast<std::uint64_t>(o.seed) * 2;
  job->organization = call.organization;
  job->request = base_url(call.request) + call.request.target;
  job->types = order.types;
  const bool at_patients = call.request.path() == call.dialect.base + "/Patient/$export";
  if (!call.dialect.ignores_since || !at_patients) job->since = order.since;
  job->half = !group.empty();
  job->only = order.patients;
  job->partial = order.partial;
  job->begin(o, faults_, call.request, call.now);
  const bool is_empty = job->doom.empty || (!group.empty() && group != call.dialect.group);
  if (!is_empty) add_files(call, *job, order.by_patient);
  return job;
}

void Bulk::add_files(const Call& call, Job& job, bool by_patient) const {
  const Options& o = call.options;
  if (by_patient) job.add_files("", o.beneficiaries, o.beneficiaries_per_file, Content::blocks);
  for (const std::string& type : job.types) {
    if (!by_patient) job.add_files(type, o.beneficiaries, o.beneficiaries_per_file, Content::data);
    if (o.error_rate > 0) job.add_files(type, o.beneficiaries, o.beneficiaries_per_file, Content::errors);
    if (call.dialect.has_deleted && job.since) job.add_files(type, o.beneficiaries, kMostAtOnce, Content::deleted);
  }
  job.share_working_time();
  for (File& file : job.files) file.path = with_names(call.dialect.file_path, job.key, file.name);
}

}  // namespace libbcda::sandbox::bulk
