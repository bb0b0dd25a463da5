// The sandbox's service in the simulated world. It remembers what it gave, as the truth for the invariants.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "handler.hpp"
#include "simulation/dice.hpp"
#include "simulation/ledger.hpp"
#include "world/clock.hpp"

namespace libbcda::sandbox {
class Service;
struct Options;
}  // namespace libbcda::sandbox

namespace libbcda::simulation {

// Probabilities, each for one request.
struct ServerFaults {
  double busy = 0;         // 429 and 503
  double failing = 0;      // 500, 502 and 504
  double wrong_bytes = 0;  // flipped or doubled bytes in a file
};

// Goes on living when a run crashes. Its clock is not the wall clock of the client.
class SimServer : public sandbox::Handler {
 public:
  // `ranges`: the form of a file on which Range works at this service, as its profile says.
  // `finds_jobs`: a client can find a job whose kick-off was not answered.
  SimServer(sandbox::Options options, std::string ranges, bool finds_jobs, std::uint64_t seed);
  ~SimServer() override;

  void use(const world::Clock& clock) { clock_ = &clock; }
  void fail(const ServerFaults& faults, Dice dice) {
    faults_ = faults;
    dice_ = dice;
  }

  sandbox::Response answer(const sandbox::Request& request) override;
  sandbox::Time now() const override;

  // Whether it gave a file with this content and this name at the service, without ".ndjson".
  bool gave(const std::string& stem, const std::string& content);
  // How many files the last manifest of a job lists. -1: no manifest was given.
  std::int64_t files_of(const std::string& status_url) const;
  int jobs_accepted() const { return jobs_accepted_; }
  // How many jobs were accepted although the client had asked for the status of another one, which had the same request
  // and was alive.
  int needless_jobs() const { return needless_jobs_; }
  void forget_jobs() { jobs_.clear(); }  // the client begins anew on purpose
  Ledger& ledger() { return ledger_; }
  // The bytes of a file in the last answer; null: it has none.
  std::shared_ptr<Ledger::Answer> take_answer() { return std::move(last_); }

 private:
  // Generated or unpacked when it is asked for.
  struct Content {
    std::shared_ptr<sandbox::DataFile> file;
    std::string packed;  // by gzip
    std::string text;
    bool is_text = false;
    const std::string& whole();
  };
  bool refuses(sandbox::Response& refusal);
  void remember(const sandbox::Request& request, const sandbox::Response& response);
  void remember_job(const sandbox::Request& request, const sandbox::Response& response);
  void remember_status(const sandbox::Request& request, const sandbox::Response& response);
  void remember_file(const sandbox::Request& request, const sandbox::Response& response);
  bool spoil(sandbox::Response& response);  // false: no check sum would show it

  const std::uint64_t seed_;
  const world::Clock* clock_ = nullptr;
  std::unique_ptr<sandbox::Service> service_;
  ServerFaults faults_;
  Dice dice_{0};
  std::uint64_t requests_ = 0;
  std::map<std::string, std::map<std::string, Content>> contents_;  // by stem and path: jobs may share names
  std::map<std::string, std::int64_t> manifests_;                   // the number of files, by the path of the job
  struct Job {
    std::string request;
    bool asked_for = false, dead = false;
  };
  std::map<std::string, Job> jobs_;  // by the path of the job
  int jobs_accepted_ = 0, needless_jobs_ = 0;
  Ledger ledger_;
  const bool finds_jobs_;
  std::shared_ptr<Ledger::Answer> last_;
};

// The client's keys in every simulation: one for files, and one that signs logins.
const std::string& client_private_pem();
const std::string& client_signing_pem();
inline constexpr const char* kKeyId = "simulated-key";

}  // namespace libbcda::simulation
