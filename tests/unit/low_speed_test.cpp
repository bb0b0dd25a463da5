// Answers that come too slowly, in virtual time.
#include "http/low_speed.hpp"

#include <gtest/gtest.h>

#include "http/client.hpp"
#include "support/errors.hpp"
#include "support/fake_world.hpp"

namespace libbcda::http {
namespace {

using namespace std::chrono_literals;
using test::holds;

// What a server sends: each piece comes so much later than the client began to wait for it. nullopt: it closes the
// connection.
struct Piece {
  Milliseconds after{0};
  std::string bytes;
};
using Pieces = std::function<std::optional<Piece>()>;

class SlowStream : public world::ByteStream {
 public:
  SlowStream(Pieces pieces, const world::Clock& clock) : pieces_(std::move(pieces)), clock_(clock) {}

  ssize_t read(MutableBytes out) noexcept override {
    if (ready_.empty() && closed_) return 0;
    const std::size_t n = std::min(out.size(), ready_.size());
    std::copy_n(ready_.begin(), n, out.begin());
    ready_.erase(0, n);
    if (n > 0) return static_cast<ssize_t>(n);
    errno = EAGAIN;
    return -1;
  }
  ssize_t peek(MutableBytes) noexcept override { return 0; }
  ssize_t write(ByteView bytes) noexcept override { return static_cast<ssize_t>(bytes.size()); }

  Task<world::ErrorCode> wait(world::Ready) override {
    const std::optional<Piece> piece = pieces_();
    closed_ = !piece;
    if (closed_) co_return world::ErrorCode{};
    wakeup_ = std::make_shared<world::Wakeup>(co_await asio::this_coro::executor);
    const std::unique_ptr<world::Timer> timer = clock_.timer(co_await asio::this_coro::executor);
    timer->start(clock_.now().steady + piece->after, [wakeup = wakeup_] { wakeup->wake(); });
    co_await wakeup_->wait();
    if (interrupted_) co_return asio::error::operation_aborted;
    ready_ = piece->bytes;
    co_return world::ErrorCode{};
  }
  void interrupt() noexcept override {
    interrupted_ = true;
    if (wakeup_) wakeup_->wake();
  }
  void detach() noexcept override {}
  void attach(const asio::any_io_executor&) override {}

 private:
  Pieces pieces_;
  const world::Clock& clock_;
  std::shared_ptr<world::Wakeup> wakeup_;
  std::string ready_;
  bool closed_ = false, interrupted_ = false;
};

class SlowNet : public test::FakeNet {
 public:
  explicit SlowNet(const world::Clock& clock) : FakeNet({}, clock), clock_(clock) {}
  Task<std::unique_ptr<world::ByteStream>> connect(const Endpoint&, Milliseconds, world::ErrorCode& error) override {
    error = {};
    co_return std::make_unique<SlowStream>(pieces, clock_);
  }
  Pieces pieces;

 private:
  const world::Clock& clock_;
};

class SlowWorld : public test::FakeWorld {
 public:
  SlowWorld() : FakeWorld({}), net_(clock()) {}
  SlowNet& net() override { return net_; }

 private:
  SlowNet net_;
};

class SlowAnswers : public testing::Test {
 protected:
  SlowAnswers() {  // the other limits do not decide
    options_.timeouts.idle = 24h;
    options_.request_timeout = 24h;
  }

  // The server sends these pieces and then closes the connection.
  void script(std::deque<Piece> pieces) {
    world_.net().pieces = [rest = std::move(pieces)]() mutable -> std::optional<Piece> {
      if (rest.empty()) return std::nullopt;
      Piece next = std::move(rest.front());
      rest.pop_front();
      return next;
    };
  }
  // The server sends `first` at once and then `bytes` each second, until `most` pieces have come.
  void drip(const std::string& first, std::size_t bytes, int most = 10000) {
    std::deque<Piece> pieces{{0ms, first}};
    for (int i = 0; i < most; ++i) pieces.push_back({1s, std::string(bytes, 'x')});
    script(std::move(pieces));
  }

  // Reads an answer, with a pause after each read. Throws what it throws.
  std::size_t read_answer(Milliseconds pause = 0ms) {
    std::size_t size = 0;
    begin_ = world_.clock().now().steady;
    Client client(options_, std::make_shared<TlsContext>(""), world_);
    Request request;
    request.url = parse_url("http://bcda.test/file", "a test");
    world_.run([&]() -> Task<> {
      Response response = co_await client.open(request);
      Bytes buffer(65536);
      std::size_t n = 1;
      while (n > 0) {
        n = co_await response.read_some(buffer);
        size += n;
        if (pause > 0ms) co_await world_.clock().sleep(pause);
      }
    });
    return size;
  }
  Error failure_of_answer() {
    return test::error_of([&] { read_answer(); });
  }
  Milliseconds took() const { return std::chrono::duration_cast<Milliseconds>(world_.clock().now().steady - begin_); }
  void expect_given_up(Milliseconds after) {
    const Error error = failure_of_answer();
    EXPECT_EQ(error.status, Status::TIMEOUT) << error.message;
    EXPECT_TRUE(error.retriable);
    EXPECT_TRUE(holds(error.message, "low_speed_limit"));
    EXPECT_EQ(took(), after);
  }

