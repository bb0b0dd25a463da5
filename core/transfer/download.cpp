#include "transfer/download.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/quote.hpp"
#include "base/words.hpp"
#include "http/content_range.hpp"
#include "http/form.hpp"

namespace libbcda::transfer {
namespace {

// BCDA guide, "Job status": the service keeps files for 24 hours after the job is done.
constexpr const char* kFilesExpire = "; the service keeps files for 24 hours; if they are older, start a new export";
constexpr const char* kDenied =
    "; the service gives a file only to the client that started the export, and the URL of a file may expire; check "
    "client_id, or start a new export";
constexpr int kMissingFileTries = 2;  // in a service with several machines, a file may arrive later than the manifest

constexpr int kMostRedirects = 5;
constexpr std::int64_t kProgress = 64 << 10;  // bytes that show that continuing leads on

bool is_redirect(const http::Answer& answer) {
  constexpr int kCodes[] = {301, 302, 303, 307, 308};
  return std::find(std::begin(kCodes), std::end(kCodes), answer.status) != std::end(kCodes) &&
         !answer.header("Location").empty();
}

// The query of a pre-signed URL, and its longer values: a server may repeat them when it refuses a request.
std::vector<Secret> secrets_of(const http::Url& url) {
  constexpr std::size_t kShortest = 16, kMost = 16;
  std::vector<Secret> secrets;
  const auto add = [&](std::string_view text) {
    auto plain = http::percent_decode(text);
    secrets.push_back(plain ? Secret(std::move(*plain)) : Secret(text));
  };
  std::string_view query = std::string_view(url.target).substr(url.path().size());
  if (query.size() <= 1) return secrets;
  query.remove_prefix(1);
  add(query);
  while (!query.empty() && secrets.size() < kMost) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    const std::string_view value = parameter.substr(parameter.find('=') + 1);
    if (value.size() >= kShortest) add(value);
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
  }
  return secrets;
}

// What tells whether a file is still the same (RFC 9110 section 13.1.5). A Last-Modified of the last minute may stand for
// two versions, so it counts only if something else proves the file in the end.
std::string validator_of(const http::Answer& answer, bool is_proved) {
  const std::string_view tag = answer.header("ETag"), modified = answer.header("Last-Modified");
  if (tag.starts_with('"')) return std::string(tag);
  if (is_proved) return std::string(modified);
  const auto then = parse_time(modified), now = parse_time(answer.header("Date"));
  return then && now && *now - *then >= std::chrono::minutes(1) ? std::string(modified) : "";
}

// Whether the answer is of the version of the file with that validator. A 206 must have the ETag of the whole file (RFC
// 9110 section 15.3.7), and may leave out Last-Modified. A 416 may have neither.
bool is_of_version(const http::Answer& answer, const std::string& validator) {
  const bool is_tag = validator.starts_with('"');
  const std::string_view theirs = answer.header(is_tag ? "ETag" : "Last-Modified");
  if (theirs.empty()) return !is_tag || answer.status == 416;
  return theirs == validator;
}

bool is_in_form(const http::Answer& answer, bool gzip) {
  const std::string_view coding = answer.header("Content-Encoding");
  return gzip ? answer.is_gzip() : coding.empty() || equal_names(coding, "identity");
}

bool is_markup(const std::string& media_type) {
  return media_type == "text/html" || media_type.find("xml") != std::string::npos;
}

}  // namespace

Download::Download(bulk::Entry entry, DownloadOptions options, std::function<double()> jitter)
    : entry_(std::move(entry)),
      url_(entry_.url),
      options_(std::move(options)),
      jitter_(std::move(jitter)),
      budget_(options.retries, http::Backoff(options.retry_delay, options.retry_max_delay, 2, options.max_retry_after)),
      downloads_(options.earlier_downloads) {}

http::Step Download::next() {
  if (phase_ == Phase::failed) throw *failure_;
  if (pause_) return *std::exchange(pause_, std::nullopt);
  if (is_used_up()) {
    fail(std::move(Error(Status::REFUSED, "the file " + entry_.shown() + " was not requested again" + used_up())
                       .at_file(entry_.name)));
    throw *failure_;
  }
  http::Send send;
  send.request.url = url_;
  send.request.url_secrets = secrets_of(url_);
  send.request.headers = {{"Accept", "application/fhir+ndjson"},
                          {"Accept-Encoding", asks_for_gzip() ? "gzip" : "identity"}};
  if (held_ > 0) {
    send.request.headers.emplace_back("Range", "bytes=" + std::to_string(held_) + "-");
    send.request.headers.emplace_back("If-Range", validator_);
  }
  send.renew_token = token_.take_renewal();
  return send;
}

