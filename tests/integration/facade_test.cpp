// The flat facade that SWIG reads. It has questions to poll instead of the callbacks of the C interface.
#include <sys/wait.h>
#include <unistd.h>

#include <flat.hpp>
#include <wipe.hpp>

#include <functional>
#include <thread>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

namespace flat = bcda_flat;

template <class Type, void (*destroy)(Type*)>
struct Destroy {
  void operator()(Type* handle) const { destroy(handle); }
};
template <class Type, void (*destroy)(Type*)>
using Owned = std::unique_ptr<Type, Destroy<Type, destroy>>;
using Config = Owned<flat::Config, flat::config_destroy>;
using Client = Owned<flat::Client, flat::client_destroy>;
using OwnedRun = Owned<flat::Run, flat::run_destroy>;
using Event = Owned<flat::Event, flat::event_destroy>;
using Result = Owned<flat::Result, flat::result_destroy>;
using Decryption = Owned<flat::Decryption, flat::decryption_destroy>;

constexpr int kForever = -1;

struct Facade : testing::Test {
  Facade() {
    set("url", sandbox.url());
    set("client_id", sandbox.client_id());
    set("private_key", sandbox.private_key());
    set("ca_file", sandbox.ca_file());
    set("types", "Patient");
    set("poll_interval", "5ms");
    set("retry_delay", "2ms");
    flat::config_provide(*config, "client_secret", sandbox.client_secret());
  }
  void TearDown() override {
    config.reset();
    EXPECT_EQ(flat::live_handles(), 0);
  }
  void set(const char* name, const std::string& value) { flat::config_set(*config, name, value); }

  OwnedRun into_sink() {
    Client client(flat::client_create(*config));
    Config none(flat::config_create());
    return OwnedRun(flat::export_start(*client, *none, 1));
  }

  bcda::Sandbox sandbox = quick_sandbox();
  Config config{flat::config_create()};
};

// Answers the questions of `run` until it has ended, as a binding does: questions and events alternate.
void serve(flat::Run& run, const std::function<bool(const std::string& question)>& accept) {
  Event event(flat::event_create());
  for (std::int32_t next = BCDA_AGAIN; next != BCDA_END;) {
    std::string question = flat::sink_next(run);
    if (!question.empty()) flat::sink_answer(run, accept(question));
    next = flat::run_next_event(run, *event, 0);
    if (question.empty() && next == BCDA_AGAIN) flat::run_wait_wakeup(run, kForever);
  }
}

TEST(FacadeText, IsWiped) {
  std::string text = "secret";
  flat::wipe(text);
  EXPECT_EQ(text, std::string(6, '\0'));
}

TEST_F(Facade, ASinkIsAskedForEveryStepOfAFile) {
  OwnedRun run = into_sink();
  std::map<std::int64_t, std::string> open;
  std::map<std::string, std::string> committed, names;
  serve(*run, [&](const std::string& question) {
    std::int64_t file = flat::sink_file(*run);
    if (question == "begin") {
      EXPECT_EQ(flat::sink_type(*run), "Patient");
      open[file] = flat::sink_name(*run) + "\n";
    } else if (question == "write") {
      flat::Bytes bytes = flat::sink_data(*run);
      open.at(file).append(bytes.data, static_cast<std::size_t>(bytes.size));
    } else if (question == "commit") {
      std::string name = open.at(file).substr(0, open.at(file).find('\n'));
      std::string content = open.at(file).substr(name.size() + 1);
      EXPECT_EQ(flat::sink_size(*run), static_cast<std::int64_t>(content.size()));
      EXPECT_EQ(flat::sink_sha256(*run), sha256(content));
      committed[name] = content;
    } else {
      ADD_FAILURE() << question;
    }
    return true;
  });
  EXPECT_TRUE(flat::run_wait(*run, kForever));
  Result result(flat::run_result(*run));
  ASSERT_EQ(flat::result_file_count(*result), 3);
  for (std::int32_t i = 0; i < 3; ++i)
    EXPECT_EQ(flat::file_sha256(*result, i), sha256(committed.at(flat::file_path(*result, i))));
}

TEST_F(Facade, ARefusalOfASinkFailsItsFile) {
  for (const char* refused : {"begin", "write", "commit"}) {
    OwnedRun run = into_sink();
    int begun = 0, aborted = 0;
    serve(*run, [&](const std::string& question) {
      aborted += question == "abort";
      if (question == refused) return false;
      begun += question == "begin";
      return true;
    });
    try {
      flat::run_wait(*run, kForever);
      ADD_FAILURE() << "refused " << refused;
    } catch (const bcda::Error& error) {
      EXPECT_EQ(error.status(), BCDA_SINK) << refused;
    }
    EXPECT_EQ(begun, aborted) << refused;
  }
}

TEST_F(Facade, ARunMayBeDestroyedWhileItAsks) {
  OwnedRun run = into_sink();
  while (flat::sink_next(*run).empty()) flat::run_wait_wakeup(*run, kForever);
  EXPECT_THROW(flat::sink_next(*run), bcda::Error);  // before the answer
  run.reset();
  run = into_sink();
  flat::run_wait_wakeup(*run, kForever);
  run.reset();
}

TEST_F(Facade, ARunOfTheParentIsHarmlessInAChild) {
  OwnedRun run = into_sink();
  while (flat::sink_next(*run).empty()) flat::run_wait_wakeup(*run, kForever);
  pid_t child = fork();
  if (child == 0) {
    alarm(30);
    run.reset();
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  flat::sink_answer(*run, 1);
  serve(*run, [](const std::string&) { return true; });
  EXPECT_TRUE(flat::run_wait(*run, kForever));
}

TEST_F(Facade, NoWakeupWhileNothingHappens) {
  sandbox.control("job_time", "1h");
  set("poll_interval", "1h");
  OwnedRun run = into_sink();
  Event event(flat::event_create());
  while (flat::event_kind(*event) != "job") {
    if (flat::run_next_event(*run, *event, 0) == BCDA_AGAIN) flat::run_wait_wakeup(*run, kForever);
  }
  while (flat::run_wait_wakeup(*run, 20)) {}  // would never end with a wake-up in each round
  flat::run_cancel(*run);
  EXPECT_TRUE(flat::run_wait_wakeup(*run, kForever));
}

TEST_F(Facade, WhatIsProvidedIsCheckedWhenItIsUsed) {
  EXPECT_EQ(flat::config_get(*config, "client_secret"), "(set)");
  flat::config_provide(*config, "parallel", "no number");
  EXPECT_THROW(flat::client_create(*config), bcda::Error);
  flat::config_provide(*config, "parallel", "2");
  EXPECT_EQ(flat::config_get(*config, "parallel"), "2");
  EXPECT_NO_THROW(Client(flat::client_create(*config)));
  EXPECT_THROW(flat::config_provide(*config, "paralel", "2"), bcda::Error);
}

TEST_F(Facade, ADecryptionReportsItsProgress) {
  TempDir dir;
  std::ofstream(dir / "a.ndjson", std::ios::binary) << std::string(64 << 10, '\0');
  Decryption decryption(flat::decryption_start(*config, dir / "a.ndjson", "", "00", "", dir / "plain"));
  while (!flat::decryption_wait(*decryption, flat::decryption_done(*decryption), kForever)) {}
  EXPECT_THROW(flat::decryption_result(*decryption), bcda::Error);  // no such key
  EXPECT_FALSE(fs::exists(dir / "plain"));
}

}  // namespace
}  // namespace bcda_test
