#include "transfer/download.hpp"

#include <gtest/gtest.h>

#include "support/conversation.hpp"
#include "support/errors.hpp"

namespace libbcda::transfer {
namespace {

using std::chrono::seconds;
using test::error_of;
using test::holds;

http::Answer head(int status, http::Headers headers = {}) {
  http::Answer made;
  made.status = status;
  made.headers = std::move(headers);
  return made;
}

class DownloadFlow : public testing::Test {
 protected:
  void SetUp() override { make(5); }

  void make(int retries) {
    DownloadOptions options;
    options.retries = retries;
    make(options);
  }
  void make(DownloadOptions options, const char* encrypted_key = "") {
    bulk::Entry entry;
    entry.url = http::parse_url("https://api.test/data/42/a.ndjson?sig=%2F+x", "url");
    entry.name = "a.ndjson";
    entry.encrypted_key = encrypted_key;
    download_.emplace(entry, options, [] { return 0.0; });
  }
  http::Send send() {
    http::Step step = download_->next();
    if (auto* made = std::get_if<http::Send>(&step)) return *made;
    ADD_FAILURE() << "no request was wanted";
    return {};
  }
  http::Wait wait() {
    http::Step step = download_->next();
    if (auto* made = std::get_if<http::Wait>(&step)) return *made;
    ADD_FAILURE() << "no wait was wanted";
    return {};
  }
  Download::Body body(const http::Answer& answer) { return download_->on_head(answer, now_); }
  bool got(const http::Answer& answer) { return body(answer) != Download::Body::none; }
  Error failure() {
    return error_of([&] { download_->next(); });
  }

  Moment now_{Steady{}, Instant(seconds(1568990853))};
  std::optional<Download> download_;
};

TEST_F(DownloadFlow, AsksForThePlainBytesOfTheUrlAsItIs) {
  http::Send first = send();
  EXPECT_EQ(first.request.method, "GET");
  EXPECT_EQ(first.request.url.text(), "https://api.test/data/42/a.ndjson?sig=%2F+x");
  EXPECT_EQ(first.request.headers,
            (http::Headers{{"Accept", "application/fhir+ndjson"}, {"Accept-Encoding", "identity"}}));
  EXPECT_FALSE(first.renew_token);
  EXPECT_EQ(download_->entry().name, "a.ndjson");
}

TEST_F(DownloadFlow, TheQueryIsASecret) {
  bulk::Entry entry;
  entry.url = http::parse_url("https://api.test/a.ndjson?Expires=1&Signature=0123456789abcde%2F&x=%zz", "url");
  entry.name = "a.ndjson";
  download_.emplace(entry, DownloadOptions(), [] { return 0.0; });
  std::vector<std::string> secrets;
  for (const Secret& secret : send().request.url_secrets) secrets.emplace_back(secret.reveal());
  EXPECT_EQ(secrets, (std::vector<std::string>{"Expires=1&Signature=0123456789abcde%2F&x=%zz", "0123456789abcde/"}));
}

TEST_F(DownloadFlow, TakesDataOfAnyUsualKind) {
  for (const char* type : {"", "application/octet-stream", "text/plain; charset=utf-8", "application/fhir+ndjson",
                           "application/ndjson", "binary/octet-stream", "application/json"}) {
    send();
    EXPECT_TRUE(got(head(200, {{"Content-Type", type}}))) << type;
  }
  send();
  EXPECT_TRUE(got(head(200, {{"Content-Encoding", "identity"}})));
}

TEST_F(DownloadFlow, APageInsteadOfDataIsAskedForAgainThenBreaksTheProtocol) {
  for (const char* type : {"text/html", "text/html; charset=utf-8", "application/xml", "application/fhir+xml"}) {
    SCOPED_TRACE(type);
    make(5);
    for (int i = 0; i < 2; ++i) {
      send();
      EXPECT_FALSE(got(head(200, {{"Content-Type", type}})));
      EXPECT_TRUE(wait().retry);
    }
    send();
    EXPECT_FALSE(got(head(200, {{"Content-Type", type}})));
    Error error = failure();
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_EQ(error.file, "a.ndjson");
    EXPECT_TRUE(holds(error.message, "page"));
  }
}

// RFC 9110 section 8.3.1: media types are case-insensitive.
TEST_F(DownloadFlow, APageIsKnownInAnyCase) {
  send();
  EXPECT_FALSE(got(head(200, {{"Content-Type", "Text/HTML"}})));
}

TEST_F(DownloadFlow, WithoutATokenA401IsFinal) {
  send();
  download_->on_sent(false);
  EXPECT_FALSE(got(head(401)));
  const Error error = failure();
  EXPECT_EQ(error.http_status, 401);
  EXPECT_EQ(error.status, Status::REFUSED);  // of this file; AUTHENTICATION would end the run
}

TEST_F(DownloadFlow, AnEncodingThatWasNotAskedForIsFinal) {
  send();
  EXPECT_FALSE(got(head(200, {{"Content-Encoding", "gzip"}})));
  Error error = failure();
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "gzip"));
  EXPECT_EQ(error.file, "a.ndjson");
}

