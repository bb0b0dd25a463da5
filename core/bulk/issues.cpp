#include "bulk/issues.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/quote.hpp"
#include "base/words.hpp"
#include "crypto/digest.hpp"

namespace libbcda::bulk {
namespace {

constexpr const char* kNames[kSeverities] = {"fatal", "error", "warning", "information", "success", "other"};
constexpr std::size_t kLongestText = 4000, kLongestCode = 100;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Lengths come first, so that different issues have different texts.
std::uint64_t digest_of(const Issue& issue) {
  std::string all;
  for (const std::string* part : {&issue.severity, &issue.code, &issue.text})
    all += std::to_string(part->size()) + ':' + *part;
  return crypto::short_digest(all);
}

Issue read_issue(const json::object& object) {
  Issue issue;
  issue.severity = tidy(string_member(object, "severity"), kLongestCode);
  const Severity known = severity_named(issue.severity);
  if (known != Severity::other) issue.severity = severity_name(known);
  issue.code = tidy(string_member(object, "code"), kLongestCode);
  issue.text = tidy(issue_text(object), kLongestText);
  return issue;
}

}  // namespace

const char* severity_name(Severity severity) { return kNames[static_cast<std::size_t>(severity)]; }

Severity severity_named(std::string_view text) {
  const auto is_text = [&](std::string_view name) {
    return std::equal(name.begin(), name.end(), text.begin(), text.end(),
                      [](char one, char other) { return one == lower(other); });
  };
  const auto found = std::find_if(std::begin(kNames), std::end(kNames), is_text);
  return found == std::end(kNames) ? Severity::other : static_cast<Severity>(found - std::begin(kNames));
}

void IssueCounts::add(const IssueCounts& others) {
  for (std::size_t i = 0; i < kSeverities; ++i) counts_[i] += others.counts_[i];
}

std::int64_t IssueCounts::all() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }

bool IssueCounts::partial() const {
  return (*this)[Severity::fatal] > 0 || (*this)[Severity::error] > 0 || (*this)[Severity::other] > 0;
}

std::string issue_text(const json::object& issue) {
  if (auto text = string_member(issue, "diagnostics"); !text.empty()) return text;
  if (const json::value* details = issue.if_contains("details"); details && details->is_object())
    if (auto text = string_member(details->get_object(), "text"); !text.empty()) return text;
  return string_member(issue, "code");
}

void IssueList::add(Issue issue) {
  const Severity severity = severity_named(issue.severity);
  if (entries_.size() == kMost) return leave_off(severity, issue.count);
  counts_.add(severity, issue.count);
  entries_.push_back(std::move(issue));
}

void IssueList::add(const IssueList& list) {
  for (const Issue& issue : list.entries_) add(issue);
  counts_.add(list.left_off_);
  left_off_.add(list.left_off_);
}

void IssueList::repeat(std::size_t index) {
  ++entries_[index].count;
  counts_.add(severity_named(entries_[index].severity));
}

void IssueList::leave_off(Severity severity, std::int64_t count) {
  counts_.add(severity, count);
  left_off_.add(severity, count);
}

void IssueList::set_file(const std::string& path) {
  for (Issue& issue : entries_) issue.file = path;
}

std::vector<Issue> IssueList::entries() const {
  std::vector<Issue> all = entries_;
  std::stable_sort(all.begin(), all.end(), [](const Issue& one, const Issue& other) { return one.file < other.file; });
  for (std::size_t i = 0; i < kSeverities; ++i)
    if (const auto severity = static_cast<Severity>(i); left_off_[severity] > 0)
      all.push_back({severity_name(severity), kLeftOff, "", "", left_off_[severity]});
  return all;
}

void IssueReader::feed(ByteView bytes) {
  std::string_view rest = as_text(bytes);
  for (std::size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
    take(rest.substr(0, end));
    end_line();
  }
  take(rest);
}

// A part of a line.
void IssueReader::take(std::string_view part) {
  is_too_long_ = is_too_long_ || line_.size() + part.size() > kLongestLine;
  if (!is_too_long_) line_ += part;
}

IssueList IssueReader::finish() {
  end_line();
  return std::move(list_);
}

void IssueReader::end_line() {
  std::string_view line = line_;
  if (std::exchange(is_first_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (std::exchange(is_too_long_, false))
    unreadable("a line is longer than 4 MiB");
  else if (!is_blank_json(line))
    read_line(line);
  line_.clear();
}

void IssueReader::read_line(std::string_view line) {
  boost::system::error_code malformed;
  const json::value value = json::parse(line, malformed, {}, json_options());
  if (malformed) return unreadable("a line is not JSON");
  const json::object* outcome = value.if_object();
  if (!outcome || string_member(*outcome, "resourceType") != "OperationOutcome")
    return unreadable("a line is not an OperationOutcome");
  const json::value* member = outcome->if_contains("issue");
  const json::array* issues = member ? member->if_array() : nullptr;
  if (!issues || issues->empty()) return unreadable("an OperationOutcome has no issues");
  for (const json::value& issue : *issues) {
    if (const json::object* object = issue.if_object())
      found(read_issue(*object));
    else
      unreadable("an issue is not a JSON object");
  }
}

void IssueReader::unreadable(const char* why) { found({severity_name(Severity::error), kUnreadable, why, "", 1}); }

void IssueReader::found(Issue issue) {
  const std::uint64_t digest = digest_of(issue);
  if (const auto known = places_.find(digest); known != places_.end()) return list_.repeat(known->second);
  if (list_.size() < IssueList::kMost) places_.emplace(digest, list_.size());
  list_.add(std::move(issue));
}

}  // namespace libbcda::bulk
