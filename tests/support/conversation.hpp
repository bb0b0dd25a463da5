// A scripted conversation with a service, for tests of state machines. The tests repeat it, and let each step fail in
// each way in which a service or a network can fail. The state machine must end with success or with a typed error.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "http/message.hpp"

namespace libbcda::test {

class Conversation {
 public:
  struct Reply {
    http::Answer answer;
    std::optional<Error> failure;  // used instead of the answer
    bool answered = false;         // some bytes of an answer arrived before the failure
  };
  // Returns the reply to the n-th request. After the end of the script, the last answer is repeated.
  using Play = std::function<Reply(std::size_t turn)>;

  void say(http::Answer answer) { script_.push_back({std::move(answer), std::nullopt, false}); }

  // Runs `drive` with the unchanged script. Then runs it twice for each step and fault: once with the fault only in
  // that step, and once with the fault in all steps from there on. `drive` returns at the end, or throws an Error.
  void fail_each_step(const std::function<void(const Play&)>& drive) const {
    EXPECT_TRUE(ends_well(drive, [&](std::size_t turn) { return scripted(turn); })) << "the script itself fails";
    for (const auto& [name, fault] : faults()) {
      for (std::size_t step = 0; step < script_.size(); ++step) {
        for (const bool lasts : {false, true}) {
          SCOPED_TRACE(name + (lasts ? " from step " : " at step ") + std::to_string(step));
          ends_well(drive, [&, &fault = fault](std::size_t turn) {
            EXPECT_LT(turn, kMostRequests) << "it does not end";
            if (turn >= kMostRequests) throw Error(Status::INTERNAL, "it does not end");
            return turn == step || (lasts && turn > step) ? fault : scripted(turn);
          });
        }
      }
    }
  }

 private:
  static constexpr std::size_t kMostRequests = 10000;

  Reply scripted(std::size_t turn) const { return script_[std::min(turn, script_.size() - 1)]; }

  static std::vector<std::pair<std::string, Reply>> faults() {
    std::vector<std::pair<std::string, Reply>> all;
    for (const int status : {200, 202, 301, 400, 401, 403, 404, 410, 429, 500, 502, 503}) {
      Reply reply;
      reply.answer.status = status;
      all.emplace_back("HTTP " + std::to_string(status), reply);
    }
    const auto failing = [&](const std::string& name, Status status, bool retriable, bool answered) {
      Reply reply;
      reply.failure = std::move(Error(status, name).may_retry(retriable));
      reply.answered = answered;
      all.emplace_back(name, reply);
    };
    failing("refused connection", Status::NETWORK, true, false);
    failing("broken connection", Status::NETWORK, true, true);
    failing("timeout", Status::TIMEOUT, true, false);
    failing("untrusted certificate", Status::TLS, false, false);
    failing("too long", Status::LIMIT, false, true);
    return all;
  }

  static bool ends_well(const std::function<void(const Play&)>& drive, const Play& play) {
    try {
      drive(play);
      return true;
    } catch (const Error& error) {
      EXPECT_NE(error.status, Status::OK);
      EXPECT_NE(error.status, Status::INTERNAL) << error.message;
      EXPECT_FALSE(error.message.empty());
      return false;
    }
  }

  std::vector<Reply> script_;
};

}  // namespace libbcda::test
