// Faults of the service: the result of each fault, and that no wrong file is left.
#include "integration/support.hpp"

namespace bcda_test {
namespace {

struct Fault {
  const char* name;
  std::vector<std::string> faults;  // the sandbox's syntax
  bcda::Status status;
  const char* message;  // a part of the error's message
  std::size_t files;    // the number of the 3 files that have their final names at the end
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << fault.name; }

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, EndAsTheyShould) {
  const Fault& fault = GetParam();
  bcda::Sandbox sandbox = quick_sandbox();
  for (const std::string& one : fault.faults) sandbox.control("fault", one);
  TempDir dir;
  bcda::Config config = quick_config(sandbox);
  config.set("types", "Patient").set("idle_timeout", "300ms").set("request_timeout", "2s");
  Outcome outcome = export_to(config, dir / "out");
  EXPECT_EQ(outcome.status, fault.status) << outcome.message;
  EXPECT_NE(outcome.message.find(fault.message), std::string::npos) << outcome.message;
  EXPECT_EQ(data_files(dir / "out").size(), fault.files);
  for (const std::string& name : data_files(dir / "out"))
    EXPECT_EQ(read(dir / ("out/" + name)).rfind("{\"", 0), 0u) << name;
  EXPECT_EQ(fs::exists(dir / "out/export.json"), fault.status == BCDA_OK);
  for (auto& entry : fs::directory_iterator(dir.path()))
    EXPECT_EQ(entry.path().filename(), "out") << "something outside the directory";
}

const std::string kToken = "on=POST /auth/token", kKickOff = "on=GET /api/v1/Patient", kStatus = "on=GET /api/v1/jobs",
                  kData = "on=GET /data";

INSTANTIATE_TEST_SUITE_P(
    Recovered, Faults,
    testing::Values(Fault{"TokenBusy", {"status=503:count=2:" + kToken}, BCDA_OK, "", 3},
                    Fault{"TokenEmptyReply", {"no-answer:count=1:" + kToken}, BCDA_OK, "", 3},
                    Fault{"TokenRevokedWhilePolling", {"revoke:count=1:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"TokenRevokedWhileDownloading", {"revoke:count=1:" + kData}, BCDA_OK, "", 3},
                    Fault{"KickOff429", {"status=429:retry_after=0:count=2:" + kKickOff}, BCDA_OK, "", 3},
                    Fault{"KickOffGateway", {"status=503:count=1:" + kKickOff}, BCDA_OK, "", 3},
                    Fault{"StatusFaults", {"status=500:count=2:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"StatusPage", {"html:count=1:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"StatusEmptyReply", {"no-answer:count=3:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"StatusUnknownAtFirst", {"status=404:count=2:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"StatusDelayed", {"delay=100ms:count=1:" + kStatus}, BCDA_OK, "", 3},
                    Fault{"DataBusy", {"status=503:count=4:" + kData}, BCDA_OK, "", 3},
                    Fault{"DataReset", {"reset:count=2:at=1000:" + kData}, BCDA_OK, "", 3},
                    Fault{"DataTruncated", {"truncate:count=2:at=50%:" + kData}, BCDA_OK, "", 3},
                    Fault{"DataStalled", {"stall:count=1:at=100:for=5s:" + kData}, BCDA_OK, "", 3},
                    Fault{"DataPage", {"html:count=1:" + kData}, BCDA_OK, "", 3},
                    Fault{"ManifestGrows", {"job-grows"}, BCDA_OK, "", 3},
                    Fault{"ManifestEmpty", {"job-empty"}, BCDA_OK, "", 0},
                    Fault{"OnlyKeyMap", {"no-key"}, BCDA_OK, "", 3},
                    Fault{"OnlyEncryptedKey", {"no-keymap"}, BCDA_OK, "", 3},
                    Fault{"HttpUrlsBehindAProxy", {"plain-http"}, BCDA_OK, "", 3}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Final, Faults,
    testing::Values(Fault{"TokenRefused", {"status=401:" + kToken}, BCDA_AUTHENTICATION, "client_secret", 0},
                    Fault{"TokenBroken", {"html:" + kToken}, BCDA_PROTOCOL, "a web page titled", 0},
                    Fault{"TokenNeverAccepted", {"status=401:" + kStatus}, BCDA_AUTHENTICATION, "401", 0},
                    Fault{"KickOffForbidden", {"status=403:" + kKickOff}, BCDA_REFUSED, "403", 0},
                    Fault{"KickOffFault", {"status=500:" + kKickOff}, BCDA_REFUSED, "500", 0},
                    Fault{"KickOffRedirect", {"status=302:" + kKickOff}, BCDA_REFUSED, "redirect", 0},
                    Fault{"NoLocation", {"no-location"}, BCDA_PROTOCOL, "Content-Location", 0},
                    Fault{"JobFails", {"job-fails"}, BCDA_JOB_FAILED, "failed on the service", 0},
                    Fault{"JobExpires", {"job-expires"}, BCDA_JOB_GONE, "expired", 0},
                    Fault{"ManifestNotJson", {"not-json"}, BCDA_PROTOCOL, "not JSON", 0},
                    Fault{"HugeHeader", {"huge-header=1MiB:" + kStatus}, BCDA_LIMIT, "max_header_bytes", 0},
                    Fault{"FlippedNonce", {"flip:count=1:at=3"}, BCDA_DECRYPTION, "tag", 2},
                    Fault{"FlippedText", {"flip:count=1:at=50%"}, BCDA_DECRYPTION, "tag", 2},
                    Fault{"AllFlipped", {"flip"}, BCDA_DECRYPTION, "3 of 3 files failed", 0},
                    Fault{"WrongKey", {"wrong-key:file=0"}, BCDA_DECRYPTION, "tag", 2},
                    Fault{"WrongLabel", {"wrong-label:file=2"}, BCDA_DECRYPTION, "renamed", 2},
                    Fault{"KeysDiffer", {"keys-differ"}, BCDA_PROTOCOL, "two different keys", 0},
                    Fault{"NoKeyAtAll", {"no-key", "no-keymap"}, BCDA_VERIFICATION, "no key", 0},
                    Fault{"PlaintextWithAKey", {"plaintext:count=1"}, BCDA_DECRYPTION, "is plain NDJSON", 2},
                    Fault{"DataGone", {"status=410:" + kData}, BCDA_JOB_GONE, "410", 0},
                    Fault{"DataAlwaysCut", {"truncate:at=90%:" + kData}, BCDA_NETWORK, "bytes missing", 0},
                    Fault{"OtherOrigin", {"other-origin=https://evil.example"}, BCDA_PROTOCOL, "allowed_origins", 0},
                    Fault{"Traversal", {"traversal"}, BCDA_DECRYPTION, "renamed", 0}),
    [](const auto& test) { return test.param.name; });

TEST(Faults, ATokenIsNeverSentToAnotherOrigin) {
  bcda::Sandbox other = quick_sandbox({{"tls", "false"}});
  bcda::Sandbox sandbox = quick_sandbox({{"tls", "false"}, {"fault", "other-origin=" + other.url()}});
  TempDir dir;
  bcda::Config config = quick_config(sandbox);
  config.set("types", "Patient").set("allowed_origins", other.url()).set("retries", 0);
  Outcome outcome = export_to(config, dir / "out");
  EXPECT_NE(outcome.status, BCDA_OK);  // the request had no token, so it was refused
  EXPECT_GT(other.request_count("GET /data"), 0);
  EXPECT_NE(outcome.message.find("401"), std::string::npos) << outcome.message;
  EXPECT_EQ(other.request_count("POST /auth/token"), 0);
}

// With TLS, where the bytes of the network are not those of the body. The time of idle_timeout is the default.
TEST(Faults, AFileThatComesTooSlowlyIsGivenUp) {
  const auto export_at = [](const std::string& speed, const std::string& setting, const std::string& out) {
    bcda::Sandbox sandbox = quick_sandbox(
        {{"bytes_per_type", "24KiB"}, {"files_per_type", "1"}, {"fault", "drip=" + speed + ":on=GET /data"}});
    return export_to(quick_config(sandbox).set("types", "Patient").set(setting, "300ms").set("retries", "0"), out);
  };
  TempDir dir;
  for (const std::string setting : {"idle_timeout", "low_speed_time"}) {
    // On a busy machine another request may be late, because the limit is short.
    Outcome slow;
    for (int i = 0; i < 5 && slow.message.find("low_speed_time") == std::string::npos; ++i)
      slow = export_at("100B", setting, dir / (setting + std::to_string(i)));
    EXPECT_EQ(slow.status, BCDA_TIMEOUT);
    EXPECT_NE(slow.message.find("low_speed_time (300ms)"), std::string::npos) << slow.message;
  }
  const Outcome fine = export_at("20KiB", "low_speed_time", dir / "fine");  // takes four of these times
  EXPECT_EQ(fine.status, BCDA_OK) << fine.message;
}

TEST(Faults, AJobThatNeverEndsTimesOut) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "job-hangs"}});
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox).set("types", "Patient").set("job_timeout", "100ms"), dir / "job");
  EXPECT_EQ(outcome.status, BCDA_TIMEOUT);
  EXPECT_NE(outcome.message.find("job_timeout"), std::string::npos) << outcome.message;
  Outcome whole = export_to(quick_config(sandbox).set("types", "Patient").set("timeout", "100ms"), dir / "whole");
  EXPECT_EQ(whole.status, BCDA_TIMEOUT) << whole.message;
}

