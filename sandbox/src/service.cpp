#include "service.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "credentials.hpp"
#include "fault_table.hpp"
#include "oddities.hpp"
#include "random.hpp"
#include "ranges.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

// The service's OperationOutcomes contain their kind twice, and sometimes more text.
std::string outcome(const std::string& code, const std::string& text, const std::string& diagnostics = "") {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"Error","code":")" + code +
         R"(","details":{"coding":[{"display":")" + text + R"("}],"text":")" + text + "\"}" +
         (diagnostics.empty() ? "" : ",\"diagnostics\":\"" + diagnostics + "\"") + "}]}";
}

Response unauthorized() { return json_answer(401, outcome("Exception", "Invalid Token")); }
Response not_found() { return json_answer(404, outcome("Exception", "Not Found")); }
Response no_such_page() { return text_answer(404, "404 page not found"); }
Response failure() { return json_answer(500, outcome("Exception", "Processing Failure")); }
Response malformed(const char* why) { return json_answer(400, outcome("Structural Issue", "Formatting Error", why)); }

// The part of `path` between `prefix` and `suffix`, if it is one non-empty segment.
std::optional<std::string_view> segment(std::string_view path, std::string_view prefix, std::string_view suffix) {
  if (!path.starts_with(prefix) || !path.ends_with(suffix) || path.size() <= prefix.size() + suffix.size()) return {};
  path.remove_prefix(prefix.size());
  path.remove_suffix(suffix.size());
  if (path.find('/') != std::string_view::npos) return {};
  return path;
}

std::optional<Resource> resource_named(std::string_view name) {
  for (Resource each : {Resource::patient, Resource::coverage, Resource::explanation_of_benefit})
    if (name == resource_name(each)) return each;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(byte->front()) : text[i];
    if (byte) i += 2;
  }
  return out;
}

bool climbs(std::string_view path) {  // has a segment ".." after decoding
  std::string decoded = "/" + percent_decoded(path) + "/";
  std::replace(decoded.begin(), decoded.end(), '\\', '/');
  return decoded.find("/../") != std::string::npos;
}

const char* release(Era era) {
  switch (era) {
    case Era::sep2019:
      return "r32";
    case Era::oct2019:
      return "r34";
    case Era::nov2019_off:
      return "r36";
    default:
      return "latest";
  }
}

constexpr Duration kTokenLifetime = std::chrono::minutes(60);

constexpr const char* kWebPage =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method=\"post\">Please sign "
    "in.</form></body></html>\n";

Response web_page() {
  Response response;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
  response.body = kWebPage;
  return response;
}

Response faulty_status(const Fault& fault, const Request& request, Time now) {
  int code = static_cast<int>(fault.number);
  Response response = text_answer(code, fault.text.empty() ? "status " + std::to_string(code) : fault.text);
  const bool token = is_token_request(request.line());
  if (fault.text.empty() && code == 401) response = token ? text_answer(401, "Unauthorized") : unauthorized();
  if (fault.text.empty() && code == 429) response = empty_answer(429);
  if (fault.text.empty() && code == 500) response = failure();
  if (!fault.retry_after.empty()) response.headers["Retry-After"] = with_times(fault.retry_after, now);
  return response;
}

void flip(std::string& body, const Position& at) {
  const std::uint64_t byte = at.in(body.size());
  if (byte < body.size()) body[byte] = static_cast<char>(body[byte] ^ 1);
}

}  // namespace

Service::Service(Options options, std::string public_key, Registration client, Clock::Source time)
    : options_(std::move(options)),
      public_key_(std::move(public_key)),
      secret_(random_bytes(32)),
      clock_(std::move(time)),
      bulk_(tokens_, faults_, std::move(client)) {
  for (const std::string& id : {options_.client_id, options_.second_client_id}) {
    if (id.empty()) continue;
    Population population{static_cast<std::uint64_t>(options_.seed), options_.beneficiaries, options_.error_rate, id};
    archives_[id] = std::make_shared<Archive>(population, options_.beneficiaries_per_file, options_.files_per_type,
                                              options_.bytes_per_type);
  }
  clock_.advance(options_.clock);
  for (const Fault& fault : options_.faults) faults_.add(fault);
}

Options Service::options() const {
  std::lock_guard lock(mutex_);
  return options_;
}

