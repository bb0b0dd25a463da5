#include "world/process.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace libbcda::world {
namespace {

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

// Of /proc/PID/stat.
struct Stat {
  bool has_ended = false;  // but its parent has not asked for its exit code yet
  std::string started;     // "": the file cannot be read
};

// The name in field 2 may contain blanks and parentheses, so counting starts after it.
Stat stat_of(int pid) {
  const std::string line = first_line(("/proc/" + std::to_string(pid) + "/stat").c_str());
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::array<std::string, 20> field;  // from field 3 on
  for (std::string& each : field) fields >> each;
  if (!fields) return {};
  // The first thread of a process may end before the others. Then its state is Z too.
  const bool has_threads = field[17] != "0" && field[17] != "1";
  return {(field[0] == "Z" || field[0] == "X") && !has_threads, field[19]};
}

class SystemHost : public Host {
 public:
  Process me() const override { return this_process(); }
  bool is_alive(const Process& process) const override {
    if (::kill(process.pid, 0) != 0 && errno == ESRCH) return false;
    const Stat found = stat_of(process.pid);
    if (found.has_ended) return false;
    return found.started.empty() || found.started == process.started;  // if unknown, assume the same process
  }
};

}  // namespace

Process this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);  // a failure is ignored, because the name is only for messages
  const int pid = ::getpid();
  return {host.data(),
          first_line("/etc/machine-id"),
          first_line("/proc/sys/kernel/random/boot_id"),
          link_target("/proc/self/ns/pid"),
          pid,
          stat_of(pid).started};
}

const Host& system_host() {
  static const auto* const host = new SystemHost;  // leaked, because threads may use it until the process ends
  return *host;
}

}  // namespace libbcda::world
