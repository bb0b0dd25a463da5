// Servers that violate HTTP or attack the client.
#include "integration/scripted_service.hpp"
#include "integration/support.hpp"

namespace bcda_test {
namespace {

struct Answered {
  bcda::Status status = BCDA_OK;
  std::string text;  // the body, or the error's message
  bool retriable = false;
};

// Requests the metadata, which needs no token, and returns the result.
Answered ask(const std::string& url) {
  bcda::Config config{{"url", url}, {"request_timeout", "1s"}, {"idle_timeout", "1s"}};
  try {
    return {BCDA_OK, bcda::Client(config).metadata(), false};
  } catch (const bcda::Error& e) {
    return {e.status(), e.what(), e.retriable()};
  }
}

Answered answer_with(const std::string& bytes) {
  ScriptedServer server([&](const std::string&) { return bytes; });
  return ask(server.url());
}

TEST(Hostile, AnImpossibleContentLengthIsRefused) {
  std::string body(1 << 20, 'x');
  for (const char* length : {"18446744073709551615", "9223372036854775808", "99999999999999999999999", "-1", "1x"})
    EXPECT_EQ(answer_with(ok(std::string("Content-Length: ") + length + "\r\n", body)).status, BCDA_PROTOCOL) << length;
}

TEST(Hostile, ABodyLargerThanAllowedIsCutOff) {
  Answered huge = answer_with(ok("Content-Length: 9000000\r\n", std::string(9000000, 'x')));
  EXPECT_EQ(huge.status, BCDA_LIMIT) << huge.text;
}

TEST(Hostile, HeadersWithoutEndAreCutOff) {
  std::string headers;
  for (int i = 0; headers.size() < (1 << 20); ++i)
    headers += "X-" + std::to_string(i) + ": " + std::string(500, 'y') + "\r\n";
  EXPECT_EQ(answer_with(ok(headers, "{}")).status, BCDA_LIMIT);
  EXPECT_EQ(answer_with("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'y')).status, BCDA_LIMIT);
}

TEST(Hostile, AHeadJustBelowTheLimitIsRead) {
  EXPECT_EQ(answer_with(ok("X: " + std::string(40000, 'y') + "\r\nContent-Length: 2\r\n", "{}")).text, "{}");
}

TEST(Hostile, AnAnswerThatIsNotHttpIsReported) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/9.9 200\r\n\r\n", "\r\n\r\n\r\n\r\n", "HTTP/1.1 2000 Huh\r\n\r\n"})
    EXPECT_EQ(answer_with(bytes).status, BCDA_PROTOCOL) << bytes;
}

TEST(Hostile, ChunksAreReadAndTheirFaultsFound) {
  std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_EQ(answer_with(ok(chunked, "2\r\n{\"\r\n3;x=y\r\na\":\r\n2\r\n1}\r\n0\r\n\r\n")).text, "{\"a\":1}");
  EXPECT_EQ(answer_with(ok(chunked, "zz\r\n{}\r\n0\r\n\r\n")).status, BCDA_PROTOCOL);
  EXPECT_EQ(answer_with(ok(chunked, "2;" + std::string(200000, 'x') + "\r\n{}\r\n0\r\n\r\n")).status, BCDA_PROTOCOL);
  Answered cut = answer_with(ok(chunked, "ff\r\n{}"));
  EXPECT_EQ(cut.status, BCDA_NETWORK);
  EXPECT_TRUE(cut.retriable);
}

TEST(Hostile, AConnectionThatIsCutIsRetriable) {
  for (const std::string& bytes : {std::string(), std::string("HTTP/1.1 200"), ok("Content-Length: 10\r\n", "123")}) {
    Answered cut = answer_with(bytes);
    EXPECT_EQ(cut.status, BCDA_NETWORK) << cut.text;
    EXPECT_TRUE(cut.retriable);
  }
}

TEST(Hostile, ASilentServerCausesATimeout) {
  ScriptedServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n");
  });
  EXPECT_EQ(ask(server.url()).status, BCDA_TIMEOUT);
}

TEST(Hostile, AManifestThatComesTooSlowlyIsAskedForAgain) {
  std::atomic<int> polls{0};
  ScriptedServer server([&](const std::string& head) -> std::string {
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /jobs/1\r\nContent-Length: 0\r\n\r\n";
    if (head.find("/jobs/1") == std::string::npos) return sized("{\"resourceType\":\"Patient\"}\n");
    if (++polls == 1) server.drip_last(100);
    return sized(R"({"transactionTime":"2026-01-01T00:00:00Z","output":[{"type":"Patient","url":"/f/a.ndjson"}]})");
  });
  TempDir dir;
  const Outcome outcome = export_to(open_config(server).set("low_speed_time", "200ms"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_GE(polls, 2);
  EXPECT_EQ(data_files(dir / "out"), std::vector<std::string>{"Patient.a.ndjson"});
}

TEST(Hostile, AConnectionClosedDuringTheHandshakeIsRetriable) {
  ScriptedServer server([](const std::string&) { return std::string(); });
  Answered answered = ask(server.url("https"));
  EXPECT_EQ(answered.status, BCDA_NETWORK) << answered.text;
  EXPECT_TRUE(answered.retriable);
}

TEST(Hostile, UnrequestedBytesAreNotTheNextAnswer) {
  int requests = 0;
  ScriptedServer server([&](const std::string&) {
    std::string answer = ok("Content-Length: 3\r\nConnection: keep-alive\r\n", ++requests == 1 ? "{} " : " {}");
    return requests == 1 ? answer + ok("Content-Length: 4\r\n", "evil") : answer;
  });
  bcda::Client client({{"url", server.url()}});
  EXPECT_EQ(client.metadata(), "{} ");
  EXPECT_EQ(client.metadata(), " {}");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Hostile, MetadataThatIsNoJsonObjectIsRefused) {
  for (const char* body : {"<html>", "[1, 2]", "\"ok ok"}) {
    ScriptedServer server([&](const std::string&) { return ok("Content-Length: 6\r\n", body); });
    try {
      bcda::Client({{"url", server.url()}}).metadata();
      ADD_FAILURE() << body;
    } catch (const bcda::Error& error) {
      EXPECT_EQ(error.status(), BCDA_PROTOCOL) << body;
    }
  }
}

TEST(Hostile, AConnectionThatIsKeptIsUsedAgain) {
  ScriptedServer server([](const std::string&) { return ok("Content-Length: 2\r\nConnection: keep-alive\r\n", "{}"); });
  bcda::Client client({{"url", server.url()}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.metadata(), "{}");
  EXPECT_EQ(server.connections(), 1);
}

TEST(Hostile, SignedUrlsThatChangeAreNotNewFiles) {
  ScriptedService service([](int poll) {
    std::string signature = "?sig=" + std::to_string(poll);
    return R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson)" + signature +
           R"("},{"type":"Patient","url":"/data/1/b.ndjson)" + signature + R"("}],"error":[]})";
  });
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(service.downloads(), 2);
  EXPECT_EQ(data_files(dir / "out").size(), 2u);
}