void Service::control(std::string_view name, std::string_view value) {
  const OptionRow& row = option_named(name);
  if (!row.changeable)
    throw Error(Status::INVALID_ARGUMENT, "the sandbox option " + std::string(name) + " cannot change while it runs");
  std::lock_guard lock(mutex_);
  Options changed = options_;
  changed.faults.clear();
  changed.set(name, value);
  if (name == "clock") clock_.advance(changed.clock);
  if (name == "fault" && changed.faults.empty()) faults_.clear();
  for (const Fault& fault : changed.faults) faults_.add(fault);
  options_ = std::move(changed);
}

std::int64_t Service::request_count(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  std::int64_t count = 0;
  for (auto it = counts_.lower_bound(std::string(prefix)); it != counts_.end() && it->first.starts_with(prefix); ++it)
    count += it->second;
  return count;
}

Response Service::answer(const Request& request) {
  {
    std::lock_guard lock(mutex_);
    ++counts_[request.method + " " + std::string(request.path())];
  }
  std::string line = request.line();
  Response response;
  auto wrong_status = faults_.strike(FaultKind::status, line);
  if (strikes(FaultKind::revoke, request)) tokens_.revoke_all();
  if (wrong_status) {
    response = faulty_status(*wrong_status, request, now());
  } else if (strikes(FaultKind::html, request)) {
    response = web_page();
  } else {
    response = request.at_storage ? at_storage(request) : at_service(request);
  }
  add_faults(request, response);
  change(request, response);
  return response;
}

void Service::add_faults(const Request& request, Response& response) {
  std::string line = request.line();
  response.no_answer = strikes(FaultKind::no_answer, request);
  if (auto fault = faults_.strike(FaultKind::delay, line)) response.delay = fault->time;
  if (auto fault = faults_.strike(FaultKind::huge_header, line))
    response.headers["X-Filler"] = std::string(static_cast<std::size_t>(fault->number), 'x');
  if (response.status != 200 && response.status != 206) return;  // the other faults affect only bodies
  response.reset = faults_.strike(FaultKind::reset, line);
  response.truncate = faults_.strike(FaultKind::truncate, line);
  response.stall = faults_.strike(FaultKind::stall, line);
  response.drip = faults_.strike(FaultKind::drip, line);
  if (response.file) {
    response.flip = faults_.strike(FaultKind::flip, line);
  } else if (is_file_request(line)) {
    if (auto fault = faults_.strike(FaultKind::flip, line)) flip(response.body, fault->at);
  }
}

Response Service::route(const Request& request) {
  std::string_view path = request.path();
  auto only = [&](const char* method, auto&& handler) {
    return request.method == method ? handler() : empty_answer(405);
  };
  if (path == "/auth/token") return only("POST", [&] { return token(request); });
  if (auto type = segment(path, "/api/v1/", "/$export")) {
    auto resource = resource_named(*type);
    if (!resource) return no_such_page();
    return only("GET", [&] { return kick_off(request, *resource); });
  }
  if (auto id = segment(path, "/api/v1/jobs/", "")) return only("GET", [&] { return status(request, *id); });
  if (path.starts_with("/data/")) {
    std::size_t slash = path.find('/', 6);
    auto name = slash == std::string_view::npos ? std::nullopt : segment(path, path.substr(0, slash + 1), "");
    if (!name || slash == 6) return no_such_page();
    return only("GET", [&] { return data(request, path.substr(6, slash - 6), *name); });
  }
  return site_route(request);
}

Response Service::site_route(const Request& request) {
  std::string_view path = request.path();
  Response response;
  if (path == "/api/v1/metadata") {
    response = metadata(request);
  } else if (path == "/_version") {
    response = json_answer(200, std::string("{\"version\":\"") + release(options().era) + "\"}");
  } else if (path == "/_auth") {
    response = json_answer(200, "{\"auth_provider\":\"alpha\"}");
  } else if (path == "/_health") {
    response.body = "{\"database\":\"ok\"}";
    response.sniffed_type = "text/plain; charset=utf-8";
  } else if (path == "/" && !options().production) {
    response = redirect("https://bcda.cms.gov");
  } else if (path == "/api/v1/swagger") {
    response = redirect("/api/v1/swagger/");
  } else {
    return no_such_page();
  }
  return request.method == "GET" ? response : empty_answer(405);
}

