// The issues that the error files of a run hold. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "bulk/issues.hpp"
#include "runtime/file_list.hpp"
#include "transfer/destination.hpp"

namespace libbcda::runtime {

class IssueCollector {
 public:
  void add(const bulk::IssueList& issues);
  bulk::IssueList list() const;
  bulk::IssueCounts counts() const;

 private:
  mutable std::mutex mutex_;
  bulk::IssueList issues_;
};

// A destination that passes every file on to `destination`, and reads the error files on the way. Their issues count
// once the file is committed, which means that it is verified. So a sink and a directory need the same code, and no
// file is read twice. `prefix` + the committed path is the path in the issues.
std::shared_ptr<transfer::Destination> collecting(std::shared_ptr<transfer::Destination> destination,
                                                  std::shared_ptr<IssueCollector> collector, std::string prefix);

// Reads the issues of a published error file. If it cannot be read, or has changed since, that is an issue too.
bulk::IssueList read_issues(const std::string& path, const transfer::Facts& facts);
// Of all error files of a list.
bulk::IssueList read_issues(const FileList& files);

}  // namespace libbcda::runtime
