// The download of one file with its retries, as a state machine without sockets (BCDA guide, step 4; Bulk Data IG,
// "Bulk Data Output File Request").
//
//   to_request --200 with data--> receiving --end of the body--> (the driver has the file)
//      ^  |                          |
//      |  +-- another answer         +-- the connection broke
//      +----- if a retry is left ----+----- otherwise --> failed
//
// A body that broke off is continued (RFC 9110 section 14): the next request asks for the rest, if the file is still the
// same (If-Range). Where that does not work, the file begins anew.
//
// A redirect is followed to the service and to the origins that files may come from (`allowed_origins`), at most five
// times. The driver adds the token by the origin of each request, so a redirect cannot carry it away.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bulk/answer.hpp"
#include "bulk/manifest.hpp"
#include "http/retry.hpp"
#include "http/step.hpp"

namespace libbcda::transfer {

struct DownloadOptions {
  Milliseconds retry_delay{1000};
  Milliseconds retry_max_delay{60000};
  int retries = 5;
  bool renews_on_403 = false;  // 403 may mean an expired token
  bool gzip = false;           // ask for gzip, unless the file is encrypted
  std::string ranges = {};     // see Profile::ranges
  Milliseconds max_retry_after{http::kLongestRequested};
  int downloads_per_file = 0;                         // how often the service gives out one file; 0: no limit
  int earlier_downloads = 0;                          // of this file, by earlier runs
  std::function<bool(const http::Url&)> allows = {};  // whether files may come from there
  std::string remedy = {};                            // continues the message about one from where they may not come
  bool renews_url = false;                            // the URL may have expired when it is refused
};

class Download {
 public:
  enum class Phase {
    to_request,  // the request for the file is next, after a pause if there was a failure
    receiving,   // the head of the answer has arrived, and the driver reads the body
    failed,      // `next` throws the error
  };

  // What the driver does with the body of an answer.
  enum class Body {
    none,   // it is not the file
    whole,  // it is the file from its first byte on; what came before is dropped
    rest,   // it goes on where the last one broke off
    over,   // there is nothing more: what came before is the whole file
  };

  // `jitter` yields numbers in [0, 1).
  Download(bulk::Entry entry, DownloadOptions options, std::function<double()> jitter);

  // What a later run must know to go on with the file.
  struct Held {
    std::int64_t bytes = 0;  // as they are sent
    std::int64_t size = -1;  // of the whole file; -1: not known
    std::string validator;   // its ETag or Last-Modified
    bool gzip = false;
  };
  // Whether the server could go on with what an earlier run received.
  bool can_go_on_from(const Held& held) const;
  // Goes on with it. Call it before anything else.
  void go_on_from(const Held& held);
  // Whether the file could be gone on with if the connection broke now.
  bool may_continue() const;
  const std::string& validator() const { return validator_; }

  // Returns Send or Wait, or throws the Error that ended the download. Never returns Finished, because the driver sees
  // the end of the body itself.
  http::Step next();
  // Reports whether the request is sent with a token; else a refusal cannot mean that the token has expired.
  void on_sent(bool has_token) { has_token_ = has_token; }
  // Reports the head of an answer. If reading the body or what is done with it fails, the driver calls on_failure.
  // `received`: the bytes of the file, as they are sent, that it has and can go on from; 0: none.
  // `length`: of the body, as the HTTP client knows it; -1: not known.
  Body on_head(const http::Answer& answer, Moment now, std::int64_t length = -1);
  void on_failure(const Error& error, Moment now, std::int64_t received = 0);
  // Whether the next request asks for the rest only, so that the driver keeps what it has.
  bool continues() const { return held_ > 0; }
  // How many bytes the file must have in the end, as they are sent. -1: not known.
  std::int64_t size() const { return size_; }
  // Whether the driver must look for a new URL of the file before it calls `next`. It reports what it found: nullopt, or
  // the same URL, makes the refusal that led here count.
  bool wants_new_url() const { return refusal_.has_value(); }
  void on_new_url(const std::optional<http::Url>& url, Moment now);

  // Whether the body that the driver reads is packed with gzip.
  bool is_gzip() const { return is_gzip_; }
  const bulk::Entry& entry() const { return entry_; }
  Phase phase() const { return phase_; }

 private:
  bool asks_for_gzip() const;
  bool takes_form(bool gzip) const;
  Body begin(const http::Answer& answer, std::int64_t length);
  Body go_on(const http::Answer& answer);
  void begin_anew();
  void request_again();
  void on_redirect(const http::Answer& answer);
  bool is_used_up() const { return options_.downloads_per_file > 0 && downloads_ >= options_.downloads_per_file; }
  std::string used_up() const;
  void on_refusal(const http::Answer& answer, Moment now);
  void retry_or_fail(Error error, Moment now, int limit, const char* remedy = "");
  void fail(Error error);

  Phase phase_ = Phase::to_request;
  bulk::Entry entry_;
  http::Url url_;  // of the next request: the entry's, or where a redirect led
  int redirects_ = 0;
  DownloadOptions options_;
  std::function<double()> jitter_;
  http::RetryBudget budget_;
  http::TokenTrust token_;
  int downloads_;  // answers that brought the file, or its beginning
  bool is_gzip_ = false, has_token_ = true;
  std::string validator_;            // of the file: its ETag or Last-Modified; "": none
  std::int64_t held_ = 0;            // bytes that the driver keeps; 0: the file begins anew
  std::int64_t farthest_ = 0;        // what it had when the retries were last refilled
  std::int64_t size_ = -1;           // see size()
  bool ranges_work_ = true;          // no answer has shown the opposite
  bool is_continued_ = false;        // what the driver has came in several answers
  std::optional<http::Wait> pause_;  // before the next request
  struct Refusal {
    Error error;
    int limit = 0;  // retries that it allows
    const char* remedy = "";
  };
  std::optional<Refusal> refusal_;  // for which a new URL is wanted
  std::optional<Error> failure_;
};

}  // namespace libbcda::transfer
