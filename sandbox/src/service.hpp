// The emulated service. It computes the answer to a request, and uses no sockets.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "bulk.hpp"
#include "clock.hpp"
#include "faults.hpp"
#include "handler.hpp"
#include "jobs.hpp"
#include "message.hpp"
#include "options.hpp"
#include "storage.hpp"
#include "today.hpp"
#include "tokens.hpp"

namespace libbcda::sandbox {

class Service : public Handler {  // thread-safe
 public:
  // `options` must have the client id and secret of the first organization. `public_key` is PEM text. `client` is
  // what a server with signed logins knows about the client. `time` is the time of the service.
  Service(Options options, std::string public_key, Registration client, Clock::Source time = system_time);

  Response answer(const Request& request) override;
  void control(std::string_view name, std::string_view value);  // throws Error{INVALID_ARGUMENT}
  std::int64_t request_count(std::string_view prefix) const;
  Time now() const override { return clock_.now(); }
  const std::string& storage_origin() const { return storage_.origin(); }
  void set_storage_origin(const std::string& origin) { storage_.set_origin(origin); }  // before the first request

 private:
  // Which service answers.
  Response at_service(const Request& request);
  Response at_storage(const Request& request);
  void change(const Request& request, Response& response);
  std::string owner_of(const Request& request);  // of the token; "" without one

  Response route(const Request& request);
  Response site_route(const Request& request);  // the paths that need no token
  Response token(const Request& request);
  Response metadata(const Request& request) const;
  Response kick_off(const Request& request, Resource resource);
  Response status(const Request& request, std::string_view id);
  Response listing(const Request& request, const Job& job, std::string_view id);
  Response data(const Request& request, std::string_view id, std::string_view name);

  Options options() const;  // a copy: control() may change them at any time
  std::optional<std::string> organization(const Request& request);
  std::shared_ptr<Job> job_of(const std::string& organization, std::string_view id) const;
  std::shared_ptr<Job> new_job(const Request& request, const std::string& organization, Resource resource,
                               const Options& options);
  void add_files(Job& job, const Options& options);
  bool strikes(FaultKind kind, const Request& request) { return faults_.strike(kind, request.line()).has_value(); }
  void add_faults(const Request& request, Response& response);

  mutable std::mutex mutex_;  // guards options_ and counts_
  Options options_;
  std::map<std::string, std::int64_t> counts_;
  const std::string public_key_;
  const Bytes secret_;                                              // file keys and nonces are derived from it
  std::map<std::string, std::shared_ptr<const Archive>> archives_;  // by organization
  Clock clock_;
  Faults faults_;
  Tokens tokens_;
  Jobs jobs_;
  today::Today today_{tokens_, faults_};
  bulk::Bulk bulk_;
  Storage storage_{secret_};
};

}  // namespace libbcda::sandbox
