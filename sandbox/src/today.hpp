// The service of today: /api/v1, /api/v2 and /api/v3 together. It computes answers, and uses no sockets.
#pragma once
#include <optional>
#include <string>

#include "faults.hpp"
#include "message.hpp"
#include "options.hpp"
#include "today_jobs.hpp"
#include "today_query.hpp"
#include "tokens.hpp"

namespace libbcda::sandbox::today {

// A request with what its answer depends on.
struct Call {
  const Request& request;
  const Options& options;
  Time now;
  int version = 1;             // of the interface; 1 for paths without a version
  std::string organization{};  // of the token
};

class Today {  // thread-safe
 public:
  Today(Tokens& tokens, Faults& faults) : tokens_(tokens), faults_(faults) {}
  Response answer(const Request& request, const Options& options, Time now);

 private:
  Response token(const Call& call);
  Response versioned(Call call, std::string_view path);
  Response kick_off(const Call& call);
  Response status(const Call& call, std::string_view id);
  Response finished(const Call& call, const Job& job);
  Response cancel(const Call& call, std::string_view id);
  Response list(const Call& call);
  Response data(Call call, std::string_view path);

  // Finds the organization of the token. Otherwise returns the refusal.
  std::optional<Response> refuse_token(Call& call);
  // Finds a job of the organization. Otherwise returns the refusal.
  std::optional<Response> find_job(const Call& call, std::string_view id, std::shared_ptr<Job>& job) const;
  std::shared_ptr<Job> new_job(const Call& call, Order order);
  bool strikes(FaultKind kind, const Call& call) { return faults_.strike(kind, call.request.line()).has_value(); }

  Tokens& tokens_;
  Faults& faults_;
  Jobs jobs_;
};

// Serves a file of a job. Files are stored gzipped; warnings are stored in plaintext.
Response serve_stored(const Request& request, const Job& job, const File& file);
Response serve_warnings(const Request& request, const Job& job);

Response metadata(int version, const std::string& base, Time now);

}  // namespace libbcda::sandbox::today
