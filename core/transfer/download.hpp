// The tries to download one file, as a state machine without sockets (BCDA guide, step 4; Bulk Data IG, "Bulk Data
// Output File Request").
#pragma once
#include <functional>
#include <optional>

#include "bulk/job.hpp"

namespace libbcda::transfer {

struct DownloadOptions {
  Milliseconds retry_delay{1000};
  Milliseconds retry_max_delay{60000};
  int retries = 5;
};

class Download {
 public:
  Download(bulk::Entry entry, DownloadOptions options, std::function<double()> chance);

  // Send, Wait, or the Error thrown that ended it. Never Finished: the driver knows when the last byte came.
  bulk::Step next();
  // The head of an answer came. True: read the body and, if that fails, call on_failure.
  bool on_head(const http::Answer& answer, Instant now);
  void on_failure(const Error& error);

  const bulk::Entry& entry() const { return entry_; }

 private:
  void retry_or_fail(Error error, int allowed, const char* remedy = "");

  bulk::Entry entry_;
  DownloadOptions options_;
  std::function<double()> chance_;
  bulk::Backoff wait_;
  std::optional<bulk::Wait> pending_;
  std::optional<Error> failure_;
  bool renew_token_ = false;
  bool token_renewed_ = false;
  int failures_ = 0;
};

}  // namespace libbcda::transfer
