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

class RunTest : public testing::Test {
 protected:
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
