// The race between the addresses of a host, in virtual time.
#include "world/dialer.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "support/errors.hpp"
#include "support/fake_world.hpp"

namespace libbcda::world {
namespace {

using namespace std::chrono_literals;
using test::FakeWorld;

const std::string kV6 = "2001:db8::1", kOtherV6 = "2001:db8::2", kV4 = "192.0.2.1", kOtherV4 = "192.0.2.2";
constexpr Milliseconds kNever = std::chrono::hours(1);

class Race : public testing::Test {
 protected:
  struct Result {
    bool connected = false, found = false;
    ErrorCode error;
    Milliseconds took{0};
  };

  // Dials the host "api", or another one. Clears what the network has recorded before.
  Result dial(Milliseconds limit = 30s, const std::string& host = "api") {
    net().attempts.clear();
    net().stopped.clear();
    Result result;
    begin_ = world_.clock().now().steady;
    world_.run([&]() -> Task<> {
      const Dialer::Dialed dialed = co_await dialer_.dial(host, 443, begin_ + limit);
      result.connected = dialed.bytes != nullptr;
      result.found = dialed.found;
      result.error = dialed.error;
      result.took = since(world_.clock().now().steady);
    });
    return result;
  }

  // The attempts so far, such as "192.0.2.1 at 250".
  std::vector<std::string> attempts() {
    std::vector<std::string> all;
    for (const auto& [address, when] : net().attempts)
      all.push_back(address + " at " + std::to_string(since(when).count()));
    return all;
  }
  Milliseconds since(Steady when) const { return std::chrono::duration_cast<Milliseconds>(when - begin_); }
  test::FakeNet& net() { return world_.net(); }
  void pass(Milliseconds duration) {
    world_.run([&]() -> Task<> { co_await world_.clock().sleep(duration); });
  }

