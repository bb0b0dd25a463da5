#include "transfer/owner.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

// A run writes to its log after each status answer, and the service may request up to 15 minutes between two of them.
constexpr Milliseconds kSilence = std::chrono::minutes(20);

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string link_target(const char* path) {
  std::array<char, 256> buffer;
  const ssize_t size = ::readlink(path, buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
}

// Field 22 of /proc/PID/stat. The name in field 2 may contain blanks and parentheses, so counting starts after it.
std::string start_time(int pid) {
  const std::string line = first_line(("/proc/" + std::to_string(pid) + "/stat").c_str());
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return fields ? field : "";
}

bool is_alive(const Owner& owner) {
  if (::kill(owner.pid, 0) != 0 && errno == ESRCH) return false;
  const std::string started = start_time(owner.pid);
  return started.empty() || started == owner.started;  // if it cannot be read, assume the same process
}

}  // namespace

Owner this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);  // a failure is ignored, because the name is only for messages
  const int pid = ::getpid();
  return {host.data(),
          first_line("/etc/machine-id"),
          first_line("/proc/sys/kernel/random/boot_id"),
          link_target("/proc/self/ns/pid"),
          pid,
          start_time(pid)};
}

namespace {

struct Mark {
  std::string boot, host;
};

std::string short_digest(std::string_view text) {
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  return to_hex(digest.finish()).substr(0, 8);
}

const Mark& mark() {
  static const auto* made = [] {  // leaked, because threads may use it until the process ends
    const Owner me = this_process();
    return new Mark{short_digest("boot " + me.boot), short_digest("host " + me.host + " " + me.machine)};
  }();
  return *made;
}

}  // namespace

std::string writer_mark() { return mark().boot + "-" + mark().host; }

bool is_of_this_machine(std::string_view name) {
  return name.starts_with(mark().boot + "-") ||
         (name.size() > 9 && name.substr(8).starts_with("-" + mark().host + "-"));
}

std::string to_json(const Owner& owner) {
  return json::serialize(json::object{{"host", owner.host},
                                      {"machine", owner.machine},
                                      {"boot", owner.boot},
                                      {"pidSpace", owner.pid_space},
                                      {"pid", owner.pid},
                                      {"started", owner.started}}) +
         "\n";
}

std::optional<Owner> parse_owner(const std::string& text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  const json::object& members = value->get_object();
  const json::value* pid = members.if_contains("pid");
  if (!pid || !pid->is_int64() || pid->get_int64() <= 0 || pid->get_int64() > INT32_MAX) return std::nullopt;
  return Owner{string_member(members, "host"),     string_member(members, "machine"),
               string_member(members, "boot"),     string_member(members, "pidSpace"),
               static_cast<int>(pid->get_int64()), string_member(members, "started")};
}

bool may_be_running(const Owner& owner, const Owner& me, bool lock_is_ours, Milliseconds silent_for) {
  const bool same_boot = !owner.boot.empty() && owner.boot == me.boot;
  if (same_boot && lock_is_ours) return false;
  if (same_boot && owner.pid_space == me.pid_space) return is_alive(owner);
  if (!same_boot && !owner.host.empty() && owner.host == me.host && owner.machine == me.machine)
    return false;  // this machine has been rebooted since
  return silent_for < kSilence;
}

}  // namespace libbcda::transfer
