// The download of one file with its retries, as a state machine without sockets (BCDA guide, step 4; Bulk Data IG,
// "Bulk Data Output File Request").
//
//   to_request --200 with data--> receiving --end of the body--> (the driver has the file)
//      ^  |                          |
//      |  +-- another answer         +-- the connection broke
//      +----- if a retry is left ----+----- otherwise --> failed
#pragma once
#include <functional>
#include <optional>

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
  bool has_token = true;       // requests have a token, which may be renewed
};

class Download {
 public:
  enum class Phase {
    to_request,  // the request for the file is next, after a pause if there was a failure
    receiving,   // the head of the answer has arrived, and the driver reads the body
    failed,      // `next` throws the error
  };

  // `jitter` yields numbers in [0, 1).
  Download(bulk::Entry entry, DownloadOptions options, std::function<double()> jitter);

  // Returns Send or Wait, or throws the Error that ended the download. Never returns Finished, because the driver sees
  // the end of the body itself.
  http::Step next();
  // Reports the head of an answer. Returns true if the driver must read the body. If that fails, it calls on_failure.
  bool on_head(const http::Answer& answer, Moment now);
  void on_failure(const Error& error, Moment now);

  // Whether the body that the driver reads is packed with gzip.
  bool is_gzip() const { return is_gzip_; }
  const bulk::Entry& entry() const { return entry_; }
  Phase phase() const { return phase_; }

 private:
  bool asks_for_gzip() const;
  void on_refusal(const http::Answer& answer, Moment now);
  void retry_or_fail(Error error, Moment now, int limit, const char* remedy = "");
  void fail(Error error);

  Phase phase_ = Phase::to_request;
  bulk::Entry entry_;
  DownloadOptions options_;
  std::function<double()> jitter_;
  http::RetryBudget budget_;
  http::TokenTrust token_;
  bool is_gzip_ = false;
  std::optional<http::Wait> pause_;  // before the next request
  std::optional<Error> failure_;
};

}  // namespace libbcda::transfer
