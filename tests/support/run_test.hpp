// Runs in a world without threads, sockets and real time.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/run.hpp"
#include "support/fake_service.hpp"
#include "support/files.hpp"

namespace libbcda::test {

inline const char* const kOneFile = R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson"}]})";
inline const char* const kTwoFiles =
    R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson"},{"type":"Patient","url":"/data/1/b.ndjson"}]})";

class RunTest : public testing::Test {
 protected:
  // The service is a server with these fields of a profile.
  void know(const std::string& fields) {
    spill(temp_ / "profile.json", "{" + fields + "}");
    service_.settings.set("profile", "bcda-2019");
    service_.settings.set("profile_file", temp_ / "profile.json");
  }
  // Starts a run and drives it to its end.
  std::optional<Error> run(runtime::RunKind kind = runtime::RunKind::export_, bulk::Manifests manifests = {}) {
    runtime::RunRequest request;
    request.kind = kind;
    request.settings = service_.settings;
    request.settings.set("out", out());
    request.manifests = std::move(manifests);
    run_ = runtime::Run::start(service_.session(), std::move(request));
    service_.world->run_until([&] { return run_->mailbox().finished(); });
    return run_->mailbox().failure();
  }
  // The next run counts its own requests.
  std::optional<Error> again() {
    run_.reset();
    service_.world->net().requests.clear();
    service_.world->net().heads.clear();
    return run();
  }
  std::optional<Error> resume() {
    run_.reset();
    service_.world->net().requests.clear();
    runtime::RunRequest request;
    request.settings = service_.settings;
    request.resume = true;
    request.directory = out();
    run_ = runtime::Run::start(service_.session(), std::move(request));
    service_.world->run_until([&] { return run_->mailbox().finished(); });
    return run_->mailbox().failure();
  }
  std::string out() const { return temp_ / "out"; }
  std::vector<std::string> events() {
    std::vector<std::string> seen;
    for (runtime::Event event; run_->mailbox().next(Milliseconds(0), event) == runtime::Mailbox::Got::event;)
      seen.push_back(std::string(runtime::event_kind_name(event.kind)) + (event.text.empty() ? "" : " " + event.text));
    return seen;
  }

  TempDir temp_;
  FakeService service_;
  runtime::Run::Handle run_;
};

}  // namespace libbcda::test
