// Which process uses a directory. A lock answers that only where locks work: some file systems have none, others lock
// within one host. The owner file answers it everywhere, if less exactly.
#pragma once
#include <optional>
#include <string>

#include "base/time.hpp"
#include "world/process.hpp"

namespace libbcda::transfer {

using Owner = world::Process;

// Names this machine and its boot, for the names of partial files: "<boot>-<host>", eight hex digits each.
std::string writer_mark();
// Whether a file of that name was written on this machine, in this boot or before.
bool is_of_this_machine(std::string_view name);

std::string to_json(const Owner& owner);
std::optional<Owner> parse_owner(const std::string& text);  // nullopt when it is no owner file

// Whether the process is still at work, as far as can be told. `lock_is_ours`: the directory's lock works and is held by
// the caller, so no process of this boot has it. `silent_for`: how long ago anything in the directory was last written.
bool may_be_running(const Owner& owner, const Owner& me, bool lock_is_ours, Milliseconds silent_for);

}  // namespace libbcda::transfer