  SlowWorld world_;
  ClientOptions options_;
  Steady begin_;
};

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";

TEST_F(SlowAnswers, ABodyAtAByteASecondIsGivenUpAndTheSettingsAreNamed) {
  drip(kHead, 1);
  const Error error = failure_of_answer();
  EXPECT_EQ(error.status, Status::TIMEOUT);
  EXPECT_TRUE(error.retriable);
  EXPECT_EQ(took(), 60s);
  EXPECT_EQ(error.message,
            "http://bcda.test/file did not send its answer in time: 59 bytes in 1m are 0 bytes per second; fewer than "
            "low_speed_limit (1024 bytes per second) over low_speed_time (1m) are given up");
}

TEST_F(SlowAnswers, ABodyJustAtTheLimitIsReadHoweverLongItTakes) {
  drip("HTTP/1.1 200 OK\r\n\r\n", 1050, 3600);  // the piece that comes with the end of a window counts in the next one
  EXPECT_EQ(read_answer(), 3600u * 1050);
  EXPECT_EQ(took(), 1h);
}

TEST_F(SlowAnswers, ABodyThatGetsSlowIsGivenUpToo) {
  std::deque<Piece> pieces{{0ms, kHead}, {10s, std::string(1000000, 'x')}};
  for (int i = 0; i < 1000; ++i) pieces.push_back({1s, "x"});
  script(std::move(pieces));
  expect_given_up(120s);  // the first window is good, the second one is not
}

TEST_F(SlowAnswers, AChunkedBodyIsMeasuredToo) {
  drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n", 10);
  expect_given_up(60s);
}

// Each read takes a second and brings 2,000 bytes; then the client is busy for five minutes.
TEST_F(SlowAnswers, TheTimeInWhichTheClientIsBusyDoesNotCount) {
  drip("HTTP/1.1 200 OK\r\n\r\n", 2000, 200);
  EXPECT_EQ(read_answer(5min), 200u * 2000);
}

TEST_F(SlowAnswers, TheTimeInWhichTheClientIsBusyHidesNoSlowness) {
  drip(kHead, 10);
  const Error error = test::error_of([&] { read_answer(10s); });
  EXPECT_TRUE(holds(error.message, "low_speed_limit"));
  EXPECT_GE(took(), 60s * 10);
  EXPECT_LE(took(), 62s * 11);
}

TEST(SpeedMeters, AreNotAskedAgainAtOnceWhileTheClientIsBusy) {
  const Steady begin{};
  SpeedMeter meter({1024, 60s});
  EXPECT_EQ(meter.due(begin), Steady::max());
  meter.start(0);
  meter.wait_begins(begin);
  EXPECT_EQ(meter.due(begin), begin + 60s);
  meter.wait_ends(begin + 60s - 1ns);
  EXPECT_GE(meter.due(begin + 60s), begin + 67s);
  EXPECT_FALSE(meter.is_too_slow(begin + 10min, 0));
  meter.wait_begins(begin + 10min);
  EXPECT_EQ(meter.due(begin + 10min), begin + 10min + 1ns);
  EXPECT_TRUE(meter.is_too_slow(begin + 10min + 1ns, 61439));
}

TEST_F(SlowAnswers, HeadersThatComeByteByByteAreGivenUp) {
  std::deque<Piece> pieces;
  for (const char c : "HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'y')) pieces.push_back({1s, std::string(1, c)});
  script(std::move(pieces));
  expect_given_up(61s);  // the time before the first byte is not measured
}

TEST_F(SlowAnswers, AServerMayThinkBeforeItAnswers) {
  script({{10min, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"}});
  EXPECT_EQ(read_answer(), 2u);
}

TEST_F(SlowAnswers, AServerMayThinkBetweenInterimAnswers) {
  std::deque<Piece> pieces;
  for (int i = 0; i < 100; ++i) pieces.push_back({15s, "HTTP/1.1 102 Processing\r\n\r\n"});
  pieces.push_back({15s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"});
  script(std::move(pieces));
  EXPECT_EQ(read_answer(), 2u);
}

TEST_F(SlowAnswers, AShortAnswerNeedsNoSpeed) {
  drip("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", 1);
  EXPECT_EQ(read_answer(), 50u);
}

TEST_F(SlowAnswers, ZeroIsNoLimit) {
  for (const LowSpeed none : {LowSpeed{0, 60s}, LowSpeed{1024, 0s}}) {
    options_.timeouts.low_speed = none;
    drip("HTTP/1.1 200 OK\r\n\r\n", 1, 1000);
    EXPECT_EQ(read_answer(), 1000u);
  }
}

TEST_F(SlowAnswers, SilenceIsStillSilence) {
  options_.timeouts.idle = 60s;
  script({{0ms, kHead}, {1h, "x"}});
  EXPECT_EQ(failure_of_answer().message, "http://bcda.test/file did not answer in time");
  EXPECT_EQ(took(), 60s);
}

}  // namespace
}  // namespace libbcda::http
