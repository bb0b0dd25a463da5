// Reading answers of the service: OperationOutcome texts, what may be tried again, progress.
#pragma once
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "http/retry.hpp"

namespace libbcda::bulk {

using http::transient;

// The text of an OperationOutcome (diagnostics, else details, else code), the first words of a text/plain body, or "".
// It is the server's, may name beneficiaries, and belongs into Error::outcome only.
std::string outcome_text(const http::Answer& answer);
bool is_operation_outcome(const http::Answer& answer);

// Whether a web page (HTML) came instead of the service's own answer, by its first bytes or, when it is not JSON, by
// its Content-Type. A head without its body goes by the latter.
bool is_page(const http::Answer& answer);

// What to say of a page, after "was answered with": that it is one, its title, who may have sent it, and the remedy.
std::string page_text(const http::Answer& answer);

// Whether a server says that it was spoken to in plain HTTP on a port that speaks TLS, as Go's, nginx and Apache do.
bool wants_tls(const http::Answer& answer);

// What Retry-After asks for; nullopt when the answer has none. A date is compared with the answer's own Date, because
// the two clocks may differ; `now` is our wall clock, for an answer without one.
std::optional<Milliseconds> retry_after(const http::Answer& answer, Instant now);

// The error for an answer that is not what `what` ("the status request for Patient") hoped for.
Error refusal(const http::Answer& answer, const std::string& what, Instant now);

// The number before a '%' in X-Progress, 0 to 100.
std::optional<double> percent(std::string_view progress);

}  // namespace libbcda::bulk
