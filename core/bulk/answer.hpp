// Reads answers of the service: the text of an OperationOutcome, whether a retry may help, and the progress.
#pragma once
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "http/retry.hpp"

namespace libbcda::bulk {

using http::transient;

// The text of an OperationOutcome (its diagnostics, or else details, or else code), or the start of a text/plain body,
// or "". It is the server's text and may name beneficiaries, so it may be stored only in Error::outcome.
std::string outcome_text(const http::Answer& answer);
bool is_operation_outcome(const http::Answer& answer);

// What the codes of an OperationOutcome say about a failure (FHIR's issue types, section "transient").
enum class Fault {
  unknown,    // the answer is no OperationOutcome, or its issues have no code
  exception,  // code `exception`: a passing fault by the standard, but BCDA says it of a failed job too
  passing,    // another code that means a passing fault: transient, timeout, throttled, ...
  lasting,    // codes that all mean something else
};
Fault fault_of(const http::Answer& answer);

// Whether the same request may succeed later, by the status and by what an OperationOutcome says. 429 and 503 mean so
// whatever the body says.
bool may_pass(const http::Answer& answer);

// The status of an export that a status answer reports: X-Export-Status of a 200 has it in its first three digits (Bulk
// Data IG 3.0, "separate-export-status"). Without that header, the status of the answer itself.
int export_status(const http::Answer& answer);

// How long the files of a manifest stay, by Expires and our clock `now`. Negative if they are gone. The header is
// compared with the answer's own Date. nullopt if it is missing or has no date.
std::optional<Milliseconds> expires_in(const http::Answer& answer, Instant now);

// Whether the answer is a web page (HTML) instead of the service's own answer. The first bytes of the body decide, or,
// if the body is not JSON, Content-Type. Without a body, only Content-Type decides.
bool is_page(const http::Answer& answer);

// Describes a page, to follow "was answered with": its title, who may have sent it, and the remedy.
std::string page_text(const http::Answer& answer);

// Whether a server reports that it received plain HTTP on a TLS port. Recognizes the texts of Go, nginx and Apache.
bool wants_tls(const http::Answer& answer);

// The delay that Retry-After requests, or nullopt if the answer has no such header. A date is compared with the
// answer's own Date, because the two clocks may differ. `now` is our wall clock, for an answer without Date.
std::optional<Milliseconds> retry_after(const http::Answer& answer, Instant now);

// The error for an unexpected answer to `what` ("the status request for Patient").
Error refusal(const http::Answer& answer, const std::string& what, Instant now);

// The number before a '%' in X-Progress, from 0 to 100. nullopt if there is none.
std::optional<double> percent(std::string_view progress);

}  // namespace libbcda::bulk
