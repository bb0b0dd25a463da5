// Downloads whose connection breaks in the middle of a file, and that go on with the rest.
#include <boost/json/parse.hpp>

#include <cstdio>
#include <deque>

#include "integration/scripted_server.hpp"
#include "integration/scripted_service.hpp"
#include "integration/support.hpp"

namespace bcda_test {
namespace {

Outcome export_type(const char* type, const bcda::Sandbox& sandbox, const std::string& out) {
  return export_to(quick_config(sandbox).set("types", type).set("retries", "1"), out);
}
Outcome export_patients(const bcda::Sandbox& sandbox, const std::string& out) {
  return export_type("Patient", sandbox, out);
}

// A server that cuts each answer is the slow reader's: each answer brings some bytes before its deadline.
TEST(BrokenDownloads, OfAnEncryptedFileGoOnHoweverOftenTheyBreak) {
  const bcda::Sandbox sandbox = quick_sandbox(
      {{"bytes_per_type", "2MiB"}, {"files_per_type", "1"}, {"fault", "truncate:on=GET /data:at=300000"}});
  TempDir dir;
  const Outcome outcome = export_patients(sandbox, dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox.request_count("GET /data"), 7);  // 2 MiB in pieces of 300,000 bytes
  EXPECT_TRUE(bcda::Result::open(dir / "out")[0].decrypted());
}

TEST(BrokenDownloads, OfAPackedFileGoOn) {
  const auto sandbox = [](const char* fault) {
    return quick_sandbox(
        {{"profile", "bcda-v3"}, {"beneficiaries", "3000"}, {"beneficiaries_per_file", "3000"}, {"fault", fault}});
  };
  TempDir dir;
  const bcda::Sandbox cut = sandbox("truncate:on=GET /data:at=70000");
  const Outcome outcome = export_type("ExplanationOfBenefit", cut, dir / "cut");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_GT(cut.request_count("GET /data"), 2);
  const bcda::Sandbox whole = sandbox("stall:on=GET /none");
  ASSERT_EQ(export_type("ExplanationOfBenefit", whole, dir / "whole").status, BCDA_OK);
  const auto first_of = [&](const std::string& out) {
    const bcda::Result result = bcda::Result::open(dir / out);
    for (const bcda::File file : result)
      if (!file.is_error()) return std::pair(std::string(file.sha256()), file.records());
    return std::pair(std::string(), std::int64_t(-1));
  };
  EXPECT_EQ(first_of("cut"), first_of("whole"));
}

TEST(BrokenDownloads, BeginAnewWhereRangesAreIgnored) {
  const bcda::Sandbox sandbox = quick_sandbox({{"bytes_per_type", "2MiB"},
                                               {"files_per_type", "1"},
                                               {"fault", "truncate:on=GET /data:at=300000:count=1"},
                                               {"fault", "ignore-range"}});
  TempDir dir;
  const Outcome outcome = export_patients(sandbox, dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox.request_count("GET /data"), 2);
}

// Without progress the retries are used up.
TEST(BrokenDownloads, ThatNeverGetFartherEnd) {
  const bcda::Sandbox sandbox = quick_sandbox({{"bytes_per_type", "2MiB"},
                                               {"files_per_type", "1"},
                                               {"fault", "truncate:on=GET /data:at=300000"},
                                               {"fault", "ignore-range"}});
  TempDir dir;
  EXPECT_EQ(export_patients(sandbox, dir / "out").status, BCDA_NETWORK);
  EXPECT_LE(sandbox.request_count("GET /data"), 3);
  EXPECT_TRUE(data_files(dir / "out").empty());
}

// ---- Answers of a server that does not keep to the rules

constexpr std::size_t kSize = 200'000, kCut = 120'000;

std::string file_text(std::size_t size = kSize) {
  std::string text;
  while (text.size() < size) text += "{\"resourceType\":\"Patient\",\"id\":\"" + std::to_string(text.size()) + "\"}\n";
  text.resize(size - 1);
  for (char& c : text)
    if (&c > text.data() + text.rfind('\n')) c = ' ';
  return text + "\n";
}

// The first answer breaks off; `second` is the answer to the request for the rest. Each later one brings the whole file.
struct Broken {
  explicit Broken(std::string second, std::size_t size = kSize)
      : text(file_text(size)), second_answer(std::move(second)) {}

  std::string answer(const std::string& head) {
    if (head.find("/auth/token") != std::string::npos) return sized(R"({"access_token":"t","token_type":"bearer"})");
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /jobs/1\r\nContent-Length: 0\r\n\r\n";
    if (head.find("/jobs/1") != std::string::npos)
      return sized(R"({"transactionTime":"2026-01-01T00:00:00Z","output":[{"type":"Patient","url":"/f/a.ndjson"}]})");
    heads.push_back(head);
    const std::string whole = sized(text, "ETag: \"1\"\r\n");
    if (heads.size() == 1) return is_chunked ? chunk_of_file() : whole.substr(0, whole.size() - text.size() + kCut);
    if (heads.size() == 2) return second_answer;
    return heads.size() == 3 && !third_answer.empty() ? third_answer : whole;
  }

