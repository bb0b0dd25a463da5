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

class SystemHost : public Host {
 public:
  Process me() const override { return this_process(); }
  bool is_alive(const Process& process) const override {
    if (::kill(process.pid, 0) != 0 && errno == ESRCH) return false;
    const std::string started = start_time(process.pid);
    return started.empty() || started == process.started;  // if it cannot be read, assume the same process
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
          start_time(pid)};
}

const Host& system_host() {
  static const auto* const host = new SystemHost;  // leaked, because threads may use it until the process ends
  return *host;
}

}  // namespace libbcda::world