Download::Body Download::on_head(const http::Answer& answer, Moment now, std::int64_t length) {
  const bool expired = has_token_ && (answer.status == 401 || (answer.status == 403 && options_.renews_on_403));
  if (expired && token_.refuse()) return Body::none;
  if (is_redirect(answer)) {
    on_redirect(answer);
    return Body::none;
  }
  if (held_ > 0 && (answer.status == 206 || answer.status == 416)) return go_on(answer);
  if (answer.status != 200) {
    on_refusal(answer, now);
    return Body::none;
  }
  token_.accept();
  held_ = 0;
  const std::string what = "the file " + entry_.shown(), kind = answer.media_type();
  if (is_markup(kind)) {
    Error error(Status::PROTOCOL, what + " was answered with a page (" + tidy(kind) + ") instead of data");
    retry_or_fail(std::move(error.at_file(entry_.name)), now, kMissingFileTries);
    return Body::none;
  }
  is_gzip_ = asks_for_gzip() && answer.is_gzip();
  if (!is_in_form(answer, is_gzip_)) {
    Error error(Status::PROTOCOL, what + " came with Content-Encoding " + quote(answer.header("Content-Encoding")) +
                                      ", which was not requested");
    fail(std::move(error.at_file(entry_.name)));
    return Body::none;
  }
  return begin(answer, length);
}

Download::Body Download::begin(const http::Answer& answer, std::int64_t length) {
  const bool is_proved = is_gzip_ || !entry_.encrypted_key.empty() || !entry_.sha256.empty();
  validator_ = validator_of(answer, is_proved);
  is_continued_ = false;
  size_ = is_gzip_ ? -1 : length;  // BCDA adds an empty member to the whole gzip form, but not to a part
  phase_ = Phase::receiving;
  ++downloads_;
  return Body::whole;
}

// The answer to a request for the rest. It must be of the same version and form of the file, begin where the last one
// broke off, and reach to the end.
Download::Body Download::go_on(const http::Answer& answer) {
  token_.accept();
  const auto range = http::parse_content_range(answer.header("Content-Range"));
  const bool size_fits = range && (size_ < 0 || size_ == range->size) && is_of_version(answer, validator_);
  // A part of BCDA's gzip form lacks an empty member that the whole has, so more than the size may be here.
  const bool is_all_here = answer.status == 416 && size_fits && !range->has_bytes() &&
                           (is_gzip_ ? range->size <= held_ : range->size == held_);
  is_continued_ = true;
  if (is_all_here) {
    size_ = -1;
    phase_ = Phase::receiving;
    return Body::over;
  }
  const bool fits = answer.status == 206 && size_fits && range->has_bytes() && range->first == held_ &&
                    range->last + 1 == range->size && is_in_form(answer, is_gzip_);
  if (!fits) {
    begin_anew();
    return Body::none;
  }
  size_ = range->size;
  phase_ = Phase::receiving;
  ++downloads_;
  return Body::rest;
}

// Parts cannot be relied on, so none is requested any more. This happens once, so it is no retry.
void Download::begin_anew() {
  held_ = 0;
  ranges_work_ = false;
  request_again();
}

// From the file's own URL, because the one where a redirect led may have expired.
void Download::request_again() {
  phase_ = Phase::to_request;
  url_ = entry_.url;
  redirects_ = 0;
}

bool Download::may_continue() const { return takes_form(is_gzip_) && ranges_work_ && !validator_.empty(); }

// Whether the server sends parts of the file in that form.
bool Download::takes_form(bool gzip) const {
  return options_.ranges == "any" || options_.ranges == (gzip ? "gzip" : "plain");
}

bool Download::can_go_on_from(const Held& held) const {
  const std::string& validator = held.validator;
  const bool is_header = std::none_of(validator.begin(), validator.end(), [](unsigned char c) { return c < ' '; });
  return takes_form(held.gzip) && (!held.gzip || asks_for_gzip()) && !validator.empty() && is_header;
}

void Download::go_on_from(const Held& held) {
  is_gzip_ = held.gzip;
  validator_ = held.validator;
  held_ = farthest_ = held.bytes;
  size_ = held.gzip ? -1 : held.size;
  is_continued_ = true;
}

