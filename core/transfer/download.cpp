#include "transfer/download.hpp"

#include <algorithm>

#include "base/quote.hpp"

namespace libbcda::transfer {
namespace {

// BCDA guide, "Job status": files are kept for 24 hours after the job is done.
constexpr const char* kFilesExpire = "; the service keeps files for 24 hours: if they are older, start a new export";
constexpr const char* kDenied =
    "; the service gives a file only to the client whose export made it, and a file's URL may expire; check client_id, "
    "or "
    "start a new export";
constexpr int kMissingFileTries = 2;  // a file may reach one of several machines later than the manifest

}  // namespace

Download::Download(bulk::Entry entry, DownloadOptions options, std::function<double()> chance)
    : entry_(std::move(entry)),
      options_(options),
      chance_(std::move(chance)),
      wait_(options.retry_delay, options.retry_max_delay) {}

bulk::Step Download::next() {
  if (failure_) throw *failure_;
  if (pending_) return *std::exchange(pending_, std::nullopt);
  bulk::Send send;
  send.request.url = entry_.url;
  send.request.headers = {{"Accept", "application/fhir+ndjson"}, {"Accept-Encoding", "identity"}};
  send.renew_token = std::exchange(renew_token_, false);
  return send;
}

bool Download::on_head(const http::Answer& answer, Instant now) {
  std::string what = "the file " + entry_.shown();
  if (answer.status == 401 && !token_renewed_) {
    renew_token_ = token_renewed_ = true;
    return false;
  }
  if (answer.status != 200) {
    Error error = bulk::refusal(answer, what, now);
    error.at_file(entry_.name);
    if (answer.status == 401) error.status = Status::AUTHENTICATION;
    if (answer.status == 410) error.status = Status::JOB_GONE;
    const bool missing = answer.status == 404 || answer.status == 410;
    const bool denied = (answer.status == 401 || answer.status == 403) && !bulk::is_page(answer);
    retry_or_fail(std::move(error),
                  answer.status == 404             ? std::min(kMissingFileTries, options_.retries)
                  : bulk::transient(answer.status) ? options_.retries
                                                   : 0,
                  missing  ? kFilesExpire
                  : denied ? kDenied
                           : "");
    return false;
  }
  token_renewed_ = false;
  std::string kind = answer.media_type();
  std::string_view coding = answer.header("Content-Encoding");
  if (kind == "text/html" || kind.find("xml") != std::string::npos) {
    Error error(Status::PROTOCOL, what + " was answered with a page (" + tidy(kind) + ") instead of data");
    retry_or_fail(std::move(error.at_file(entry_.name)), std::min(kMissingFileTries, options_.retries));
    return false;
  }
  if (!coding.empty() && coding != "identity") {
    failure_ =
        Error(Status::PROTOCOL, what + " came with Content-Encoding " + quote(coding) + ", which was not asked for");
    failure_->at_file(entry_.name);
    return false;
  }
  return true;
}

void Download::on_failure(const Error& error) {
  token_renewed_ = false;
  Error named = error;
  if (named.file.empty()) named.at_file(entry_.name);
  if (named.message.find(entry_.shown()) == std::string::npos)
    named.message = "the file " + entry_.shown() + ": " + named.message;
  retry_or_fail(std::move(named), error.retriable ? options_.retries : 0);
}

void Download::retry_or_fail(Error error, int allowed, const char* remedy) {
  if (failures_++ >= allowed) {
    failure_ = std::move(error);
    failure_->message += remedy;  // not while it is tried again: that would be wrong advice
    return;
  }
  pending_ = bulk::Wait{wait_.next(chance_(), error.retry_after), error.message, true};
}

}  // namespace libbcda::transfer
