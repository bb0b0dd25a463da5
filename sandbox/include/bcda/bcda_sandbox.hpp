// bcda_sandbox.hpp -- the sandbox for C++17: an owning class over bcda_sandbox.h. Link with -lbcda_sandbox -lbcda.
//
//   bcda::Sandbox sandbox{{"beneficiaries", "100"}};
//   bcda::Client client(sandbox.config().set("out", "claims"));
#ifndef BCDA_BCDA_SANDBOX_HPP
#define BCDA_BCDA_SANDBOX_HPP

#include <bcda/bcda_sandbox.h>
#include <bcda/bcda.hpp>
#include <map>

namespace bcda {

// A row of the table of the sandbox's options. Its data is static.
struct SandboxOption {
  std::string_view name, default_value, help;
};

inline std::vector<SandboxOption> sandbox_options() {
  std::vector<SandboxOption> all;
  for (std::int32_t i = 0; i < bcda_sandbox_option_count(); ++i) {
    all.push_back({bcda_sandbox_option_name(i), bcda_sandbox_option_default(i), bcda_sandbox_option_help(i)});
  }
  return all;
}

// An emulator of the service on loopback, for experiments and tests. It runs from construction to destruction.
class Sandbox {
 public:
  using Options = std::vector<std::pair<std::string, std::string>>;

  Sandbox() : Sandbox(Options{}) {}
  Sandbox(std::initializer_list<Options::value_type> options) : Sandbox(Options(options)) {}
  explicit Sandbox(const Options& options) {
    const auto names = detail::make<OptionsHandle>(bcda_sandbox_options_create);
    for (const auto& option : options) {
      detail::check([&](bcda_error** error) {
        return bcda_sandbox_options_set(names.get(), detail::c_str(option.first), detail::c_str(option.second), error);
      });
    }
    handle_ = detail::make<Handle>(
        [&](bcda_sandbox** sandbox, bcda_error** error) { return bcda_sandbox_start(names.get(), sandbox, error); });
  }

  std::string url() const { return bcda_sandbox_url(get()); }
  std::string client_id() const { return bcda_sandbox_client_id(get()); }
  std::string client_secret() const { return bcda_sandbox_client_secret(get()); }
  std::string private_key() const { return bcda_sandbox_private_key(get()); }  // path of a PEM file
  std::string ca_file() const { return bcda_sandbox_ca_file(get()); }          // path of a PEM file; "" without TLS
  std::string json() const { return bcda_sandbox_json(get()); }                // all of these as one line of JSON

  // The settings for a client of this sandbox, by name.
  std::map<std::string, std::string> settings() const {
    std::map<std::string, std::string> all;
    for (std::int32_t i = 0; i < bcda_sandbox_setting_count(get()); ++i)
      all[bcda_sandbox_setting_name(get(), i)] = bcda_sandbox_setting_value(get(), i);
    return all;
  }

  // The same as a configuration.
  Config config() const {
    Config config;
    for (const auto& [name, value] : settings()) config.set(name, value);
    return config;
  }

  // Changes an option while the sandbox runs, for example "fault" or "clock". Thread-safe.
  void control(const std::string& name, const std::string& value) {
    detail::check([&](bcda_error** error) {
      return bcda_sandbox_control(get(), detail::c_str(name), detail::c_str(value), error);
    });
  }

  // The number of requests answered so far that start with `prefix` ("POST /auth/token"). Thread-safe.
  std::int64_t request_count(const std::string& prefix) const {
    return bcda_sandbox_request_count(get(), detail::c_str(prefix));
  }

  bcda_sandbox* get() const noexcept { return handle_.get(); }

 private:
  using OptionsHandle = detail::Handle<bcda_sandbox_options, bcda_sandbox_options_destroy>;
  using Handle = detail::Handle<bcda_sandbox, bcda_sandbox_destroy>;
  Handle handle_;
};

}  // namespace bcda
#endif  // BCDA_BCDA_SANDBOX_HPP
