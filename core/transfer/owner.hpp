// The owner file, which says which run uses a directory. It is needed in addition to locks, because some file systems
// have no locks, and others lock only within one host. It works everywhere, but is less exact: a run renews its file
// every 30 seconds, and one that has not been renewed for 5 minutes counts as left behind.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "world/process.hpp"
#include "world/world.hpp"

namespace libbcda::transfer {

inline constexpr Milliseconds kHeartbeat{std::chrono::seconds(30)};
inline constexpr Milliseconds kStale{std::chrono::minutes(5)};

struct Owner {
  world::Process process;
  std::string nonce;  // of the run; no other run has it

  bool operator==(const Owner&) const = default;
};

// 12 random bytes in hex, for what no other run has.
std::string random_mark(world::Random& random);

// Identifies a machine and its boot in the names of partial files: "<boot>-<host>", eight hex digits each.
std::string writer_mark(const world::Process& writer);
// Whether a file with that name was written on the machine of that process, in this boot or an earlier one.
bool is_of_machine(std::string_view name, const world::Process& process);

std::string to_json(const Owner& owner);
std::optional<Owner> parse_owner(const std::string& text);  // nullopt if the text is not an owner file

// Whether the owner may still be running. `lock_is_ours`: locks work in the directory and the caller holds the lock, so
// no other process of this boot uses it. `silent_for`: the time since the owner file was renewed.
bool may_be_running(const Owner& owner, const world::Host& host, bool lock_is_ours, Milliseconds silent_for);

}  // namespace libbcda::transfer