Response Service::token(const Request& request) {
  auto credentials = basic_credentials(request.header("authorization"));
  if (!credentials) return text_answer(400, "Bad Request");
  Options o = options();
  if (!is_known(*credentials, o)) return text_answer(401, "Unauthorized");
  std::string token = tokens_.issue(credentials->id, now(), o.token_lifetime.value_or(kTokenLifetime));
  Response response = json_answer(200, "{\"access_token\": \"" + token + "\",\"token_type\":\"bearer\"}");
  response.headers["Cache-Control"] = "no-store";
  response.headers["Pragma"] = "no-cache";
  return response;
}

std::optional<std::string> Service::organization(const Request& request) {
  return tokens_.organization_of(bearer_token(request.header("authorization")), now());
}

Response Service::metadata(const Request& request) const {
  std::string base = base_url(request), date = calendar_date(now());
  auto coding = [](const char* code) {
    return std::string(R"({"coding":[{"system":"http://hl7.org/fhir/ValueSet/restful-security-service","code":")") +
           code + R"(","display":")" + code + R"("}],"text":")" + code + "\"}";
  };
  std::string operations;
  auto operation = [&](const char* name, const char* path) {
    operations +=
        (operations.empty() ? "" : ",") +
        (std::string(R"({"name":")") + name + R"(","definition":{"reference":)" + json_string(base + path) + "}}");
  };
  operation("export", "/api/v1/ExplanationOfBenefit/$export");
  operation("jobs", "/api/v1/jobs/[jobId]");
  operation("metadata", "/api/v1/metadata");
  operation("version", "/_version");
  operation("data", "/data/[jobID]/[random_UUID].ndjson");
  operation("export", "/api/v1/Patient/$export");
  operation("export", "/api/v1/Coverage/$export");
  return json_answer(
      200,
      R"({"resourceType":"CapabilityStatement","status":"active","date":")" + date +
          R"(","publisher":"Centers for Medicare \u0026 Medicaid Services","kind":"capability","instantiates":[)" +
          json_string(base + "/baseDstu3/metadata/") +
          R"(],"software":{"name":"Beneficiary Claims Data API","version":")" + release(options().era) +
          R"(","releaseDate":")" + date + R"("},"implementation":{"url":)" + json_string(base) +
          R"(},"fhirVersion":"3.0.1","acceptUnknown":"extensions","format":["application/json","application/fhir+json"],)"
          R"("rest":[{"mode":"server","security":{"cors":true,"service":[)" +
          coding("OAuth") + "," + coding("SMART-on-FHIR") +
          R"(]},"interaction":[{"code":"batch"},{"code":"search-system"}],"operation":[)" + operations + "]}]}");
}

// ---- Jobs ----------------------------------------------------------------------------------------------------------

Response Service::kick_off(const Request& request, Resource resource) {
  auto owner = organization(request);
  if (!owner) return unauthorized();
  std::string accept = request.header("accept"), prefer = request.header("prefer");
  if (accept.empty()) return malformed("Accept header is required");
  if (accept != "application/fhir+json")
    return malformed("application/fhir+json is the only supported response format");
  if (prefer.empty()) return malformed("Prefer header is required");
  if (prefer != "respond-async") return malformed("Only asynchronous responses are supported");

  Options o = options();
  if (o.production && jobs_.is_running(*owner, resource, now())) {
    Response response = empty_answer(429);
    response.headers["Retry-After"] = std::to_string(o.retry_after);
    return response;
  }
  auto job = jobs_.add(new_job(request, *owner, resource, o));
  if (o.beneficiaries == 0 && o.bytes_per_type == 0) return failure();  // the job remains, as in the service
  Response response = empty_answer(202);
  if (!strikes(FaultKind::no_location, request))
    response.headers["Content-Location"] = base_url(request) + "/api/v1/jobs/" + std::to_string(job->id);
  return response;
}

std::shared_ptr<Job> Service::new_job(const Request& request, const std::string& organization, Resource resource,
                                      const Options& o) {
  auto job = std::make_shared<Job>();
  job->organization = organization;
  job->resource = resource;
  job->request = base_url(request) + request.target;
  job->created = now();
  job->pending = o.pending_time;
  job->working = o.job_time;
  job->lifetime = o.job_lifetime;
  job->doom.hangs = strikes(FaultKind::job_hangs, request) || (o.beneficiaries == 0 && o.bytes_per_type == 0);
  job->doom.expires = strikes(FaultKind::job_expires, request);
  job->doom.empty = strikes(FaultKind::job_empty, request);
  job->doom.grows = strikes(FaultKind::job_grows, request);
  job->doom.fails =
      strikes(FaultKind::job_fails, request) || archives_.at(organization)->failure_share(resource) >= 0.5;
  add_files(*job, o);
  return job;
}

