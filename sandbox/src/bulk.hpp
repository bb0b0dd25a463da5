// A server that follows the Bulk Data Access IG: SMART's, HAPI, AB2D or DPC. It computes answers, and uses no sockets.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bulk_order.hpp"
#include "faults.hpp"
#include "oauth.hpp"

namespace libbcda::sandbox::bulk {

// A request with what its answer depends on.
struct Call {
  const Request& request;
  const Options& options;
  Time now;
  const Dialect& dialect;
  std::string organization{};  // of the token; "" without one
};

// A job with what the server remembers about it.
struct Entry {
  std::shared_ptr<Job> job;
  std::string format;                      // _outputFormat
  std::map<std::string, int> downloads{};  // by the path of the file
  std::optional<Time> asked{};             // the last status request
  bool removed = false;
};

class Bulk {  // thread-safe
 public:
  Bulk(Tokens& tokens, Faults& faults, Registration client)
      : tokens_(tokens), faults_(faults), oauth_(tokens, std::move(client)) {}
  Response answer(const Request& request, const Options& options, Time now, const Dialect& dialect);

 private:
  // The group of the path, "" at another level; nullopt if the path is no kick-off.
  static std::optional<std::string> kick_off_group(const Call& call);
  Response kick_off(Call call, const std::string& group);
  std::optional<Response> refuse_kick_off(const Call& call, const std::string& group, const Order& order);
  std::optional<Response> refuse_running(const Call& call);
  std::shared_ptr<Job> new_job(const Call& call, const std::string& group, const Order& order);
  void add_files(const Call& call, Job& job, bool by_patient) const;

  Response status(Call call, Entry& entry);
  Response running(const Call& call, const Job& job);
  Response finished(const Call& call, const Job& job);
  Response listing(const Call& call, const Job& job, int status, std::int64_t page);
  Response cancel(const Call& call, Entry& entry);
  std::optional<Response> refuse_pace(const Call& call, Entry& entry);

  Response file(Call call, Entry& entry, const File& file);

  // Finds the organization of the token. Otherwise returns the refusal. `open`: no token is needed.
  std::optional<Response> refuse_token(Call& call, bool open) const;
  bool strikes(FaultKind kind, const Call& call) { return faults_.strike(kind, call.request.line()).has_value(); }

  Tokens& tokens_;
  Faults& faults_;
  Oauth oauth_;
  std::mutex mutex_;                                    // guards what follows; answers are computed one at a time
  std::map<std::string, std::shared_ptr<Entry>> jobs_;  // by the target of the status URL
  std::map<std::string, std::pair<std::shared_ptr<Entry>, std::size_t>> files_;  // by path; an index into Job::files
};

// The manifest. `first` and `last` are the data files first <= i < last; `link` is the next page, or "".
struct Page {
  std::size_t first = 0, last = 0;
  bool others = true;  // with the files that hold no data
  std::string link{};
};
std::string manifest_text(const Call& call, const Job& job, const Page& page, const ManifestFaults& faults);

}  // namespace libbcda::sandbox::bulk
