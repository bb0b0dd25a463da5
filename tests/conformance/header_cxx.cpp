// The C++ headers compile as C++17, every class links, and owning classes can be moved but not copied.
#include <bcda/bcda.hpp>
#include <bcda/bcda_sandbox.hpp>
#include <iostream>
#include <type_traits>

namespace {

template <class T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(moves_only<bcda::Config> && moves_only<bcda::Client> && moves_only<bcda::Run> &&
              moves_only<bcda::Event> && moves_only<bcda::Result> && moves_only<bcda::Sink> &&
              moves_only<bcda::Reader> && moves_only<bcda::Sandbox>);
static_assert(std::is_trivially_copyable_v<bcda::File> && std::is_trivially_copyable_v<bcda::Setting>);

// Never called. The test is that it compiles and links.
[[maybe_unused]] void everything() {
  bcda::Sandbox sandbox{{"port", "0"}};
  sandbox.control("clock", "1h");
  bcda::Config config = sandbox.config();
  config.set("out", "claims").set("out", nullptr).set("types", std::string("Patient")).load_env().load_file("file");
  config.add("types", "Coverage").load_json("{}");
  config.set("a", true).set("b", 3).set("c", std::chrono::seconds(1));
  config.set_provider("client_secret", [] { return std::string("secret"); });
  const bcda::Client client(config);
  bcda::Sink sink([](const std::string&, const std::string&) { return std::unique_ptr<bcda::SinkFile>(); });
  bcda::Run run = client.start_export(config, sink);
  run = client.start_export();
  run = client.start_export({{"types", "Patient"}});
  run = client.start_sync(config);
  std::cout << run.result().directory() << run.result().deleted();
  run = client.start_manifest();
  run = client.start_metadata();
  run = client.start_inquiry(BCDA_RUN_JOBS, "Failed");
  run = client.start_fetch(client.metadata(), config, "file", sink);
  run.set_notify([] {});
  for (const bcda::Event& event : run.events()) std::cout << event.json();
  for (const bcda::File file : run.result()) std::cout << file.path();
  for (const std::string_view record : bcda::Reader("file")) std::cout << record;
  std::cout << run.kind() << run.kind_name() << run.fd() << run.result().types() << run.result().answer();
  if (!run.wait(bcda::Milliseconds(1))) run.cancel();
  if (sink.failure()) std::rethrow_exception(sink.failure());
  std::cout << bcda::decrypt_file(config, {"in", "out"}).json() << sandbox.request_count("POST /auth/token");
}

int failures = 0;
void expect(bool yes, const char* what) {
  if (yes) return;
  std::cerr << "not so: " << what << '\n';
  ++failures;
}

}  // namespace

int main() {
  expect(bcda::version() == "0.2.0", "the version");
  expect(bcda::version_number() == BCDA_VERSION_NUMBER, "its number");
  expect(bcda::statuses().size() >= 22, "22 status codes or more");
  expect(bcda::exit_code(BCDA_CANCELED) == 130, "130 for canceled");
  expect(!bcda::settings().empty(), "settings");
  expect(!bcda::sandbox_options().empty(), "options of the sandbox");
  try {
    bcda::Config{{"clientid", "x"}};
    expect(false, "an unknown setting throws");
  } catch (const bcda::Error& error) {
    expect(error.status() == BCDA_INVALID_ARGUMENT, "its status");
    expect(std::string(error.what()).find("client_id") != std::string::npos, "the nearest name is given");
  }
  return failures == 0 ? 0 : 1;
}
