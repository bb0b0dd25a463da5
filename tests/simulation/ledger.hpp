// What came over the network of each file, and what of it was on the disk when a run ended. So it shows which bytes are
// fetched twice, and whether they had to be.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "message.hpp"
#include "simulation/sim_disk.hpp"

namespace libbcda::simulation {

// Why a file began anew although bytes of it were there.
enum class Excuse {
  no_ranges,      // the server has no ranges for this form of the file, or gives it no validator
  range_ignored,  // the server answered a request for the rest with the whole, or said that there is none
  wrong_bytes,    // the service had sent wrong bytes, which only the end of the file shows
  disk_fault,     // the disk failed in this run or the last one
  restart,        // the user discards what is there
  count
};
constexpr std::size_t kExcuses = static_cast<std::size_t>(Excuse::count);
std::string_view name_of(Excuse excuse);

class Ledger {
 public:
  struct Sum {
    std::int64_t again = 0;    // bytes that came once more, in a later run
    std::int64_t allowed = 0;  // of the same files, the bytes that had come but were not on the disk
    std::array<std::int64_t, kExcuses> excused{};  // bytes that came once more, by the excuse
    int resumed = 0;                               // files that went on, in a later run, with bytes of an earlier one
    std::array<int, kExcuses> excuses{};           // how often each was needed
    void add(const Sum& other);
  };

  // One answer with bytes of a file.
  struct Answer {
    std::string path;
    int run = 0;
    std::int64_t first = 0, size = 0;  // the place of its body in the file
    std::int64_t taken = 0;            // how much of the body the client has read
    int excuse = -1;
  };

  // `ranges`: the form of a file on which Range works at this service, as its profile says.
  explicit Ledger(std::string ranges) : ranges_(std::move(ranges)) {}

  void run_begins(bool restarts, bool disk_may_fail);
  // Null if the answer has no bytes of a file. `spoiled`: some of them are wrong.
  std::shared_ptr<Answer> answered(const sandbox::Request& request, const sandbox::Response& response,
                                   sandbox::Time now, bool spoiled);
  void received(Answer& answer, std::int64_t body_bytes);  // so many in all
  // `live`: the disk in the moment when the run ends. `left`: what the next run finds there. `replaced`: the files,
  // relative to OUT, that need not be there because tables have their rows. `boot`: of the next run.
  void run_ends(const SimDisk& live, const SimDisk& left, const std::set<std::string>& replaced, bool loses_power,
                const std::string& boot);

  void pause() { runs_ = false; }  // until the next run begins, because two runs fetch at once
  const std::string& wrong() const { return wrong_; }
  const Sum& sum() const { return sum_; }

 private:
  struct File {
    std::int64_t far = 0;      // the client has read it up to here
    std::int64_t held = 0;     // of that, what it can go on from within this run
    std::int64_t kept = 0;     // what the run before left on the disk
    int run = 0;               // of the last answer
    int excuse = -1;           // of the last time in this run that it began anew
    int doubted = 0;           // the run in which parts of it made no good file
    bool goes_on = false;      // by the server's means
    bool spoiled = false;      // wrong bytes are among what the client holds
    bool has_no_rest = false;  // the last answer said so
    bool is_done = false;      // it was published before this run
  };
  struct Part;
  bool can_go_on(const sandbox::Response& response, sandbox::Time now) const;
  Excuse excuse_of(const File& file, bool asked_for_rest) const;
  void begin_again(File& file, Answer& answer, bool asked_for_rest);
  void check_kept(const std::string& path, const File& file, const Part* part, bool loses_power, const SimDisk& live);
  void require(bool holds, const std::string& path, const std::string& what);

  const std::string ranges_;
  std::map<std::string, File> files_;  // by the path of the URL
  int run_ = 0;
  bool runs_ = false, restarts_ = false;
  bool disk_may_fail_ = false, disk_might_fail_ = false;  // in this run, in the one before
  std::string wrong_;
  Sum sum_;
};

}  // namespace libbcda::simulation
