// One file of a partition on its way from the service: a run that fetches it, and where its bytes can be read.
#pragma once
#include <memory>

#include "ndjson/reader.hpp"
#include "partition/token.hpp"
#include "runtime/run.hpp"

namespace libbcda::partition {

// Not thread-safe, but cancel() is.
class Fetch {
 public:
  virtual ~Fetch() = default;
  // Waits until the file was verified (verify=before). Throws the failure of the run.
  virtual void wait() = 0;
  // Hands out the bytes. With verify=before it may be called several times after wait(), and needs no Fetch any more.
  // With verify=stream it is called once, and throws at the end of the bytes if they were not verified.
  virtual ndjson::Reader::Source open() = 0;
  virtual void cancel() noexcept = 0;
};

// Starts. `file` is one of the partition's.
std::unique_ptr<Fetch> start_fetch(std::shared_ptr<runtime::Session> session, const Settings& settings,
                                   const Partition& partition, const File& file);

// The name of a file to download, as an export would give it.
std::string name_of(const File& file);

}  // namespace libbcda::partition
