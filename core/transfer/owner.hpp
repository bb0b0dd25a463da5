// The owner file, which says which process uses a directory. It is needed in addition to locks, because some file
// systems have no locks, and others lock only within one host. It works everywhere, but is less exact.
#pragma once
#include <optional>
#include <string>

#include "base/time.hpp"
#include "world/process.hpp"

namespace libbcda::transfer {

using Owner = world::Process;

// Identifies this machine and its boot in the names of partial files: "<boot>-<host>", eight hex digits each.
std::string writer_mark();
// Whether a file with that name was written on this machine, in this boot or an earlier one.
bool is_of_this_machine(std::string_view name);

std::string to_json(const Owner& owner);
std::optional<Owner> parse_owner(const std::string& text);  // nullopt if the text is not an owner file

// Whether the owner may still be running. `lock_is_ours`: locks work in the directory and the caller holds the lock, so
// no other process of this boot uses it. `silent_for`: the time since the last write in the directory.
bool may_be_running(const Owner& owner, const Owner& me, bool lock_is_ours, Milliseconds silent_for);

}  // namespace libbcda::transfer
