// One question to the service outside of an export: are the credentials good, which jobs are there, how is a job doing.
// The answer is a text of JSON.
#pragma once
#include <optional>
#include <string>

#include "base/task.hpp"
#include "runtime/run_kind.hpp"
#include "runtime/session.hpp"

namespace libbcda::runtime {

// Whether a run of this kind asks such a question.
bool is_inquiry(RunKind kind);

struct Inquiry {
  RunKind kind = RunKind::auth;
  std::optional<http::Request> request;  // without the token; not set if only a token is asked for
};

// `argument`: the states of jobs to list, with commas; the status URL of job_status and job_cancel; else "". Nothing is
// sent. Throws Error{INVALID_ARGUMENT} if the service has no such request, or the argument does not fit it.
Inquiry plan_inquiry(const Service& service, RunKind kind, const std::string& argument);

// Asks. A token that the service refuses is renewed once. The JSON is described at bcda_inquiry_start. Throws
// Error{AUTHENTICATION, REFUSED, JOB_FAILED, JOB_GONE, PROTOCOL, LIMIT, NETWORK, ...}.
Task<> ask(Session& session, const Inquiry& inquiry, std::string& json);

// Deletes a job whose files are here. Throws as ask does with job_cancel.
Task<> delete_job(Session& session, const std::string& status_url);

}  // namespace libbcda::runtime