TEST(Hostile, FilesThatDifferInTheirQueryAloneAreAllFetched) {
  ScriptedService service([](int) {
    return std::string(
        R"({"output":[{"type":"Patient","url":"/download?file=1"},{"type":"Patient","url":"/download?file=2"}]})");
  });
  TempDir dir;
  EXPECT_EQ(export_from(service, dir / "out").status, BCDA_OK);
  EXPECT_EQ(data_files(dir / "out").size(), 2u);
}

TEST(Hostile, AFileAndAnErrorFileOfOneNameStayApart) {
  ScriptedService service([](int) {
    return std::string(
        R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson"}],"error":[{"type":"Patient","url":"/data/1/e/a.ndjson"}]})");
  });
  TempDir dir;
  EXPECT_EQ(export_from(service, dir / "out").status, BCDA_OK);
  EXPECT_EQ(data_files(dir / "out"), (std::vector<std::string>{"Patient.a.ndjson", "error/Patient.a.ndjson"}));
}

TEST(Hostile, HeaderBytesThatAreNoTextDoNotReachEvents) {
  ScriptedService service([](int poll) { return std::string(poll < 3 ? "not yet" : R"({"output":[]})"); });
  service.progress = "X-Progress: \xFF\xFE (50%)\r\n";
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  std::string said = read(dir / "out/log.ndjson");
  for (const std::string& line : outcome.json) said += line;
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(said.find('\xFF'), std::string::npos);
}

}  // namespace
}  // namespace bcda_test
