// A job of the organization that runs already when a kick-off is refused with 429.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace libbcda::bulk {

// The URLs of the running jobs at `service`, which Content-Location of a 429 lists (AB2D separates them by ", "). A
// relative URL is resolved against `base`. URLs of other origins, and what is no URL, are left out.
std::vector<http::Url> running_jobs(const http::Answer& answer, const http::Url& base, const http::Url& service);

struct RunningJob {
  http::Url status_url;
  std::string request;           // the URL of its kick-off, as the service says
  std::optional<Instant> began;  // nullopt: the service does not say it
};
// Those of a job list (see read_job_list) that have not ended and, if `since` is set, those that are complete and began
// after it. Jobs of other origins are left out.
std::vector<RunningJob> running_in(const json::array& job_list, const http::Url& service,
                                   std::optional<Instant> since = {});

// Whether `text`, the member `request` of a manifest, is the kick-off `ours`: the same path and the same parameters, in
// any order and encoding. The origin does not count, because a proxy changes it. False if the text is empty.
bool is_same_request(std::string_view text, const http::Url& ours);

}  // namespace libbcda::bulk