TEST_F(DownloadFlow, ARefusedTokenIsRenewedOnce) {
  send();
  EXPECT_FALSE(got(head(401)));
  EXPECT_TRUE(send().renew_token);
  EXPECT_FALSE(got(head(401)));
  Error error = failure();
  EXPECT_EQ(error.status, Status::AUTHENTICATION);
  EXPECT_EQ(error.http_status, 401);
  EXPECT_EQ(error.file, "a.ndjson");
  EXPECT_TRUE(holds(error.message, "check client_id, or start a new export"));
}

TEST_F(DownloadFlow, ADeniedFileHasARemedyUnlessAPageSaysOtherwise) {
  send();
  EXPECT_FALSE(got(head(403)));
  EXPECT_TRUE(holds(failure().message, "check client_id, or start a new export"));
  make(5);
  send();
  EXPECT_FALSE(got(head(403, {{"Content-Type", "text/html"}})));
  EXPECT_FALSE(holds(failure().message, "client_id"));
}

TEST_F(DownloadFlow, ATokenMayExpireAgainAfterAGoodAnswer) {
  send();
  got(head(401));
  EXPECT_TRUE(send().renew_token);
  EXPECT_TRUE(got(head(200)));
  download_->on_failure(std::move(Error(Status::NETWORK, "reset").may_retry()), now_);
  wait();
  EXPECT_FALSE(send().renew_token);
  EXPECT_FALSE(got(head(401)));
  EXPECT_TRUE(send().renew_token);
}

TEST_F(DownloadFlow, APassingFaultIsRetriedLongerAndLonger) {
  for (int status : {429, 500, 502, 503, 504, 408}) {
    make(3);
    for (int expected : {1, 2, 4}) {
      send();
      EXPECT_FALSE(got(head(status)));
      http::Wait made = wait();
      EXPECT_EQ(made.duration, seconds(expected));
      EXPECT_TRUE(made.retry);
      EXPECT_NE(made.why, "");
    }
    send();
    got(head(status));
    EXPECT_EQ(failure().http_status, status);
    EXPECT_EQ(failure().file, "a.ndjson");
  }
}

TEST_F(DownloadFlow, ARequestedDelayIsHonoredAndCapped) {
  send();
  got(head(503, {{"Retry-After", "17"}}));
  EXPECT_EQ(wait().duration, seconds(17));
  send();
  got(head(429, {{"Retry-After", "7200"}}));
  EXPECT_EQ(wait().duration, seconds(900));
}

TEST_F(DownloadFlow, ARedirectFromHttpsToHttpIsRefused) {
  make(DownloadOptions{.allows = [](const http::Url&) { return true; }});
  send();
  got(head(302, {{"Location", "http://api.test/data/42/a.ndjson?sig=s3cr3t"}}));
  const Error error = failure();
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "from https to http"));
  EXPECT_FALSE(holds(error.message, "s3cr3t"));
}

TEST_F(DownloadFlow, AMissingFileIsAskedForTwiceMore) {
  for (int i = 0; i < 2; ++i) {
    send();
    got(head(404));
    EXPECT_TRUE(wait().retry);
  }
  send();
  got(head(404));
  Error error = failure();
  EXPECT_EQ(error.status, Status::REFUSED);
  EXPECT_EQ(error.http_status, 404);
}

TEST_F(DownloadFlow, AnExpiredFileIsGone) {
  send();
  got(head(410));
  EXPECT_EQ(failure().status, Status::JOB_GONE);
}

TEST_F(DownloadFlow, AnyOtherAnswerIsFinal) {
  for (int status : {201, 204, 206, 301, 302, 304, 400, 403, 416}) {
    make(5);
    send();
    EXPECT_FALSE(got(head(status))) << status;
    Error error = failure();
    EXPECT_EQ(error.status, Status::REFUSED);
    EXPECT_EQ(error.http_status, status);
  }
}

