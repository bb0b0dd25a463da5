#include "runtime/inquiry.hpp"

#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/quote.hpp"
#include "bulk/answer.hpp"
#include "bulk/job.hpp"
#include "bulk/job_list.hpp"
#include "bulk/kick_off.hpp"
#include "runtime/manifest_body.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kLargestAnswer = 1 << 20;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

std::optional<http::Request> check_request(const Service& service) {
  if (service.profile.check_path.empty()) return std::nullopt;
  http::Request request;
  request.url = service.at_origin_or_base(service.profile.check_path);
  request.headers = {{"Accept", "application/json"}};
  return request;
}

Error refused_token(const Session& session, const http::Answer& answer, const std::string& what, const char* why) {
  const auth::Method method = session.login().method;
  const std::string reason = method == auth::Method::none    ? ", and no token was sent; see the setting auth"
                             : method == auth::Method::token ? "; check access_token, or access_token_file"
                                                             : std::string(" with a new token; ") + why;
  return std::move(
      Error(Status::AUTHENTICATION, what + " was refused (HTTP " + std::to_string(answer.status) + ")" + reason)
          .with_http(answer.status)
          .with_outcome(bulk::outcome_text(answer)));
}

// ---- The credentials ------------------------------------------------------------------------------------------------

json::value or_null(const std::string& text) { return text.empty() ? json::value() : json::value(json::string(text)); }

json::object describe_login(const Session& session) {
  return {{"service", session.service().origin.origin()},
          {"profile", session.profile().name},
          {"method", auth::method_name(session.login().method)},
          {"tokenOrigin", nullptr},
          {"lifetime", nullptr},
          {"scope", nullptr},
          {"checked", false},
          {"answer", nullptr}};
}

void add_grant(json::object& about, const auth::Grant& grant) {
  if (grant.token_url) about["tokenOrigin"] = tidy(grant.token_url->origin(), 300);
  if (grant.lifetime) about["lifetime"] = grant.lifetime->count() / 1000;
  about["scope"] = or_null(tidy(grant.scope, 2000));
}

// BCDA's text is {"success":"..."}.
std::string welcome_text(const http::Answer& answer) {
  const auto body = parse_json(answer.body);
  return body && body->is_object() ? tidy(string_member(body->get_object(), "success"), 200) : "";
}

Task<> check_credentials(Session& session, const Inquiry& inquiry, std::string& json) {
  json::object about = describe_login(session);
  if (session.login().method != auth::Method::none) {
    const auth::Grant grant = co_await session.tokens().obtain();
    add_grant(about, grant);
  }
  if (inquiry.request) {
    const std::string what = "the request that checks the token";
    const http::Answer answer = co_await send_with_token(session, *inquiry.request, kLargestAnswer);
    // BCDA answers 400 to a text that is no JWT.
    const bool refused = answer.status == 401 || answer.status == 400 || answer.status == 403;
    if (refused && !bulk::is_page(answer) && !bulk::wants_tls(answer))
      throw refused_token(session, answer, what, "it may not be of this service, or the organization may be disabled");
    if (answer.status != 200) throw bulk::refusal(answer, what, session.world()->clock().now().wall);
    if (bulk::is_page(answer)) throw Error(Status::PROTOCOL, what + " was answered with " + bulk::page_text(answer));
    about["checked"] = true;
    about["answer"] = or_null(welcome_text(answer));
  }
  json = json::serialize(about);
}

// ---- One job --------------------------------------------------------------------------------------------------------

std::string describe_job(const bulk::Job& job, const http::Answer& answer) {
  json::object about{{"url", job.status_url()->text()},
                     {"state", "running"},
                     {"progress", or_null(job.progress())},
                     {"percent", nullptr},
                     {"expires", nullptr},
                     {"files", nullptr},
                     {"errorFiles", nullptr},
                     {"transactionTime", nullptr},
                     {"request", nullptr}};
  if (const auto percent = bulk::percent(job.progress())) about["percent"] = *percent;
  if (const auto expires = parse_expires(answer.header("Expires"))) about["expires"] = to_rfc3339(*expires);
  if (!job.manifests().empty()) {
    const bulk::Manifest& manifest = *job.manifests().front();
    about["state"] = "done";
    about["percent"] = 100.0;
    about["files"] = manifest.count(bulk::FileKind::data);
    about["errorFiles"] = manifest.count(bulk::FileKind::error);
    about["transactionTime"] = or_null(tidy(manifest.transaction_time, 100));
    about["request"] = or_null(tidy(manifest.request, 2000));
  }
  return json::serialize(about);
}

