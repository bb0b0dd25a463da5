// The tries to download one file, as a state machine without sockets (BCDA guide, step 4; Bulk Data IG, "Bulk Data
// Output File Request").
//
//   to_request --200 that is data--> receiving --its end--> (the driver has the file)
//      ^  |                             |
//      |  +-- another answer            +-- the connection broke
//      +----- if a try is left ---------+----- else --> failed
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
};

class Download {
 public:
  enum class Phase {
    to_request,  // the request for the file is next, after a pause if one is due
    receiving,   // the head of the file came: the driver reads its body
    failed,      // `next` throws why
  };

  // `jitter` yields numbers in [0, 1).
  Download(bulk::Entry entry, DownloadOptions options, std::function<double()> jitter);

  // Send, Wait, or the Error thrown that ended it. Never Finished: the driver knows when the last byte came.
  http::Step next();
  // The head of an answer came. True: read the body and, if that fails, call on_failure.
  bool on_head(const http::Answer& answer, Moment now);
  void on_failure(const Error& error, Moment now);

  const bulk::Entry& entry() const { return entry_; }
  Phase phase() const { return phase_; }

 private:
  void on_refusal(const http::Answer& answer, Moment now);
  void retry_or_fail(Error error, Moment now, int limit, const char* remedy = "");
  void fail(Error error);

  Phase phase_ = Phase::to_request;
  bulk::Entry entry_;
  int retries_;
  std::function<double()> jitter_;
  http::RetryBudget budget_;
  http::TokenTrust token_;
  std::optional<http::Wait> pause_;  // before the next request
  std::optional<Error> failure_;
};

}  // namespace libbcda::transfer
