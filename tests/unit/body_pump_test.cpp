#include "runtime/body_pump.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/guarded.hpp"
#include "support/errors.hpp"
#include "support/fake_world.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::http_answer;

// A worker that begins a piece of work only when the test says so.
class HeldWorker : public world::Workers {
 public:
  asio::any_io_executor executor() override { return io_.get_executor(); }
  bool work() {
    io_.restart();
    return io_.poll() > 0;
  }

 private:
  asio::io_context io_;
};

class Pump : public testing::Test {
 protected:
  http::Request get() {
    http::Request request;
    request.url = http::parse_url("http://localhost/a", "the URL");
    return request;
  }
  BodyPump::Decode keep() {
    return [this](ByteView block) { blocks_.emplace_back(as_text(block)); };
  }
  std::string joined() const {
    std::string all;
    for (const std::string& block : blocks_) all += block;
    return all;
  }
  // Moves the whole body, and keeps what stays for rest().
  Task<> move_all(std::int64_t expected, std::size_t block_size) {
    http::Response response = co_await client_.open(get());
    BodyPump pump(co_await asio::this_coro::executor, world_.workers(), keep(), expected, block_size);
    while (co_await pump.move(response) > 0) {}
    blocks_.emplace_back(as_text(co_await pump.rest()));
  }

  std::string body_;
  test::FakeWorld world_{[this](const std::string&, const std::string&) { return http_answer(200, "", body_); }};
  http::Client client_{{}, std::make_shared<http::TlsContext>(""), world_};
  HeldWorker held_;
  std::vector<std::string> blocks_;
};

TEST_F(Pump, HandsOnEveryByteInOrder) {
  for (const std::size_t size : {0, 1, 99, 100, 101, 250, 5000})
    for (const std::size_t block_size : {1, 100, 8192})
      for (const std::int64_t expected : {std::int64_t{-1}, static_cast<std::int64_t>(size)}) {
        SCOPED_TRACE(std::to_string(size) + " bytes in blocks of " + std::to_string(block_size));
        body_.clear();
        for (std::size_t i = 0; i < size; ++i) body_ += static_cast<char>('a' + i % 26);
        blocks_.clear();
        world_.run([&] { return move_all(expected, block_size); });
        EXPECT_EQ(joined(), body_);
        for (const std::string& block : blocks_) EXPECT_LE(block.size(), block_size);
      }
}

// A small file is decoded, verified and published in one piece of work.
TEST_F(Pump, LeavesASmallBodyForTheRest) {
  body_ = "one block";
  world_.run([&] { return move_all(9, 8192); });
  EXPECT_EQ(blocks_, (std::vector<std::string>{"one block"}));
}

TEST_F(Pump, ReadsTheNextBlockWhileTheWorkerHasOne) {
  body_ = std::string(100, 'a') + std::string(50, 'b');
  world_.run([&]() -> Task<> {
    http::Response response = co_await client_.open(get());
    BodyPump pump(co_await asio::this_coro::executor, held_, keep(), -1, 100);
    EXPECT_EQ(co_await pump.move(response), 100u);  // goes to the worker
    EXPECT_EQ(co_await pump.move(response), 50u);
    EXPECT_TRUE(blocks_.empty()) << "the worker has not begun";
    EXPECT_TRUE(held_.work());
    EXPECT_EQ(as_text(co_await pump.rest()), std::string(50, 'b'));
  });
  EXPECT_EQ(blocks_, (std::vector<std::string>{std::string(100, 'a')}));
}

TEST_F(Pump, WaitsForTheWorkerWhenBothBlocksAreFull) {
  body_ = std::string(100, 'a') + std::string(100, 'b') + std::string(50, 'c');
  world_.run([&]() -> Task<> {
    http::Response response = co_await client_.open(get());
    BodyPump pump(co_await asio::this_coro::executor, held_, keep(), -1, 100);
    EXPECT_EQ(co_await pump.move(response), 100u);
    bool has_worked = false;
    asio::co_spawn(
        world_.executor(),
        [&]() -> Task<> {
          co_await world_.clock().sleep(Milliseconds(1));
          has_worked = held_.work();
        },
        asio::detached);
    EXPECT_EQ(co_await pump.move(response), 100u);
    EXPECT_TRUE(has_worked);
    EXPECT_EQ(co_await pump.move(response), 50u);
    EXPECT_TRUE(held_.work());
    EXPECT_EQ(as_text(co_await pump.rest()), std::string(50, 'c'));
  });
  EXPECT_EQ(blocks_, (std::vector<std::string>{std::string(100, 'a'), std::string(100, 'b')}));
}

TEST_F(Pump, ThrowsWhatTheDecoderThrew) {
  body_ = std::string(500, 'x');
  int calls = 0;
  const BodyPump::Decode fail = [&](ByteView) {
    ++calls;
    throw Error(Status::DECRYPTION, "no key");
  };
  const Error error = error_of([&] {
    world_.run([&]() -> Task<> {
      http::Response response = co_await client_.open(get());
      BodyPump pump(co_await asio::this_coro::executor, world_.workers(), fail, -1, 100);
      while (co_await pump.move(response) > 0) {}
      co_await pump.rest();
    });
  });
  EXPECT_EQ(error.status, Status::DECRYPTION);
  EXPECT_EQ(calls, 1);
}

TEST_F(Pump, ThrowsWhenTheBodyIsCut) {
  test::FakeWorld cut([](const std::string&, const std::string&) {
    return std::string("HTTP/1.1 200 x\r\nContent-Length: 500\r\n\r\nhalf of it");
  });
  http::Client client({}, std::make_shared<http::TlsContext>(""), cut);
  const Error error = error_of([&] {
    cut.run([&]() -> Task<> {
      http::Response response = co_await client.open(get());
      BodyPump pump(co_await asio::this_coro::executor, cut.workers(), keep(), 500, 100);
      const auto body = [&]() -> Task<> {
        while (co_await pump.move(response) > 0) {}
      };
      std::optional<Error> failure;  // a handler cannot co_await
      co_await guarded(body(), [&](const Error& e) { failure = e; });
      co_await pump.settle();
      if (failure) throw std::move(*failure);
    });
  });
  EXPECT_EQ(error.status, Status::NETWORK);
  EXPECT_EQ(blocks_, (std::vector<std::string>{"half of it"}));
}

}  // namespace
}  // namespace libbcda::runtime