void Download::on_redirect(const http::Answer& answer) {
  token_.accept();
  const auto refuse = [&](const std::string& why) {
    fail(std::move(Error(Status::PROTOCOL, "the file " + entry_.shown() + " was redirected " + why)
                       .with_http(answer.status)
                       .at_file(entry_.name)));
  };
  http::Url next;
  try {
    next = http::resolve_url(url_, answer.header("Location"), "Location");
  } catch (const Error& e) {
    return refuse("to no usable URL: " + e.message);
  }
  if (url_.tls() && !next.tls()) return refuse("from https to http; that is not followed");
  if (!options_.allows || !options_.allows(next))
    return refuse("to another origin, " + tidy(next.origin(), 200) + options_.remedy);
  if (++redirects_ > kMostRedirects)
    return refuse("more than " + std::to_string(kMostRedirects) + " times; check the server");
  url_ = std::move(next);
}

// An encrypted file cannot be packed further, and its tag proves more than gzip's check sums.
bool Download::asks_for_gzip() const { return options_.gzip && entry_.encrypted_key.empty(); }

void Download::on_refusal(const http::Answer& answer, Moment now) {
  Error error = bulk::refusal(answer, "the file " + entry_.shown(), now.wall);
  error.at_file(entry_.name);
  // Without a token it says something about this file alone, such as that its URL has expired.
  if (answer.status == 401 && has_token_) error.status = Status::AUTHENTICATION;
  if (answer.status == 410) error.status = Status::JOB_GONE;
  const bool missing = answer.status == 404 || answer.status == 410;
  const bool denied = (answer.status == 401 || answer.status == 403) && !bulk::is_page(answer);
  const bool may_be_stale = missing || denied || answer.status == 400;
  const int limit = answer.status == 404 ? kMissingFileTries : bulk::may_pass(answer) ? options_.retries : 0;
  const char* remedy = missing ? kFilesExpire : denied ? kDenied : "";
  if (options_.renews_url && may_be_stale) {
    refusal_ = Refusal{std::move(error), limit, remedy};
    return;
  }
  retry_or_fail(std::move(error), now, limit, remedy);
}

void Download::on_new_url(const std::optional<http::Url>& url, Moment now) {
  Refusal refused = *std::exchange(refusal_, std::nullopt);
  const bool is_new = url && url->text() != entry_.url.text();
  if (!is_new || !budget_.allow(now.steady)) {
    if (refused.limit == 0) refused.error.message += refused.remedy;
    if (refused.limit == 0) return fail(std::move(refused.error));
    return retry_or_fail(std::move(refused.error), now, refused.limit, refused.remedy);
  }
  entry_.url = *url;
  request_again();
}

void Download::on_failure(const Error& error, Moment now, std::int64_t received) {
  token_.accept();
  // The bytes at hand are good if no answer has come, for example because no token was to be had, or if only the
  // connection broke.
  const bool is_before = phase_ != Phase::receiving;
  const bool is_broken = error.retriable && (error.status == Status::NETWORK || error.status == Status::TIMEOUT);
  held_ = (is_before || is_broken) && may_continue() ? received : 0;
  if (held_ >= farthest_ + kProgress) {  // a slow link may break often, and still get the file
    budget_.refill();
    farthest_ = held_;
  }
  // The parts may be of different files, although the server said that they are of one.
  const bool is_doubtful =
      !is_before && is_continued_ &&
      (error.status == Status::VERIFICATION || error.status == Status::PROTOCOL || error.status == Status::DECRYPTION);
  if (is_doubtful) return begin_anew();
  Error named = error;
  if (named.file.empty()) named.at_file(entry_.name);
  if (named.message.find(entry_.shown()) == std::string::npos)
    named.message = "the file " + entry_.shown() + ": " + named.message;
  retry_or_fail(std::move(named), now, error.retriable ? options_.retries : 0);
}

void Download::retry_or_fail(Error error, Moment now, int limit, const char* remedy) {
  const bool would_retry = budget_.allow(now.steady, limit);
  if (would_retry && !is_used_up()) {
    pause_ = http::Wait{budget_.delay(jitter_(), error.retry_after), error.message, true, error.http_status};
    request_again();
    return;
  }
  error.message += would_retry
                       ? used_up()
                       : remedy;  // only in the final error, because it would be wrong advice while the run retries
  fail(std::move(error));
}

std::string Download::used_up() const {
  return "; the service gives out each file " + std::to_string(options_.downloads_per_file) +
         " times, and this one has been given out so often, in this run and in earlier ones; start a new export";
}

// What is held stays: a later run may go on with it.
void Download::fail(Error error) {
  failure_ = std::move(error);
  phase_ = Phase::failed;
}

}  // namespace libbcda::transfer
