// The issues of OperationOutcomes, as the error files of a job hold them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/json.hpp"

namespace libbcda::bulk {

// In the order of FHIR's value set. `other`: a text that is not in it, or none.
enum class Severity { fatal, error, warning, information, success, other };
inline constexpr std::size_t kSeverities = 6;
const char* severity_name(Severity severity);    // "fatal", ..., "other"
Severity severity_named(std::string_view text);  // ignores case, because the 2019 service writes "Error"

// Codes of our own.
inline constexpr const char* kUnreadable = "unreadable";  // of a line that is no OperationOutcome
inline constexpr const char* kLeftOff = "left-off";       // of issues that were only counted

// How many issues there are of each severity.
class IssueCounts {
 public:
  void add(Severity severity, std::int64_t count = 1) { counts_[static_cast<std::size_t>(severity)] += count; }
  void add(const IssueCounts& others);
  std::int64_t operator[](Severity severity) const { return counts_[static_cast<std::size_t>(severity)]; }
  std::int64_t all() const;
  // Whether an issue says that resources are missing. One of an unknown severity may say so.
  bool partial() const;

 private:
  std::array<std::int64_t, kSeverities> counts_{};
};

struct Issue {
  std::string severity;  // one of FHIR's in lower case, or else the server's text
  std::string code;
  std::string text;  // the diagnostics, or else details.text, or else the code. PHI: for the caller alone
  std::string file;  // the path of its error file; "" if it counts those that were left off
  std::int64_t count = 1;
};

// The diagnostics, or else details.text, or else the code. PHI.
std::string issue_text(const json::object& issue);

// The issues of error files. Only the first kMost have an entry. The others are counted.
class IssueList {
 public:
  static constexpr std::size_t kMost = 1000;

  void add(Issue issue);            // a different one
  void add(const IssueList& list);  // of another file
  void repeat(std::size_t index);   // the entry at `index` in the order of add(), once more
  void leave_off(Severity severity, std::int64_t count = 1);
  void set_file(const std::string& path);  // of each entry
  std::size_t size() const { return entries_.size(); }

  const IssueCounts& counts() const { return counts_; }
  // The entries by file. Those that were left off follow, one for each severity, with the code kLeftOff.
  std::vector<Issue> entries() const;

 private:
  std::vector<Issue> entries_;
  IssueCounts counts_, left_off_;  // of all issues, and of those without an entry
};

// Reads the issues of an error file while its bytes arrive. Equal issues are one entry. Nothing in the file makes it
// fail: a line that is not an OperationOutcome with issues counts as an issue of the severity error, with the code
// kUnreadable.
class IssueReader {
 public:
  static constexpr std::size_t kLongestLine = 4u << 20;  // a longer line is not read

  void feed(ByteView bytes);
  IssueList finish();  // to be called once, at the end of the file

 private:
  void take(std::string_view line);
  void end_line();
  void read_line(std::string_view line);
  void unreadable(const char* why);
  void found(Issue issue);

  std::string line_;      // the beginning of the current line
  bool is_first_ = true;  // the current line is the first one
  bool is_too_long_ = false;
  IssueList list_;
  std::unordered_map<std::uint64_t, std::size_t> places_;  // the digest of an entry, and its index
};

}  // namespace libbcda::bulk
