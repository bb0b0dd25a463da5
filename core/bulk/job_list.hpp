// Requests about the jobs of an organization outside of an export, and their answers: the job list, the attribution
// status, the end of a job (BCDA's documentation of 2026; Bulk Data IG, "Bulk Data Delete Request").
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "profiles/service.hpp"

namespace libbcda::bulk {

inline constexpr std::size_t kLargestJobList = 16 << 20;  // bytes

// The request for the job list. `states`: only jobs in one of these states; {}: all. Throws Error{INVALID_ARGUMENT} if
// the service has no list, or no such state.
http::Request job_list_request(const Service& service, const std::vector<std::string>& states);
// One object for each job: id, status, request, start, end and url (of its status). "" where the service does not say.
// A service without a job answers 404. Throws Error{REFUSED, PROTOCOL}.
json::array read_job_list(const http::Answer& answer, const Service& service, Instant now);

// The request for the attribution status. Throws Error{INVALID_ARGUMENT} if the service has none.
http::Request attribution_request(const Service& service);
// One object for each kind of data: type and time (RFC 3339). Throws Error{REFUSED, PROTOCOL}.
json::array read_attribution(const http::Answer& answer, Instant now);

// The request that cancels the job at a status URL, or, if it is done, tells the service that its files may go. Throws
// Error{INVALID_ARGUMENT} if the service takes no such request.
http::Request cancel_request(const Service& service, const http::Url& url);
// Throws Error{JOB_GONE} if there is no such job (any more), Error{REFUSED}, also if it can no longer be canceled, and
// Error{PROTOCOL} if a web page came.
void read_cancellation(const http::Answer& answer, const http::Url& url, Instant now);

}  // namespace libbcda::bulk