  FakeWorld world_{[](const std::string&, const std::string&) { return std::nullopt; }};
  Dialer dialer_{world_};
  Steady begin_;
};

using Names = std::vector<std::string>;

TEST_F(Race, TheFirstAddressAloneIsTriedWhileItAnswers) {
  net().addresses["api"] = {kV6, kV4};
  net().hosts[kV6].after = 249ms;
  const Result result = dial();
  EXPECT_TRUE(result.connected);
  EXPECT_EQ(result.took, 249ms);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0"}));
}

TEST_F(Race, AnAddressThatIsSilentCostsAQuarterOfASecond) {
  net().addresses["api"] = {kV6, kOtherV6, kV4, kOtherV4};
  net().hosts[kV6].after = kNever;
  const Result result = dial();
  EXPECT_TRUE(result.connected);
  EXPECT_EQ(result.took, 250ms);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0", kV4 + " at 250"}));
  EXPECT_EQ(net().stopped, (Names{kV6}));
}

TEST_F(Race, ARefusalStartsTheNextAttemptAtOnce) {
  net().addresses["api"] = {kV6, kOtherV6, kV4, kOtherV4};
  net().hosts[kV6] = {30ms, asio::error::connection_refused};
  net().hosts[kV4] = {0ms, asio::error::connection_refused};
  net().hosts[kOtherV6].after = 5ms;
  const Result result = dial();
  EXPECT_TRUE(result.connected);
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.took, 35ms);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0", kV4 + " at 30", kOtherV6 + " at 30"}));
}

TEST_F(Race, ASlowAddressMayStillWin) {
  net().addresses["api"] = {kV6, kV4};
  net().hosts[kV6].after = 400ms;
  net().hosts[kV4].after = 300ms;
  EXPECT_EQ(dial().took, 400ms);
  EXPECT_EQ(net().stopped, (Names{kV4}));
}

TEST_F(Race, TheWinnersFamilyIsRememberedForSomeMinutes) {
  net().addresses["api"] = {kV6, kV4};
  net().hosts[kV6].after = kNever;
  EXPECT_EQ(dial().took, 250ms);
  EXPECT_EQ(dial().took, 0ms);
  EXPECT_EQ(attempts(), (Names{kV4 + " at 0"}));
  net().addresses["other"] = {kV6, kV4};
  EXPECT_EQ(dial(30s, "other").took, 250ms);  // it is remembered for the host, not for all
  pass(11min);
  EXPECT_EQ(dial().took, 250ms);
}

TEST_F(Race, AFamilyThatNoLongerAnswersIsForgotten) {
  net().addresses["api"] = {kV6, kV4};
  net().hosts[kV6].after = kNever;
  dial();
  net().hosts[kV6].after = 0ms;
  net().hosts[kV4].after = kNever;
  EXPECT_EQ(dial().took, 250ms);
  EXPECT_EQ(dial().took, 0ms);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0"}));
}

TEST_F(Race, AddressesAreKnownForHalfAMinuteUnlessAllFail) {
  net().addresses["api"] = {kV4};
  dial();
  pass(29s);
  dial();
  EXPECT_EQ(net().lookups, (Names{"api"}));
  pass(2s);
  dial();
  EXPECT_EQ(net().lookups, (Names{"api", "api"}));
  net().hosts[kV4].error = asio::error::connection_refused;
  EXPECT_FALSE(dial().connected);
  net().addresses["api"] = {kOtherV4};
  EXPECT_TRUE(dial().connected);
  EXPECT_EQ(net().lookups, (Names{"api", "api", "api"}));
}

TEST_F(Race, AnAddressNeedsNoLookUp) {
  EXPECT_TRUE(dial(30s, kV6).connected);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0"}));
  EXPECT_TRUE(net().lookups.empty());
}

TEST_F(Race, AHostWithoutAddressesIsNotFoundAndNotRemembered) {
  net().addresses["api"] = {};
  for (int i = 0; i < 2; ++i) {
    const Result result = dial();
    EXPECT_FALSE(result.found);
    EXPECT_EQ(result.error, asio::error::host_not_found);
  }
  EXPECT_EQ(net().lookups.size(), 2u);
}

TEST_F(Race, TheErrorIsTheOneThatSaysTheMost) {
  net().addresses["api"] = {kV6, kV4, kOtherV6};
  net().hosts[kV6].error = asio::error::network_unreachable;
  net().hosts[kV4].error = asio::error::connection_refused;
  net().hosts[kOtherV6].error = asio::error::network_unreachable;
  const Result result = dial();
  EXPECT_TRUE(result.found);
  EXPECT_EQ(result.error, asio::error::connection_refused);
  EXPECT_EQ(attempts().size(), 3u);
}

TEST_F(Race, TheLimitIsForAllAttemptsTogether) {
  net().addresses["api"] = {kV6, kOtherV6, kV4, kOtherV4};
  for (const std::string& address : {kV6, kOtherV6, kV4, kOtherV4}) net().hosts[address].after = kNever;
  const Result late = dial(2s);
  EXPECT_EQ(late.error, asio::error::timed_out);
  EXPECT_EQ(late.took, 2s);
  EXPECT_EQ(attempts(), (Names{kV6 + " at 0", kV4 + " at 250", kOtherV6 + " at 500", kOtherV4 + " at 750"}));
  const Result hurried = dial(500ms);  // each address gets its turn
  EXPECT_EQ(hurried.error, asio::error::timed_out);
  EXPECT_EQ(attempts().size(), 4u);
}

TEST_F(Race, ACancellationEndsAllAttempts) {
  net().addresses["api"] = {kV6, kV4};
  net().hosts[kV6].after = net().hosts[kV4].after = kNever;
  begin_ = world_.clock().now().steady;
  asio::cancellation_signal signal;
  bool ended = false;
  asio::co_spawn(
      world_.executor(),
      [&]() -> Task<> {
        const Dialer::Dialed dialed = co_await dialer_.dial("api", 443, begin_ + 30s);
        EXPECT_EQ(dialed.error, asio::error::operation_aborted);
        ended = true;
      },
      asio::bind_cancellation_slot(signal.slot(), [](const std::exception_ptr&) {}));
  world_.run([&]() -> Task<> {
    co_await world_.clock().sleep(1s);
    signal.emit(asio::cancellation_type::terminal);
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(net().stopped, (Names{kV6, kV4}));
  EXPECT_EQ(since(world_.clock().now().steady), 1s);
}

TEST(Interleaved, TheFamiliesTakeTurns) {
  const auto order = [](const Names& addresses, bool v6_first) {
    std::vector<Net::Endpoint> endpoints;
    for (const std::string& address : addresses) endpoints.emplace_back(asio::ip::make_address(address), 1);
    Names out;
    for (const auto& endpoint : interleaved(endpoints, v6_first)) out.push_back(endpoint.address().to_string());
    return out;
  };
  EXPECT_EQ(order({kV6, kOtherV6, kV4, kOtherV4}, true), (Names{kV6, kV4, kOtherV6, kOtherV4}));
  EXPECT_EQ(order({kV6, kOtherV6, kV4}, false), (Names{kV4, kV6, kOtherV6}));
  EXPECT_EQ(order({kV4, kOtherV4}, true), (Names{kV4, kOtherV4}));
  EXPECT_EQ(order({}, true), Names());
}

}  // namespace
}  // namespace libbcda::world