TEST_F(DownloadFlow, ABrokenBodyIsRetriedWhenThatCanHelp) {
  make(1);
  send();
  ASSERT_TRUE(got(head(200)));
  download_->on_failure(std::move(Error(Status::NETWORK, "cut").may_retry()), now_);
  http::Wait made = wait();
  EXPECT_TRUE(made.retry);
  EXPECT_EQ(made.why, "the file a.ndjson: cut");
  send();
  download_->on_failure(std::move(Error(Status::NETWORK, "cut").may_retry()), now_);
  Error error = failure();
  EXPECT_EQ(error.status, Status::NETWORK);
  EXPECT_EQ(error.file, "a.ndjson");
}

TEST_F(DownloadFlow, APermanentFailureIsFinalAndNamesItsFile) {
  send();
  ASSERT_TRUE(got(head(200)));
  download_->on_failure(std::move(Error(Status::FILESYSTEM, "full").at_file("/out/x")), now_);
  Error error = failure();
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_EQ(error.file, "/out/x");
}

TEST_F(DownloadFlow, WithoutRetriesTheFirstFailureIsFinal) {
  for (int status : {404, 500, 503}) {
    make(0);
    send();
    got(head(status));
    EXPECT_EQ(failure().http_status, status);
  }
}

// Whichever step fails, and in whatever way, the download ends with the file or with a typed error.
TEST_F(DownloadFlow, EachStepMayFail) {
  test::Conversation conversation;
  conversation.say(head(401));
  conversation.say(head(503, {{"Retry-After", "1"}}));
  conversation.say(head(200, {{"Content-Type", "application/fhir+ndjson"}}));
  conversation.fail_each_step([&](const test::Conversation::Play& play) {
    make(5);
    std::size_t turn = 0;
    for (;;) {
      const http::Step step = download_->next();
      if (auto* pause = std::get_if<http::Wait>(&step)) {
        now_ += pause->duration;
        continue;
      }
      const test::Conversation::Reply reply = play(turn++);
      if (reply.failure)
        download_->on_failure(*reply.failure, now_);
      else if (got(reply.answer))
        return;
    }
  });
}

// ---- Continuing

Error broken() { return std::move(Error(Status::NETWORK, "reset").may_retry()); }

TEST_F(DownloadFlow, ABrokenBodyIsContinuedWhereTheProfileAndTheFileAllowIt) {
  struct Case {
    const char* ranges;
    http::Headers headers;
    bool continues;
  };
  for (const Case& c :
       {Case{"plain", {{"ETag", "\"1\""}}, true}, Case{"any", {{"ETag", "\"1\""}}, true},
        Case{"gzip", {{"ETag", "\"1\""}}, false}, Case{"", {{"ETag", "\"1\""}}, false},
        Case{"any", {{"ETag", "W/\"1\""}}, false}, Case{"any", {}, false},
        Case{"any", {{"ETag", "\"1\""}, {"Content-Encoding", "gzip"}}, true},
        // Last-Modified is weak in the first minute.
        Case{"any",
             {{"Last-Modified", "Wed, 25 Nov 2026 08:00:00 GMT"}, {"Date", "Wed, 25 Nov 2026 08:01:00 GMT"}},
             true},
        Case{"any",
             {{"Last-Modified", "Wed, 25 Nov 2026 08:00:00 GMT"}, {"Date", "Wed, 25 Nov 2026 08:00:59 GMT"}},
             false},
        Case{"any", {{"Last-Modified", "Wed, 25 Nov 2026 08:00:00 GMT"}, {"Content-Encoding", "gzip"}}, true}}) {
    make({.gzip = true, .ranges = c.ranges});
    send();
    ASSERT_EQ(body(head(200, c.headers)), Download::Body::whole);
    download_->on_failure(broken(), now_, 1000);
    EXPECT_EQ(download_->continues(), c.continues) << c.ranges;
    wait();
    EXPECT_EQ(send().request.headers.size(), c.continues ? 4u : 2u);
  }
}

TEST_F(DownloadFlow, OnlyABrokenConnectionIsContinued) {
  for (const Status status : {Status::DECRYPTION, Status::VERIFICATION, Status::FILESYSTEM, Status::LIMIT}) {
    make({.ranges = "any"});
    send();
    got(head(200, {{"ETag", "\"1\""}}));
    download_->on_failure(std::move(Error(status, "x").may_retry()), now_, 1000);
    EXPECT_FALSE(download_->continues());
  }
}

