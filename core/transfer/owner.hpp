// Which process uses a directory. A lock answers that only where locks work: some file systems have none, others lock
// within one host. The owner file answers it everywhere, if less exactly.
#pragma once
#include <optional>
#include <string>

#include "base/time.hpp"

namespace libbcda::transfer {

struct Owner {
  std::string host;
  std::string machine;    // its machine-id, because two may have one name
  std::string boot;       // the kernel's boot id: process ids mean something within one boot only
  std::string pid_space;  // the process id namespace: so do they within one container
  int pid = 0;
  std::string started;  // the process's start time in clock ticks since boot, because process ids are used again

  bool operator==(const Owner&) const = default;
};

Owner this_process();

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
