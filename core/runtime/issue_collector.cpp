#include "runtime/issue_collector.hpp"

#include <cerrno>
#include <utility>

#include "crypto/digest.hpp"
#include "files/file.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kChunk = 256 << 10;

class CollectingWriter : public transfer::Writer {
 public:
  CollectingWriter(std::unique_ptr<transfer::Writer> writer, std::shared_ptr<IssueCollector> collector,
                   const std::string& prefix)
      : writer_(std::move(writer)), collector_(std::move(collector)), prefix_(prefix) {}

  void write(ByteView bytes) override {
    writer_->write(bytes);
    reader_.feed(bytes);
  }
  std::string commit(std::int64_t size, const std::string& sha256) override {
    std::string path = writer_->commit(size, sha256);
    bulk::IssueList issues = reader_.finish();
    issues.set_file(prefix_ + path);
    collector_->add(issues);
    return path;
  }
  Partial partial() const override { return writer_->partial(); }
  void sync() override { writer_->sync(); }
  void leave() override { writer_->leave(); }

 private:
  std::unique_ptr<transfer::Writer> writer_;
  std::shared_ptr<IssueCollector> collector_;
  std::string prefix_;
  bulk::IssueReader reader_;
};

class CollectingDestination : public transfer::Destination {
 public:
  CollectingDestination(std::shared_ptr<transfer::Destination> destination, std::shared_ptr<IssueCollector> collector,
                        std::string prefix)
      : destination_(std::move(destination)), collector_(std::move(collector)), prefix_(std::move(prefix)) {}

  std::unique_ptr<transfer::Writer> begin(const std::string& name, const std::string& type, FileKind kind) override {
    auto writer = destination_->begin(name, type, kind);
    if (kind != FileKind::error) return writer;
    return std::make_unique<CollectingWriter>(std::move(writer), collector_, prefix_);
  }

 private:
  std::shared_ptr<transfer::Destination> destination_;
  std::shared_ptr<IssueCollector> collector_;
  std::string prefix_;
};

bulk::IssueList trouble(const char* what) {
  bulk::IssueList issues;
  issues.add({bulk::severity_name(bulk::Severity::error), bulk::kUnreadable, what, "", 1});
  return issues;
}

bulk::IssueList read_file(const std::string& path, const transfer::Facts& facts) {
  const files::Fd fd = files::open_system_file(path);
  if (!fd) return trouble("the error file cannot be read");
  bulk::IssueReader reader;
  crypto::Sha256 digest;
  Bytes buffer(kChunk);
  for (std::int64_t left = facts.bytes; left >= 0;) {
    const ssize_t n = fd.read(buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return trouble("the error file cannot be read");
    if (n == 0) {
      if (to_hex(digest.finish()) != facts.sha256) break;
      return reader.finish();
    }
    const ByteView bytes(buffer.data(), static_cast<std::size_t>(n));
    digest.update(bytes);
    reader.feed(bytes);
    left -= n;
  }
  return trouble("the error file has changed");
}

}  // namespace

void IssueCollector::add(const bulk::IssueList& issues) {
  const std::lock_guard lock(mutex_);
  issues_.add(issues);
}

bulk::IssueList IssueCollector::list() const {
  const std::lock_guard lock(mutex_);
  return issues_;
}

bulk::IssueCounts IssueCollector::counts() const {
  const std::lock_guard lock(mutex_);
  return issues_.counts();
}

std::shared_ptr<transfer::Destination> collecting(std::shared_ptr<transfer::Destination> destination,
                                                  std::shared_ptr<IssueCollector> collector, std::string prefix) {
  return std::make_shared<CollectingDestination>(std::move(destination), std::move(collector), std::move(prefix));
}

bulk::IssueList read_issues(const std::string& path, const transfer::Facts& facts) {
  bulk::IssueList issues = read_file(path, facts);
  issues.set_file(path);
  return issues;
}

bulk::IssueList read_issues(const FileList& files) {
  bulk::IssueList all;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (files[i].is_error()) all.add(read_issues(files[i].path(), files[i].result().facts));
  return all;
}

}  // namespace libbcda::runtime