// One status request, judged by the rules of an export. Only a refused token is followed by another request. Of a
// manifest in pages, the first page is described.
Task<> ask_status(Session& session, const http::Url& url, std::string& json) {
  const bulk::JobOptions once{.retries = 0, .renews_on_403 = session.profile().renews_on_403, .fallback = ""};
  const bulk::KickOff none{url.shown(), {}};
  bulk::Job job(session.service().origin, none, url, once, [] { return 0.0; });
  http::Request last;
  http::Answer answer;
  while (job.manifests().empty()) {
    http::Step step = job.next(session.world()->clock().now());
    auto* send = std::get_if<http::Send>(&step);
    if (!send) break;
    if (send->renew_token) session.tokens().reject(last);
    co_await session.tokens().authorize(send->request);
    last = send->request;
    Heard heard;
    http::Request request = std::move(send->request);
    co_await hear(session, nullptr, job, std::move(request), heard);
    answer = heard.answer;
    tell(job, heard, session.world()->clock().now());
  }
  json = describe_job(job, answer);
}

Task<> cancel(Session& session, const http::Request& request) {
  const http::Answer answer = co_await send_with_token(session, request, kLargestAnswer);
  if (answer.status == 401)
    throw refused_token(session, answer, "the request to cancel the job at " + request.url.shown(),
                        "the job may belong to another client, or the organization may be disabled");
  bulk::read_cancellation(answer, request.url, session.world()->clock().now().wall);
}

}  // namespace

bool is_inquiry(RunKind kind) {
  return kind == RunKind::auth || kind == RunKind::jobs || kind == RunKind::job_status || kind == RunKind::job_cancel ||
         kind == RunKind::attribution;
}

Inquiry plan_inquiry(const Service& service, RunKind kind, const std::string& argument) {
  const bool of_job = kind == RunKind::job_status || kind == RunKind::job_cancel;
  if (!argument.empty() && !of_job && kind != RunKind::jobs)
    throw Error(Status::INVALID_ARGUMENT, "this request to the service takes no argument");
  if (of_job && argument.empty())
    throw Error(Status::INVALID_ARGUMENT, "the status URL of the job is missing; `bcda jobs` lists those of BCDA");
  if (kind == RunKind::auth) return {kind, check_request(service)};
  if (kind == RunKind::jobs) return {kind, bulk::job_list_request(service, split(argument))};
  if (kind == RunKind::attribution) return {kind, bulk::attribution_request(service)};
  const http::Url url = bulk::read_job_url(argument, "the status URL", service);
  if (kind == RunKind::job_cancel) return {kind, bulk::cancel_request(service, url)};
  return {kind, bulk::status_request(url)};
}

Task<> ask(Session& session, const Inquiry& inquiry, std::string& json) {
  if (inquiry.kind == RunKind::auth) co_return co_await check_credentials(session, inquiry, json);
  const http::Request& request = *inquiry.request;
  if (inquiry.kind == RunKind::job_status) co_return co_await ask_status(session, request.url, json);
  if (inquiry.kind == RunKind::job_cancel) {
    co_await cancel(session, request);
    const json::object about{{"url", request.url.text()}, {"canceled", true}};
    json = json::serialize(about);
    co_return;
  }
  const http::Answer answer = co_await send_with_token(session, request, bulk::kLargestJobList);
  const Instant now = session.world()->clock().now().wall;
  if (answer.status == 401) throw refused_token(session, answer, "the request", "the organization may be disabled");
  json = json::serialize(inquiry.kind == RunKind::jobs ? bulk::read_job_list(answer, session.service(), now)
                                                       : bulk::read_attribution(answer, now));
}

Task<> delete_job(Session& session, const std::string& status_url) {
  const http::Url url = http::parse_url(status_url, "the status URL");
  const http::Request request = bulk::cancel_request(session.service(), url);
  co_await cancel(session, request);
}

}  // namespace libbcda::runtime
