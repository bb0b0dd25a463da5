#include "transfer/owner.hpp"

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

// A run writes to its log after each status answer, and the service may request up to 15 minutes between two of them.
constexpr Milliseconds kSilence = std::chrono::minutes(20);

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
    const Owner me = world::this_process();
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
  if (same_boot && owner.pid_space == me.pid_space) return world::is_alive(owner);
  if (!same_boot && !owner.host.empty() && owner.host == me.host && owner.machine == me.machine)
    return false;  // this machine has been rebooted since
  return silent_for < kSilence;
}

}  // namespace libbcda::transfer