// Its own budget is time, not `retries`.
TEST(Faults, AServiceThatStaysBusyIsGivenUpAfterKickoffTimeout) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "status=429:" + kKickOff}});
  TempDir dir;
  bcda::Config config = quick_config(sandbox);
  config.set("types", "Patient").set("kickoff_timeout", "100ms").set("retries", "0");
  Outcome outcome = export_to(config, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_REFUSED);
  EXPECT_NE(outcome.message.find("still running"), std::string::npos) << outcome.message;
  EXPECT_GT(sandbox.request_count("GET /api/v1/Patient"), 1);
}

TEST(Faults, OneJobThatFailsDoesNotStopTheOthers) {
  bcda::Sandbox sandbox = quick_sandbox({{"fault", "status=403:on=GET /api/v1/Coverage"}});
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_REFUSED);
  EXPECT_NE(outcome.message.find("Coverage"), std::string::npos);
  EXPECT_EQ(data_files(dir / "out").size(), 6u);
  EXPECT_FALSE(fs::exists(dir / "out/export.json"));
}

TEST(Faults, TheServersTextIsSeparateFromOurs) {
  bcda::Sandbox sandbox = quick_sandbox({{"beneficiaries", "0"}});
  TempDir dir;
  Outcome outcome = export_to(quick_config(sandbox).set("types", "Patient"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_REFUSED);
  EXPECT_EQ(outcome.outcome, "Processing Failure");
  EXPECT_EQ(outcome.message.find("Processing Failure"), std::string::npos);
}

TEST(Faults, ATokenThatHasExpiredForTheServiceIsRenewedOnce) {
  bcda::Sandbox sandbox = quick_sandbox({{"token_lifetime", "1h"}});
  TempDir dir;
  bcda::Client client(quick_config(sandbox).set("types", "Patient"));
  bcda::Run first = client.start_export({{"out", dir / "1"}});
  ASSERT_EQ(follow(first).status, BCDA_OK);
  sandbox.control("clock", "2h");  // the token has expired for the service, but not by our clock
  bcda::Run second = client.start_export({{"out", dir / "2"}});
  Outcome outcome = follow(second);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox.request_count("POST /auth/token"), 2);
}

}  // namespace
}  // namespace bcda_test
