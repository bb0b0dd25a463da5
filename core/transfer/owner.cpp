#include "transfer/owner.hpp"

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

std::string short_digest(std::string_view text) { return crypto::hex_digest(text).substr(0, 8); }

std::string host_mark(const world::Process& process) {
  return short_digest("host " + process.host + " " + process.machine);
}

}  // namespace

std::string random_mark(world::Random& random) {
  std::uint8_t bytes[12];
  random.fill(bytes);
  return to_hex(bytes);
}

std::string writer_mark(const world::Process& writer) {
  return short_digest("boot " + writer.boot) + "-" + host_mark(writer);
}

bool is_of_machine(std::string_view name, const world::Process& process) {
  return name.starts_with(writer_mark(process) + "-") ||
         (name.size() > 9 && name.substr(8).starts_with("-" + host_mark(process) + "-"));
}

std::string to_json(const Owner& owner) {
  return json::serialize(json::object{{"host", owner.process.host},
                                      {"machine", owner.process.machine},
                                      {"boot", owner.process.boot},
                                      {"pidSpace", owner.process.pid_space},
                                      {"pid", owner.process.pid},
                                      {"started", owner.process.started},
                                      {"nonce", owner.nonce}}) +
         "\n";
}

std::optional<Owner> parse_owner(const std::string& text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  const json::object& members = value->get_object();
  const json::value* pid = members.if_contains("pid");
  if (!pid || !pid->is_int64() || pid->get_int64() <= 0 || pid->get_int64() > INT32_MAX) return std::nullopt;
  return Owner{
      {string_member(members, "host"), string_member(members, "machine"), string_member(members, "boot"),
       string_member(members, "pidSpace"), static_cast<int>(pid->get_int64()), string_member(members, "started")},
      string_member(members, "nonce")};
}

bool may_be_running(const Owner& owner, const world::Host& host, bool lock_is_ours, Milliseconds silent_for) {
  const world::Process me = host.me(), &other = owner.process;
  const bool same_boot = !other.boot.empty() && other.boot == me.boot;
  if (same_boot && lock_is_ours) return false;
  if (same_boot && other.pid_space == me.pid_space) return host.is_alive(other);
  if (!same_boot && !other.machine.empty() && other.host == me.host && other.machine == me.machine)
    return false;  // this machine has been rebooted since
  return silent_for < kStale;
}

}  // namespace libbcda::transfer
