// Sources: SMART's reference server 2.1.1 and HAPI FHIR 8.8.0 as they answered in 2026; the public documentation and
// source code of AB2D and DPC.
#include "dialects.hpp"

#include <algorithm>
#include <cstdio>

#include "base/json.hpp"

namespace libbcda::sandbox::bulk {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Response outcome(int status, const std::string& members, const char* type) {
  Response response = json_answer(status, R"({"resourceType":"OperationOutcome",)" + members + "}");
  response.headers["Content-Type"] = type;
  return response;
}

std::string issue(const std::string& severity, const std::string& code, const std::string& rest) {
  return R"("issue":[{"severity":")" + severity + R"(","code":")" + code + "\"," + rest + "}]";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '"' ? "&quot;" : c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

Response smart_refusal(int status, const std::string& text, const std::string&) {
  const std::string severity = status < 300 ? "information" : "error";
  const std::string div =
      R"(<div xmlns="http://www.w3.org/1999/xhtml"><h1>Operation Outcome</h1><table border="0"><tr>)"
      R"(<td style="font-weight:bold;">)" +
      severity + "</td><td>[]</td><td><pre>" + escaped(text) + "</pre></td></tr></table></div>";
  return outcome(status,
                 R"("text":{"status":"generated","div":)" + plain_json_string(div) + "}," +
                     issue(severity, "processing", "\"diagnostics\":" + plain_json_string(text)),
                 "application/json; charset=utf-8");
}

Response hapi_refusal(int status, const std::string& text, const std::string& code) {
  return outcome(status,
                 issue(status < 300 ? "information" : "error", code, "\"diagnostics\":" + plain_json_string(text)),
                 "application/fhir+json;charset=utf-8");
}

Response ab2d_refusal(int status, const std::string& text, const std::string& code) {
  if (status == 401 || status == 403) return empty_answer(status);
  return outcome(status, issue("error", code, R"("details":{"text":)" + plain_json_string(text) + "}"),
                 "application/json");
}

// A bare text, although its type says that it is JSON.
Response dpc_refusal(int status, const std::string& text, const std::string& code) {
  if (status == 410) return empty_answer(status);
  if (status == 401 || status == 404) return json_answer(status, text);
  return outcome(status, issue("error", code, R"("details":{"text":)" + plain_json_string(text) + "}"),
                 "application/fhir+json");
}

std::string smart_progress(const Job& job, Time now) {
  return std::to_string(job.percent(now)) + "% complete, Please wait...";
}

std::string ab2d_progress(const Job& job, Time now) { return std::to_string(job.percent(now)) + "% complete"; }

std::string dpc_progress(const Job& job, Time now) {
  const double total = static_cast<double>(std::max<std::int64_t>(job.working.count(), 1));
  const double share = static_cast<double>((now - job.created - job.pending).count()) * 100 / total;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", std::min(std::max(share, 0.0), 100.0));
  return (job.state(now) == State::pending ? "QUEUED: " : "RUNNING: ") + std::string(text);
}

std::string hapi_progress(const Job& job, Time now) {
  const bool queued = job.state(now) == State::pending;
  return std::string("Build in progress - Status set to ") + (queued ? "QUEUED" : "IN_PROGRESS") + " at " +
         rfc3339(queued ? job.created : job.created + job.pending);
}

Dialect smart() {
  Dialect row{};
  row.profile = Profile::generic;
  row.name = "generic";
  row.base = "/fhir";
  row.group = "sandbox";
  row.login = Login::smart;
  row.token_path = "/auth/token";
  row.discovery = true;
  row.scope = "";
  row.token_lifetime = minutes(15);
  row.bad_token = 401;  // without a token, a job is open to everybody
  row.system = row.patient = row.group_level = true;
  row.methods = "";
  row.accept = "application/fhir+json";
  row.types = {"Patient", "Coverage", "ExplanationOfBenefit"};
  row.fhir = 2;
  row.status_path = "/fhir/bulkstatus/{job}";
  row.file_path = "/fhir/bulkfiles/{job}/{name}";
  row.sends_pace = true;
  row.expires = "expires";
  row.expired = 404;
  row.too_late = 404;
  row.cancels = row.deletes_finished = row.deletes_without_token = true;
  row.has_deleted = row.counts = true;
  row.checksums = "";
  row.gzip = true;
  row.file_type = "application/fhir+ndjson";
  row.serve = serve_text_file;
  row.progress = smart_progress;
  row.refusal = smart_refusal;
  row.powered_by = "Express";
  return row;
}

Dialect hapi() {
  Dialect row = smart();
  row.profile = Profile::hapi;
  row.name = "hapi";
  row.login = Login::none;
  row.token_path = "";
  row.discovery = false;
  row.bad_token = 0;
  row.methods = "GET POST";
  row.accept = "";
  row.knows_groups = true;
  row.status_path = "/fhir/$export-poll-status?_jobId={job}";
  row.file_path = "/fhir/Binary/{name}";
  row.expires = "";
  row.deletes_finished = row.deletes_without_token = false;
  row.has_deleted = row.counts = false;
  row.notes_emptiness = true;
  row.ignores_since = row.reads_first_type = true;
  row.gzip = false;
  row.serve = serve_binary;
  row.progress = hapi_progress;
  row.refusal = hapi_refusal;
  row.powered_by = "HAPI FHIR 8.8.0 REST Server (FHIR Server; FHIR 4.0.1/R4)";
  return row;
}

Dialect ab2d() {
  Dialect row{};
  row.profile = Profile::ab2d;
  row.name = "ab2d";
  row.base = "/api/v2/fhir";
  row.group = "";
  row.login = Login::form;
  row.token_path = "/oauth2/sandbox/v1/token";
  row.scope = "clientCreds";
  row.token_lifetime = minutes(30);
  row.no_token = 401;
  row.bad_token = 403;
  row.patient = true;
  row.methods = "GET";
  row.accept = "";
  row.types = {"ExplanationOfBenefit"};
  row.fhir = 2;
  row.names_running = true;
  row.status_path = "/api/v2/fhir/Job/{job}/$status";
  row.file_path = "/api/v2/fhir/Job/{job}/file/{name}";
  row.paces = row.sends_pace = true;
  row.expires = "Expires";
  row.expired = 404;
  row.cancels = true;
  row.too_late = 400;
  row.checksums = "https://ab2d.cms.gov/";
  row.downloads = 6;
  row.gzip = true;
  row.file_type = "application/fhir+ndjson";
  row.serve = serve_text_file;
  row.progress = ab2d_progress;
  row.refusal = ab2d_refusal;
  row.powered_by = "";
  return row;
}

Dialect dpc() {
  Dialect row{};
  row.profile = Profile::dpc;
  row.name = "dpc";
  row.base = "/api/v1";
  row.group = "5d7e2c1a-8f0b-4c3d-9a6e-2b1f4e8d7c60";
  row.login = Login::smart;
  row.token_path = "Token/auth";
  row.scope = "system/*.*";
  row.token_lifetime = seconds(300);
  row.remembers_jti = true;
  row.no_token = row.bad_token = 401;
  row.group_level = true;
  row.methods = "GET";
  row.accept = "application/fhir+json";
  row.exact_prefer = row.knows_groups = true;
  row.empty_group = 406;
  row.types = {"Patient", "Coverage", "ExplanationOfBenefit"};
  row.fhir = 1;
  row.status_path = "/api/v1/Jobs/{job}";
  row.file_path = "/api/v1/Data/{name}";
  row.expires = "Expires";
  row.expired = 410;
  row.counts = row.states_times = true;
  row.checksums = "https://dpc.cms.gov/";
  row.gzip = true;
  row.file_type = "application/ndjson";
  row.serve = serve_dpc_file;
  row.progress = dpc_progress;
  row.refusal = dpc_refusal;
  row.powered_by = "";
  return row;
}

}  // namespace

const Dialect* dialect_of(Profile profile) {
  static const auto* rows = new std::vector<Dialect>{smart(), hapi(), ab2d(), dpc()};
  for (const Dialect& row : *rows)
    if (row.profile == profile) return &row;
  return nullptr;
}

std::string plain_json_string(const std::string& text) { return json::serialize(json::value(json::string(text))); }

std::string with_names(std::string pattern, const std::string& job, const std::string& name) {
  for (const auto& [mark, text] : {std::pair<const char*, const std::string&>{"{job}", job}, {"{name}", name}})
    if (const std::size_t at = pattern.find(mark); at != std::string::npos)
      pattern.replace(at, std::string_view(mark).size(), text);
  return pattern;
}

}  // namespace libbcda::sandbox::bulk
