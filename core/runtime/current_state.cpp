#include "runtime/current_state.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "files/directory.hpp"

namespace libbcda::runtime {
namespace {

constexpr const char* kShownPath = "a temporary file for the current state (TMPDIR)";

MutableBytes bytes_of(void* data, std::size_t size) { return {static_cast<std::uint8_t*>(data), size}; }

}  // namespace

CurrentState::CurrentState(std::size_t memory) : most_entries_(std::max<std::size_t>(memory / sizeof(Entry), 1)) {
  static_assert(sizeof(Entry) == 40);
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) throw Error(Status::INTERNAL, "no random numbers");
}

CurrentState::Entry CurrentState::entry(std::string_view type, std::string_view id) const {
  Bytes text(key_.begin(), key_.end());
  text.insert(text.end(), type.begin(), type.end());
  text.push_back('/');
  text.insert(text.end(), id.begin(), id.end());
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(text.data(), text.size(), digest.data());
  Entry made{};
  std::memcpy(made.resource.data(), digest.data(), sizeof made.resource);
  return made;
}

void CurrentState::add(const Entry& entry) {
  if (entries_.size() == most_entries_) spill();
  entries_.push_back(entry);
}

void CurrentState::add(std::string_view type, std::string_view id, std::int64_t updated, std::uint32_t run,
                       RecordPlace place) {
  Entry made = entry(type, id);
  made.updated = updated;
  made.run = run;
  made.file = place.file;
  made.line = place.line;
  add(made);
}

void CurrentState::add_deletion(std::string_view type, std::string_view id, std::uint32_t run) {
  Entry made = entry(type, id);
  made.updated = kNoTime;
  made.run = run | kDeletion;
  add(made);
}

void CurrentState::keep(RecordPlace place) {
  if (counts_.size() <= place.file) counts_.resize(place.file + std::size_t(1));
  std::vector<bool>& lines = counts_[place.file];
  if (lines.size() <= place.line) lines.resize(place.line + std::size_t(1));
  lines[place.line] = true;
}

std::int64_t CurrentState::last_line(std::uint32_t file) const {
  const bool has_some = file < counts_.size() && !counts_[file].empty();
  return has_some ? static_cast<std::int64_t>(counts_[file].size()) - 1 : 0;
}

bool CurrentState::counts(RecordPlace place) const {
  return place.file < counts_.size() && place.line < counts_[place.file].size() && counts_[place.file][place.line];
}

void CurrentState::spill() {
  const auto part_of = [](const Entry& entry) { return static_cast<std::size_t>(entry.resource[0] % kParts); };
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) { return part_of(a) < part_of(b); });
  for (auto begin = entries_.begin(); begin != entries_.end();) {
    const std::size_t part = part_of(*begin);
    const auto end = std::find_if(begin, entries_.end(), [&](const Entry& each) { return part_of(each) != part; });
    if (!parts_[part]) parts_[part] = files::temporary_file();
    const ByteView bytes = bytes_of(&*begin, static_cast<std::size_t>(end - begin) * sizeof(Entry));
    files::write_all(parts_[part].disk(), parts_[part].get(), bytes, kShownPath);
    spilled_ += static_cast<std::int64_t>(bytes.size());
    begin = end;
  }
  entries_.clear();
}

void CurrentState::choose() {
  if (spilled_ == 0) return choose(entries_);
  spill();
  for (files::Fd& part : parts_) {
    if (!part) continue;
    struct stat info {};
    if (part.status(info) != 0) throw files::file_error("cannot read", kShownPath, errno);
    entries_.resize(static_cast<std::size_t>(info.st_size) / sizeof(Entry));
    files::read_all_at(part, 0, bytes_of(entries_.data(), entries_.size() * sizeof(Entry)), kShownPath);
    part = {};
    choose(entries_);
  }
}

// Frees the entries.
void CurrentState::choose(std::vector<Entry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.resource < b.resource; });
  for (const Entry *begin = entries.data(), *all = begin + entries.size(); begin != all;) {
    const Entry* end = std::find_if(begin, all, [&](const Entry& each) { return each.resource != begin->resource; });
    choose_one(begin, end);
    begin = end;
  }
  std::vector<Entry>().swap(entries);
}

// Of two records that both have a time, or both lack one.
bool CurrentState::is_better(const Entry& candidate, const Entry& best) {
  return std::tuple(candidate.updated, candidate.run, candidate.file, candidate.line) >
         std::tuple(best.updated, best.run, best.file, best.line);
}

void CurrentState::choose_one(const Entry* begin, const Entry* end) {
  std::int64_t deleted_in = -1;
  for (const Entry* each = begin; each != end; ++each)
    if (each->run & kDeletion) deleted_in = std::max<std::int64_t>(deleted_in, each->run & ~kDeletion);
  const Entry *with_time = nullptr, *without = nullptr;
  for (const Entry* each = begin; each != end; ++each) {
    if (each->run & kDeletion || each->run <= deleted_in) continue;
    const Entry*& best = each->updated == kNoTime ? without : with_time;
    if (!best || is_better(*each, *best)) best = each;
  }
  const bool is_later = with_time && without &&
                        std::tuple(without->run, without->file, without->line) >
                            std::tuple(with_time->run, with_time->file, with_time->line);
  if (const Entry* best = !with_time || is_later ? without : with_time) keep({best->file, best->line});
}

}  // namespace libbcda::runtime