  Outcome run(const std::string& out) { return export_to(open_config(server), out); }

  std::string chunk_of_file() const {
    return ok("ETag: \"1\"\r\nTransfer-Encoding: chunked\r\n", "1D4C0\r\n" + text.substr(0, kCut));  // 120,000 bytes
  }

  const std::string text;
  std::string second_answer, third_answer;
  bool is_chunked = false;         // so that the first answer says no length
  std::vector<std::string> heads;  // of the requests for the file
  ScriptedServer server{[this](const std::string& head) { return answer(head); }};
};

std::string part(std::size_t from, const std::string& range, const std::string& more = "ETag: \"1\"\r\n") {
  const std::string rest = file_text().substr(from);
  return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + range + "\r\n" + more +
         "Content-Length: " + std::to_string(rest.size()) + "\r\n\r\n" + rest;
}

void expect_the_file_from(Broken& service) {
  TempDir dir;
  const Outcome outcome = service.run(dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(read(dir / "out/Patient.a.ndjson"), service.text);
}

TEST(RestOfAFile, IsAskedForWithTheValidatorOfTheFile) {
  Broken service(part(kCut, "120000-199999/200000"));
  expect_the_file_from(service);
  ASSERT_EQ(service.heads.size(), 2u);
  EXPECT_EQ(service.heads[0].find("Range:"), std::string::npos);
  EXPECT_NE(service.heads[1].find("Range: bytes=120000-\r\n"), std::string::npos) << service.heads[1];
  EXPECT_NE(service.heads[1].find("If-Range: \"1\"\r\n"), std::string::npos) << service.heads[1];
}

// The file is right in each case, because it begins anew.
TEST(RestOfAFile, IsNotTakenFromAnAnswerThatDoesNotFit) {
  const std::string cases[] = {
      part(kCut - 1, "119999-199999/200000"),                                           // from another byte on
      part(kCut, "120000-199999/200001"),                                               // not to the end
      part(kCut, "120000-200000/200001"),                                               // of a longer file
      part(kCut, "120000-199999/*"),                                                    // of an unknown size
      part(kCut, "120000-199999/200000", "ETag: \"1\"\r\nContent-Encoding: gzip\r\n"),  // in another form
      part(kCut, "120000-199999/200000", "ETag: \"1\"\r\nContent-Encoding: br\r\n"),
      part(kCut, "120000-199999/200000", "ETag: \"2\"\r\n"),                         // of another version
      part(kCut, "120000-199999/200000", ""),                                        // of a version that is not known
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello",              // without a range
      "HTTP/1.1 416 No\r\nContent-Range: bytes */100\r\nContent-Length: 0\r\n\r\n",  // of a shorter file
      "HTTP/1.1 416 No\r\nContent-Range: bytes */300000\r\nContent-Length: 0\r\n\r\n",  // although there is more
      "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n",
  };
  for (const std::string& second : cases) {
    SCOPED_TRACE(second.substr(0, second.find("\r\n\r\n")));
    Broken service(second);
    expect_the_file_from(service);
    EXPECT_EQ(service.heads.size(), 3u);
  }
}

TEST(RestOfAFile, MayComeAlthoughTheFirstAnswerSaidNoLength) {
  for (const auto& [second, requests] : {std::pair(part(kCut, "120000-199999/200000"), 2u),
                                         {part(kCut, "120000-199999/200000", "ETag: \"2\"\r\n"), 3u},
                                         {part(kCut, "120000-199999/300000"), 3u}}) {
    Broken service(second);
    service.is_chunked = true;
    expect_the_file_from(service);
    EXPECT_EQ(service.heads.size(), requests);
  }
}

// The parts may be of different files after all, so the file begins anew before that is a failure.
TEST(RestOfAFile, ThatMakesNoGoodFileIsFetchedAnew) {
  std::string second = part(kCut, "120000-199999/200000");
  for (std::size_t i = second.size() - 1000; i < second.size(); ++i) second[i] = '\1';
  Broken service(second);
  expect_the_file_from(service);
  EXPECT_EQ(service.heads.size(), 3u);
}

// What came before the refusal is not fetched again.
TEST(RestOfAFile, IsAskedForAgainAfterAPassingRefusal) {
  for (const char* status : {"404", "408", "429", "500", "502", "503", "504"}) {
    SCOPED_TRACE(status);
    Broken service(std::string("HTTP/1.1 ") + status + " x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    service.third_answer = part(kCut, "120000-199999/200000");
    expect_the_file_from(service);
    ASSERT_EQ(service.heads.size(), 3u);
    EXPECT_NE(service.heads[2].find("Range: bytes=120000-\r\n"), std::string::npos) << service.heads[2];
  }
}

TEST(RestOfAFile, IsGivenUpAfterALastingRefusalAndNoPartIsPublished) {
  for (const auto& [status, expected] :
       {std::pair("401", BCDA_REFUSED), {"403", BCDA_REFUSED}, {"410", BCDA_JOB_GONE}, {"418", BCDA_REFUSED}}) {
    SCOPED_TRACE(status);
    Broken service(std::string("HTTP/1.1 ") + status + " x\r\nContent-Length: 0\r\n\r\n");
    service.third_answer = service.second_answer;
    TempDir dir;
    const Outcome outcome = service.run(dir / "out");
    EXPECT_EQ(outcome.status, expected) << outcome.message;
    EXPECT_NE(outcome.message.find(status), std::string::npos) << outcome.message;
    EXPECT_TRUE(data_files(dir / "out").empty());
  }
}

// A token that expires in the middle of a file is renewed, and the file goes on.
TEST(BrokenDownloads, GoOnWithANewToken) {
  const bcda::Sandbox sandbox = quick_sandbox({{"bytes_per_type", "2MiB"},
                                               {"files_per_type", "1"},
                                               {"fault", "truncate:on=GET /data:at=300000:count=1"},
                                               {"fault", "revoke:on=GET /data:count=1:skip=1"}});
  TempDir dir;
  const Outcome outcome = export_patients(sandbox, dir / "out");
  ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(sandbox.request_count("GET /data"), 3);
  EXPECT_EQ(sandbox.request_count("POST /auth/token"), 2);
}

// The rest comes too slowly, and the client asks for it once more.
TEST(RestOfAFile, IsAskedForWhenItComesTooSlowly) {
  const std::string text = file_text();
  std::vector<std::size_t> froms;
  ScriptedServer server([&](const std::string& head) -> std::string {
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 Accepted\r\nContent-Location: /jobs/1\r\nContent-Length: 0\r\n\r\n";
    if (head.find("/jobs/1") != std::string::npos)
      return sized(R"({"transactionTime":"2026-01-01T00:00:00Z","output":[{"type":"Patient","url":"/f/a.ndjson"}]})");
    const std::string field = "Range: bytes=";
    const std::size_t at = head.find(field);
    const std::size_t from = at == std::string::npos ? 0 : std::stoul(head.substr(at + field.size()));
    froms.push_back(from);
    if (from > 0) return part(from, std::to_string(from) + "-199999/200000");
    server.drip_last(kSize - kCut);
    return sized(text, "ETag: \"1\"\r\n");
  });
  TempDir dir;
  const Outcome outcome = export_to(open_config(server).set("low_speed_time", "200ms"), dir / "out");
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(read(dir / "out/Patient.a.ndjson"), text);
  ASSERT_EQ(froms.size(), 2u);
  EXPECT_GE(froms[1], kCut);
  EXPECT_LT(froms[1], kCut + 100);
}

// The rest is shorter or longer than its range says.
TEST(RestOfAFile, HasTheLengthOfItsRange) {
  for (const std::size_t from : {kCut + 7, kCut - 7}) {
    Broken service(part(from, "120000-199999/200000"));
    expect_the_file_from(service);
  }
}

// Blocks are what the decoder gets at once.
constexpr std::size_t kBlock = 256 << 10;

TEST(RestOfAFile, GoesOnBehindAnAnswerThatEndsWithABlock) {
  constexpr std::size_t kLong = 3 * kBlock;
  const std::string range = "120000-" + std::to_string(kLong - 1) + "/" + std::to_string(kLong);
  const std::string block = file_text(kLong).substr(kCut, kBlock);
  Broken service("HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes " + range +
                     "\r\nContent-Length: " + std::to_string(block.size()) + "\r\n\r\n" + block,
                 kLong);
  expect_the_file_from(service);
}

TEST(Downloads, MayEndAnywhereInABlock) {
  for (const std::size_t size : {std::size_t(1), kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 2 * kBlock + 1}) {
    const std::string text = size == 1 ? "\n" : file_text(size);
    for (const bool is_chunked : {false, true}) {
      SCOPED_TRACE(std::to_string(size) + (is_chunked ? " chunked" : ""));
      char length[32];
      std::snprintf(length, sizeof length, "%zx\r\n", text.size());
      ScriptedService service(
          [](int) { return std::string(R"({"output":[{"type":"Patient","url":"/data/a.ndjson"}]})"); },
          [&](const std::string&) {
            return is_chunked ? ok("Transfer-Encoding: chunked\r\n", length + text + "\r\n0\r\n\r\n") : sized(text);
          });
      TempDir dir;
      const Outcome outcome = export_to(config_for(service), dir / "out");
      EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
      EXPECT_EQ(read(dir / "out/Patient.a.ndjson"), text);
    }
  }
}

}  // namespace
}  // namespace bcda_test
