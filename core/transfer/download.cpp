#include "transfer/download.hpp"

#include <utility>

#include "base/quote.hpp"

namespace libbcda::transfer {
namespace {

// BCDA guide, "Job status": the service keeps files for 24 hours after the job is done.
constexpr const char* kFilesExpire = "; the service keeps files for 24 hours; if they are older, start a new export";
constexpr const char* kDenied =
    "; the service gives a file only to the client that started the export, and the URL of a file may expire; check "
    "client_id, or start a new export";
constexpr int kMissingFileTries = 2;  // in a service with several machines, a file may arrive later than the manifest

bool is_markup(const std::string& media_type) {
  return media_type == "text/html" || media_type.find("xml") != std::string::npos;
}

}  // namespace

Download::Download(bulk::Entry entry, DownloadOptions options, std::function<double()> jitter)
    : entry_(std::move(entry)),
      options_(options),
      jitter_(std::move(jitter)),
      budget_(options.retries, http::Backoff(options.retry_delay, options.retry_max_delay)) {}

http::Step Download::next() {
  if (phase_ == Phase::failed) throw *failure_;
  if (pause_) return *std::exchange(pause_, std::nullopt);
  http::Send send;
  send.request.url = entry_.url;
  send.request.headers = {{"Accept", "application/fhir+ndjson"},
                          {"Accept-Encoding", asks_for_gzip() ? "gzip" : "identity"}};
  send.renew_token = token_.take_renewal();
  return send;
}

bool Download::on_head(const http::Answer& answer, Moment now) {
  const bool expired = answer.status == 401 || (answer.status == 403 && options_.renews_on_403);
  if (expired && options_.has_token && token_.refuse()) return false;
  if (answer.status != 200) {
    on_refusal(answer, now);
    return false;
  }
  token_.accept();
  const std::string what = "the file " + entry_.shown(), kind = answer.media_type();
  if (is_markup(kind)) {
    Error error(Status::PROTOCOL, what + " was answered with a page (" + tidy(kind) + ") instead of data");
    retry_or_fail(std::move(error.at_file(entry_.name)), now, kMissingFileTries);
    return false;
  }
  const std::string_view coding = answer.header("Content-Encoding");
  is_gzip_ = asks_for_gzip() && (coding == "gzip" || coding == "x-gzip");
  if (!coding.empty() && coding != "identity" && !is_gzip_) {
    Error error(Status::PROTOCOL, what + " came with Content-Encoding " + quote(coding) + ", which was not requested");
    fail(std::move(error.at_file(entry_.name)));
    return false;
  }
  phase_ = Phase::receiving;
  return true;
}

// An encrypted file cannot be packed further, and its tag proves more than gzip's check sums.
bool Download::asks_for_gzip() const { return options_.gzip && entry_.encrypted_key.empty(); }

void Download::on_refusal(const http::Answer& answer, Moment now) {
  Error error = bulk::refusal(answer, "the file " + entry_.shown(), now.wall);
  error.at_file(entry_.name);
  if (answer.status == 401) error.status = Status::AUTHENTICATION;
  if (answer.status == 410) error.status = Status::JOB_GONE;
  const bool missing = answer.status == 404 || answer.status == 410;
  const bool denied = (answer.status == 401 || answer.status == 403) && !bulk::is_page(answer);
  const int limit = answer.status == 404 ? kMissingFileTries : http::transient(answer.status) ? options_.retries : 0;
  retry_or_fail(std::move(error), now, limit, missing ? kFilesExpire : denied ? kDenied : "");
}

void Download::on_failure(const Error& error, Moment now) {
  token_.accept();
  Error named = error;
  if (named.file.empty()) named.at_file(entry_.name);
  if (named.message.find(entry_.shown()) == std::string::npos)
    named.message = "the file " + entry_.shown() + ": " + named.message;
  retry_or_fail(std::move(named), now, error.retriable ? options_.retries : 0);
}

void Download::retry_or_fail(Error error, Moment now, int limit, const char* remedy) {
  if (budget_.allow(now.steady, limit)) {
    pause_ = http::Wait{budget_.delay(jitter_(), error.retry_after), error.message, true};
    phase_ = Phase::to_request;
    return;
  }
  error.message += remedy;  // only in the final error, because it would be wrong advice while the run retries
  fail(std::move(error));
}

void Download::fail(Error error) {
  failure_ = std::move(error);
  phase_ = Phase::failed;
}

}  // namespace libbcda::transfer