// For example when the token has expired and no new one is to be had at the moment.
TEST_F(DownloadFlow, AFailureBeforeTheAnswerCostsNoBytes) {
  for (const Status status : {Status::REFUSED, Status::AUTHENTICATION, Status::PROTOCOL, Status::NETWORK}) {
    make({.ranges = "any"});
    send();
    got(head(200, {{"ETag", "\"1\""}}));
    download_->on_failure(broken(), now_, 1000);
    wait();
    send();
    download_->on_failure(std::move(Error(status, "x").may_retry()), now_, 1000);
    EXPECT_TRUE(download_->continues());
    wait();
    EXPECT_EQ(send().request.headers.size(), 4u);
    download_->on_failure(Error(status, "x"), now_, 1000);
    EXPECT_TRUE(download_->continues()) << "a later run may go on";
  }
}

TEST_F(DownloadFlow, TheRestMayBreakToo) {
  make({.retries = 1, .ranges = "plain"});
  send();
  got(head(200, {{"ETag", "\"1\""}, {"Content-Length", "1000000"}}));
  for (std::int64_t at = 100'000; at < 1'000'000; at += 100'000) {  // more often than `retries`
    download_->on_failure(broken(), now_, at);
    wait();
    send();
    const std::string range = "bytes " + std::to_string(at) + "-999999/1000000";
    ASSERT_EQ(body(head(206, {{"Content-Range", range}, {"ETag", "\"1\""}})), Download::Body::rest) << at;
  }
  EXPECT_EQ(download_->size(), 1'000'000);
  download_->on_failure(broken(), now_, 900'000);  // no farther than before
  EXPECT_EQ(failure().status, Status::NETWORK);
}

TEST_F(DownloadFlow, ManySmallStepsAreProgressToo) {
  make({.retries = 3, .ranges = "plain"});
  send();
  got(head(200, {{"ETag", "\"1\""}, {"Content-Length", "1000000"}}));
  for (std::int64_t at = 30'000; at < 990'000; at += 30'000) {
    download_->on_failure(broken(), now_, at);
    wait();
    send();
    const std::string range = "bytes " + std::to_string(at) + "-999999/1000000";
    ASSERT_EQ(body(head(206, {{"Content-Range", range}, {"ETag", "\"1\""}})), Download::Body::rest) << at;
  }
}

// A server that brings 100 bytes a second is asked again each minute, but not for ever.
TEST_F(DownloadFlow, ADripUsesUpTheRetries) {
  make({.retries = 5, .ranges = "plain"});
  send();
  got(head(200, {{"ETag", "\"1\""}, {"Content-Length", "1000000"}}));
  for (std::int64_t at = 6000; at <= 30'000; at += 6000) {
    download_->on_failure(std::move(Error(Status::TIMEOUT, "too slow").may_retry()), now_, at);
    wait();
    send();
    const std::string range = "bytes " + std::to_string(at) + "-999999/1000000";
    ASSERT_EQ(body(head(206, {{"Content-Range", range}, {"ETag", "\"1\""}})), Download::Body::rest) << at;
  }
  download_->on_failure(std::move(Error(Status::TIMEOUT, "too slow").may_retry()), now_, 36'000);
  EXPECT_EQ(failure().status, Status::TIMEOUT);
}

// A server whose ranges are wrong costs one request, and no retry.
TEST_F(DownloadFlow, AnAnswerThatIsNotTheRestIsNoFailure) {
  make({.retries = 1, .ranges = "plain"});
  send();
  got(head(200, {{"ETag", "\"1\""}}));
  download_->on_failure(broken(), now_, 1000);
  wait();
  send();
  EXPECT_EQ(body(head(206, {{"Content-Range", "bytes 0-9/10"}, {"ETag", "\"1\""}})), Download::Body::none);
  EXPECT_FALSE(download_->continues());
  EXPECT_EQ(send().request.headers.size(), 2u);
  got(head(200, {{"ETag", "\"1\""}}));
  download_->on_failure(broken(), now_, 1000);
  EXPECT_EQ(failure().status, Status::NETWORK);
}

TEST_F(DownloadFlow, AFileThatIsAllHereIsOver) {
  const auto after = [&](bool gzip, const char* range) {
    make({.gzip = true, .ranges = "any"});
    send();
    http::Headers headers{{"ETag", "\"1\""}};
    if (gzip) headers.emplace_back("Content-Encoding", "gzip");
    got(head(200, headers));
    download_->on_failure(broken(), now_, 1000);
    wait();
    send();
    return body(head(416, {{"Content-Range", range}}));
  };
  EXPECT_EQ(after(false, "bytes */1000"), Download::Body::over);
  EXPECT_EQ(after(false, "bytes */977"), Download::Body::none);
  EXPECT_EQ(after(true, "bytes */977"), Download::Body::over);  // BCDA's whole gzip form has 23 bytes more
  EXPECT_EQ(after(true, "bytes */1001"), Download::Body::none);
}

TEST_F(DownloadFlow, ARefusalBetweenDoesNotLoseWhatIsThere) {
  make({.ranges = "any"});
  send();
  got(head(200, {{"ETag", "\"1\""}}));
  download_->on_failure(broken(), now_, 1000);
  wait();
  send();
  EXPECT_FALSE(got(head(401)));
  EXPECT_EQ(send().request.headers[2].second, "bytes=1000-");
  EXPECT_FALSE(got(head(503)));
  wait();
  EXPECT_EQ(send().request.headers[2].second, "bytes=1000-");
}

TEST_F(DownloadFlow, AsksForGzipWhereTheProfileSaysSoUnlessTheFileIsEncrypted) {
  make({.gzip = true});
  EXPECT_EQ(send().request.headers[1].second, "gzip");
  EXPECT_TRUE(got(head(200, {{"Content-Encoding", "gzip"}})));
  EXPECT_TRUE(download_->is_gzip());
  EXPECT_TRUE(got(head(200)));
  EXPECT_FALSE(download_->is_gzip());
  EXPECT_FALSE(got(head(200, {{"Content-Encoding", "br"}})));
  make({.gzip = true}, "0c");
  EXPECT_EQ(send().request.headers[1].second, "identity");
}

TEST_F(DownloadFlow, A403MayMeanAnExpiredTokenWhereTheProfileSaysSo) {
  make({.renews_on_403 = true});
  send();
  EXPECT_FALSE(got(head(403)));
  EXPECT_TRUE(send().renew_token);
  EXPECT_FALSE(got(head(403)));
  EXPECT_EQ(failure().http_status, 403);
}

// ---- A service that gives out each file only some times

TEST_F(DownloadFlow, StopsBeforeTheServiceGivesAFileOutTooOften) {
  DownloadOptions options;
  options.retries = 50;
  options.downloads_per_file = 3;
  options.earlier_downloads = 1;
  make(options);
  send();
  EXPECT_FALSE(got(head(503)));  // an answer without the file does not count
  wait();
  for (int i = 0; i < 2; ++i) {
    send();
    ASSERT_TRUE(got(head(200)));
    download_->on_failure(std::move(Error(Status::NETWORK, "cut").may_retry()), now_);
    if (i == 0) wait();
  }
  const Error error = failure();
  EXPECT_EQ(error.status, Status::NETWORK);
  EXPECT_TRUE(holds(error.message, "cut; the service gives out each file 3 times")) << error.message;
  EXPECT_EQ(error.file, "a.ndjson");
}

TEST_F(DownloadFlow, AFileThatEarlierRunsUsedUpIsNotRequested) {
  DownloadOptions options;
  options.downloads_per_file = options.earlier_downloads = 6;
  make(options);
  const Error error = failure();
  EXPECT_EQ(error.status, Status::REFUSED);
  EXPECT_TRUE(holds(error.message, "6 times")) << error.message;
  EXPECT_EQ(error.file, "a.ndjson");
}

TEST_F(DownloadFlow, ALastingFaultIsFinalAndAPassingOneIsNot) {
  http::Answer answer = head(500);
  answer.body = R"({"resourceType":"OperationOutcome","issue":[{"code":"not-supported"}]})";
  send();
  EXPECT_FALSE(got(answer));
  EXPECT_EQ(failure().http_status, 500);
  make(5);
  answer.body = R"({"resourceType":"OperationOutcome","issue":[{"code":"exception"}]})";
  send();
  EXPECT_FALSE(got(answer));
  EXPECT_EQ(wait().http_status, 500);
}

TEST_F(DownloadFlow, TheLongestRequestedDelayIsASetting) {
  DownloadOptions options;
  options.max_retry_after = seconds(3);
  make(options);
  send();
  EXPECT_FALSE(got(head(429, {{"Retry-After", "120"}})));
  EXPECT_EQ(wait().duration, seconds(3));
}

}  // namespace
}  // namespace libbcda::transfer