void Service::add_files(Job& job, const Options& o) {
  auto archive = archives_.at(job.organization);
  std::int64_t count = o.era == Era::nov2018 ? 1 : archive->file_count();
  job.data_files = count;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string stem = o.era == Era::nov2018 ? job.organization : random_uuid();
    bool encrypted = o.era != Era::nov2019_off;
    auto add = [&](const std::string& name, const Slice& slice, bool sealed) {
      // Late in 2018 the files of all jobs had the same name, so the key also depends on the job's creation time.
      Bytes secret = secret_;
      for (char c : rfc3339(job.created) + resource_name(job.resource)) secret.push_back(static_cast<std::uint8_t>(c));
      auto file = std::make_shared<DataFile>(archive, name, slice, i, count, sealed, secret);
      file->modified = job.created + job.pending + job.working * (i + 1) / count;
      job.files.push_back(std::move(file));
    };
    add(stem + ".ndjson", archive->slice(job.resource, i, count, false), encrypted);
    Slice errors = archive->slice(job.resource, i, count, true);
    // In September 2019 error files were never moved out of the staging directory.
    if (o.era != Era::sep2019 && archive->has_errors(errors))
      add(stem + "-error.ndjson", errors, o.era == Era::nov2018);
  }
}

std::shared_ptr<Job> Service::job_of(const std::string& organization, std::string_view id) const {
  auto number = parse_integer(id);
  auto job = number ? jobs_.find(*number) : nullptr;
  return job && job->organization == organization ? job : nullptr;
}

Response Service::status(const Request& request, std::string_view id) {
  auto owner = organization(request);
  if (!owner) return unauthorized();
  auto job = job_of(*owner, id);
  if (!job) return not_found();
  Time time = now();
  Response response = empty_answer(202);
  switch (job->phase(time)) {
    case Phase::pending:
      response.headers["X-Progress"] = "Pending";
      break;
    case Phase::in_progress:
      response.headers["X-Progress"] = "In Progress (" + std::to_string(job->percent(time)) + "%)";
      break;
    case Phase::failed:
      return json_answer(500, R"({"resourceType":"OperationOutcome"})");
    case Phase::expired:
      response = json_answer(410, outcome("Exception", "Deleted"));
      response.headers["Expires"] = go_time(job->expires());
      break;
    case Phase::completed:
      return listing(request, *job, id);
  }
  return response;
}

Response Service::listing(const Request& request, const Job& job, std::string_view id) {
  std::string line = request.line();
  auto strike = [&](FaultKind kind) { return faults_.strike(kind, line); };
  ManifestFaults faults{strike(FaultKind::no_key),     strike(FaultKind::no_keymap),   strike(FaultKind::keys_differ),
                        strike(FaultKind::wrong_key),  strike(FaultKind::wrong_label), strike(FaultKind::other_origin),
                        strike(FaultKind::plain_http), strike(FaultKind::traversal)};
  bool first = job.doom.grows && job.first_listing();
  std::string text =
      manifest(job, {options().era, base_url(request), std::string(id), public_key_, std::move(faults), first});
  if (strike(FaultKind::not_json)) text.resize(text.size() / 2);
  Response response = json_answer(200, std::move(text));
  std::string expires = go_time(job.expires());
  if (first) expires += " m=+86400.412536";  // Go appends this to a time that was just read from the clock
  response.headers["Expires"] = expires;
  return response;
}

Response Service::data(const Request& request, std::string_view id, std::string_view name) {
  auto owner = organization(request);
  if (!owner) return unauthorized();
  auto job = job_of(*owner, id);
  if (!job) return not_found();
  if (climbs(name)) return text_answer(400, "invalid URL path");
  auto file = job->find(name, now());
  if (!file) return no_such_page();
  return serve_file(request, std::move(file), strikes(FaultKind::plaintext, request),
                    strikes(FaultKind::ignore_range, request));
}

}  // namespace libbcda::sandbox
