#include "runtime/session.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <future>
#include <new>

#include "support/errors.hpp"
#include "support/signing.hpp"
#include "support/syscalls.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;

Settings settings() {
  Settings made;
  made.set("url", "https://localhost");
  made.set("threads", "2");
  return made;
}

// The process limit of a container may allow any number of threads. A missing resolver thread must be reported at the
// start, and not at the first name look-up.
TEST(Sessions, EachThreadThatCannotBeStartedIsAnErrorAtOnce) {
  constexpr int kMore = 40;  // than all threads
  int failed = 0;
  for (int room = 0; room < kMore; ++room) {
    const test::Failing thread(test::Call::pthread_create, EAGAIN, false, room);
    try {
      Session session(settings());
    } catch (const Error& error) {
      ++failed;
      EXPECT_EQ(error.status, Status::INTERNAL);
      EXPECT_TRUE(holds(error.message, "cannot start a thread"));
      EXPECT_TRUE(holds(error.message, "limit"));
    }
  }
  EXPECT_GT(failed, 5);
  EXPECT_LT(failed, kMore);  // with room for all threads the session starts
}

TEST(Sessions, AClientCertificateIsCheckedAtOnce) {
  Settings lone = settings();
  lone.set("client_certificate_key", "key.pem");
  EXPECT_EQ(error_of([&] { const Session session(lone); }).status, Status::INVALID_ARGUMENT);
  Settings missing = settings();
  missing.set("client_certificate", "/nonexistent.pem");
  const Error error = error_of([&] { const Session session(missing); });
  EXPECT_EQ(error.status, Status::TLS);
  EXPECT_TRUE(holds(error.message, "the setting client_certificate: "));
  EXPECT_TRUE(holds(error.message, "/nonexistent.pem"));
}

TEST(Sessions, AFaultOfAThreadReachesEveryWatch) {
  Session session(settings());
  std::promise<Error> reported;
  {
    const world::Faults::Watch watch(session.world()->faults(), [&](const Error& error) { reported.set_value(error); });
    boost::asio::post(session.world()->executor(), [] { throw std::bad_alloc(); });
    EXPECT_EQ(reported.get_future().get().status, Status::NO_MEMORY);
  }
  boost::asio::post(session.world()->executor(), [] { throw 7; });  // there is no watch any more
}

TEST(Sessions, AMissingCredentialHasARemedy) {
  const auto message = [](const char* url, const char* auth, std::initializer_list<const char*> given) {
    Settings some = settings();
    some.set("url", url);
    some.set("auth", auth);
    for (const char* name : given) some.set(name, "x");
    Session session(some);
    return error_of([&] { session.tokens(); }).message;
  };
  EXPECT_TRUE(holds(message("https://localhost", "auto", {}), "client_id is missing; the service issues it"));
  EXPECT_TRUE(
      holds(message("https://localhost/fhir", "smart", {"client_id"}), "signing_key is missing; give the private"));
  EXPECT_TRUE(holds(message("https://localhost/fhir", "basic", {"client_id", "client_secret"}),
                    "token_url is missing; give the URL"));
  EXPECT_TRUE(holds(message("https://localhost", "token", {}), "is missing; give a token"));
}

TEST(Sessions, AKeyThatIsNotUsedIsAWarning) {
  const auto warnings = [](const char* url) {
    Settings with_key;
    with_key.set("url", url);
    with_key.set("client_id", "id");
    with_key.set("signing_key", test::smart_path("es384.jwk.json"));
    return Session(with_key).warnings();
  };
  const auto has = [](const std::vector<std::string>& all) {
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return holds(one, "a signing key is set, but"); });
  };
  EXPECT_TRUE(has(warnings("https://api.bcda.cms.gov")));
  EXPECT_TRUE(has(warnings("https://sandbox.ab2d.cms.gov")));
  EXPECT_FALSE(has(warnings("https://sandbox.dpc.cms.gov")));
  EXPECT_FALSE(has(warnings("https://localhost/fhir")));
}

TEST(Sessions, ShareTheirThreadsIfTheSettingIsOn) {
  Settings sharing = settings();
  sharing.set("share_threads", "true");
  const Session alone(settings()), first(sharing), second(sharing);
  EXPECT_EQ(first.world(), second.world());
  EXPECT_NE(alone.world(), first.world());
}

TEST(Sessions, SharedThreadsEndWithTheLastSession) {
  Settings sharing = settings();
  sharing.set("share_threads", "true");
  std::weak_ptr<world::World> world;
  {
    auto first = std::make_unique<Session>(sharing);
    const Session second(sharing);
    world = second.world();
    first.reset();
    EXPECT_FALSE(world.expired());
  }
  EXPECT_TRUE(world.expired());
}

}  // namespace
}  // namespace libbcda::runtime
