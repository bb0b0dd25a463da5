// An HTTP answer as it comes from a socket: in pieces and at once.
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "fuzz/target.hpp"
#include "http/client.hpp"
#include "support/fake_world.hpp"

namespace libbcda::fuzz {
namespace {

constexpr std::string_view kToken = "sesame-open-0123456789";
constexpr std::size_t kLongestBody = 4096;

// A connection that gives the input in pieces of random sizes, and then ends.
class PieceStream : public world::ByteStream {
 public:
  PieceStream(std::string_view input, bool at_once) : rest_(input), dice_(input), at_once_(at_once) {}

  ssize_t read(MutableBytes out) noexcept override {
    const ssize_t n = peek(out);
    if (n > 0) rest_.remove_prefix(static_cast<std::size_t>(n));
    return n;
  }
  ssize_t peek(MutableBytes out) noexcept override {
    if (!is_written_) return errno = EAGAIN, -1;
    if (!at_once_ && !(is_ready_ = !is_ready_)) return errno = EAGAIN, -1;
    const std::size_t most = at_once_ ? rest_.size() : 1 + dice_.below(20);
    const std::size_t n = std::min({rest_.size(), out.size(), most});
    std::copy_n(rest_.begin(), n, out.begin());
    return static_cast<ssize_t>(n);
  }
  ssize_t write(ByteView bytes) noexcept override {
    is_written_ = true;
    return static_cast<ssize_t>(bytes.size());
  }
  Task<world::ErrorCode> wait(world::Ready) override {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    co_return world::ErrorCode();
  }
  void interrupt() noexcept override {}
  void detach() noexcept override {}
  void attach(const boost::asio::any_io_executor&) override {}

 private:
  std::string_view rest_;
  Dice dice_;
  bool at_once_;
  bool is_written_ = false, is_ready_ = false;
};

class PieceNet : public test::FakeNet {
 public:
  PieceNet(std::string_view input, bool at_once, const world::Clock& clock)
      : FakeNet({}, clock), input_(input), at_once_(at_once) {}
  Task<std::unique_ptr<world::ByteStream>> connect(const Endpoint&, Milliseconds, world::ErrorCode& error) override {
    error = {};
    co_return std::make_unique<PieceStream>(input_, at_once_);
  }

 private:
  std::string_view input_;
  bool at_once_;
};

class PieceWorld : public test::FakeWorld {
 public:
  PieceWorld(std::string_view input, bool at_once) : FakeWorld({}), pieces_(input, at_once, clock()) {}
  PieceNet& net() override { return pieces_; }

 private:
  PieceNet pieces_;
};

struct Got {
  http::Answer answer;
  http::Reach reach = http::Reach::unsent;
  std::optional<Error> failure;
};

http::Request request() {
  http::Request made;
  made.url = http::parse_url("http://api.test/data/a.ndjson", "it");
  made.headers = {{"Authorization", "Bearer " + std::string(kToken)}};
  return made;
}

Got ask(std::string_view input, bool at_once) {
  static const auto tls = std::make_shared<http::TlsContext>("");
  http::ClientOptions options;
  options.max_header_bytes = 1 << 12;
  Got got;
  const auto world = std::make_shared<PieceWorld>(input, at_once);
  http::Client client(options, tls, *world);
  got.failure = failure_of({Status::NETWORK, Status::PROTOCOL, Status::LIMIT, Status::TIMEOUT}, [&] {
    world->run([&]() -> Task<> {
      const http::Request question = request();
      got.answer = co_await client.send(question, kLongestBody, &got.reach);
    });
  });
  return got;
}

}  // namespace

FUZZ_TARGET(http, input) {
  const Got whole = ask(input, true), pieces = ask(input, false);
  // A head that is a little longer than its limit may come at once, with what is in the buffer; in pieces it is refused.
  if (!whole.failure && pieces.failure && pieces.failure->status == Status::LIMIT) return;
  // A head that is malformed and not whole may be seen as either first.
  expect(whole.failure.has_value() == pieces.failure.has_value(), "pieces fail as the whole does");
  expect(whole.reach == pieces.reach, "pieces get as far as the whole");
  expect(whole.reach == (input.empty() ? http::Reach::sent : http::Reach::answered), "any byte is an answer");
  expect(whole.answer.status == pieces.answer.status && whole.answer.headers == pieces.answer.headers &&
             whole.answer.body == pieces.answer.body,
         "pieces are the same answer");
  if (whole.failure) return;
  expect(whole.answer.status >= 200 && whole.answer.status <= 999, "the status is one of HTTP");
  expect(whole.answer.body.size() <= kLongestBody, "the body is within its limit");
  expect(whole.answer.body.find(kToken) == std::string::npos, "the body repeats no credential");
  for (const auto& [name, value] : whole.answer.headers) {
    expect(value.find(kToken) == std::string::npos, "no header repeats a credential");
    expect((name + value).find_first_of("\r\n") == std::string::npos, "a header is one line");
  }
}

}  // namespace libbcda::fuzz
