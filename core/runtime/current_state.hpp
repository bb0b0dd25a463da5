// The current state of a series of exports: of each resource only the record that counts now.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "files/file.hpp"

namespace libbcda::runtime {

// Where a record is: the number of its file in the order of reading, and its line.
struct RecordPlace {
  std::uint32_t file = 0, line = 0;
};

// Chooses among the records of each type and id. The one with the latest meta.lastUpdated counts; of several with the
// same time the one of the latest run. A record without a time counts if it came later than that one. A deletion removes
// the records of its own run and of the earlier ones.
//
// Memory: 40 bytes for each record, up to a limit. Beyond it the entries go to files without a name, in parts that are
// chosen one after the other. After that one bit for each record is left. The entries have no ids, but digests of them
// under a random key.
class CurrentState {
 public:
  static constexpr std::size_t kMemory = 256 << 20;

  explicit CurrentState(std::size_t memory = kMemory);

  // `updated`: microseconds since 1970, or kNoTime. Throws Error{FILESYSTEM}.
  static constexpr std::int64_t kNoTime = INT64_MIN;
  void add(std::string_view type, std::string_view id, std::int64_t updated, std::uint32_t run, RecordPlace place);
  void add_deletion(std::string_view type, std::string_view id, std::uint32_t run);
  // A record without an id counts always.
  void keep(RecordPlace place);

  // After the last record. Throws Error{FILESYSTEM}.
  void choose();

  bool counts(RecordPlace place) const;
  std::int64_t last_line(std::uint32_t file) const;  // no record after it counts; 0: none does
  std::int64_t spilled() const { return spilled_; }  // bytes that went to files

 private:
  struct Entry {
    std::array<std::uint64_t, 2> resource;  // the digest of type and id
    std::int64_t updated;
    std::uint32_t run;  // its highest bit says that this is a deletion
    std::uint32_t line;
    std::uint32_t file;
    std::uint32_t unused = 0;
  };
  static constexpr std::uint32_t kDeletion = 1u << 31;
  static constexpr std::size_t kParts = 64;

  Entry entry(std::string_view type, std::string_view id) const;
  void add(const Entry& entry);
  void spill();
  void choose(std::vector<Entry>& entries);
  static bool is_better(const Entry& candidate, const Entry& best);
  void choose_one(const Entry* begin, const Entry* end);

  std::array<std::uint8_t, 32> key_{};
  std::size_t most_entries_;
  std::vector<Entry> entries_;
  std::array<files::Fd, kParts> parts_;
  std::int64_t spilled_ = 0;
  std::vector<std::vector<bool>> counts_;  // by file and line
};

}  // namespace libbcda::runtime
