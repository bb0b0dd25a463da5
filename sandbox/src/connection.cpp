#include "connection.hpp"
#include "base/words.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <limits>

namespace libbcda::sandbox {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kStep = 256 << 10;          // file bytes that are generated, encrypted and sent at a time
constexpr std::uint32_t kMostHeader = 256 << 10;  // the largest head of a request
constexpr std::uint64_t kMostBody = 1 << 20;
constexpr std::int64_t kDripsPerSecond = 20;

asio::awaitable<void> sleep(Duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

// Yields the thread to other connections, and lets a shutdown take effect.
asio::awaitable<void> breathe() { co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable); }

using Parser = http::request_parser<http::string_body>;

// Returns false if the peer disconnected or sent invalid HTTP.
asio::awaitable<bool> read_request(Stream& stream, Parser& parser) {
  parser.eager(true);
  parser.header_limit(kMostHeader);
  parser.body_limit(kMostBody);
  Bytes buffer(16 << 10);
  std::size_t used = 0;
  while (!parser.is_done()) {
    if (used == buffer.size()) buffer.resize(buffer.size() * 2);
    std::size_t got = co_await stream.read_some(MutableBytes(buffer).subspan(used));
    if (got == 0) co_return false;
    used += got;
    boost::system::error_code fault;
    std::size_t taken = parser.put(asio::buffer(buffer.data(), used), fault);
    if (fault && fault != http::error::need_more) co_return false;
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(taken));
    used -= taken;
    buffer.resize(std::max<std::size_t>(buffer.size(), 16 << 10));
  }
  co_return true;
}

Request to_request(const Parser::value_type& message, bool tls) {
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.http_1_0 = message.version() < 11;
  request.tls = tls;
  for (const auto& field : message) {
    request.headers.emplace(lower(field.name_string()),
                            std::string(field.value()));  // of a repeated header, the first counts
  }
  request.body = message.body();
  return request;
}

// Sends an answer's body and applies the faults to it.
class BodyWriter {
 public:
  BodyWriter(Stream& stream, const Response& response) : stream_(stream) {
    std::uint64_t size = response.body_size();
    if (response.reset) reset_at_ = response.reset->at.in(size);
    if (response.truncate) truncate_at_ = response.truncate->at.in(size);
    if (response.stall) stall_at_ = response.stall->at.in(size);
    if (response.stall) stall_ = response.stall->time;
    if (response.drip) rate_ = response.drip->number;
  }

  // Returns false if the connection must end here.
  asio::awaitable<bool> send(ByteView bytes) {
    for (;;) {
      if (sent_ == reset_at_) {
        co_await stream_.reset();
        co_return false;
      }
      if (sent_ == truncate_at_) {
        co_await stream_.finish();
        co_return false;
      }
      if (sent_ == stall_at_) {
        stall_at_ = kNever;
        co_await sleep(stall_);
      }
      if (bytes.empty()) co_return true;
      std::size_t step = static_cast<std::size_t>(
          std::min({std::uint64_t{bytes.size()}, reset_at_ - sent_, truncate_at_ - sent_, stall_at_ - sent_}));
      if (rate_ > 0)
        step = std::min(step, static_cast<std::size_t>(std::max<std::int64_t>(rate_ / kDripsPerSecond, 1)));
      co_await stream_.write(bytes.first(step));
      bytes = bytes.subspan(step);
      sent_ += step;
      if (rate_ > 0) co_await sleep(Duration(static_cast<std::int64_t>(step) * 1000000 / rate_));
    }
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  Stream& stream_;
  std::uint64_t sent_ = 0, reset_at_ = kNever, truncate_at_ = kNever, stall_at_ = kNever;
  Duration stall_{};
  std::int64_t rate_ = 0;  // bytes per second; 0: no limit
};

asio::awaitable<bool> send_segment(BodyWriter& writer, const Response& response, const Segment& segment,
                                   MutableBytes buffer) {
  FileStream file(response.file, response.plain);
  if (response.flip) file.flip_at(response.flip->at.in(response.file->size(response.plain)));
  while (file.position() < segment.offset) {
    file.read(buffer.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), segment.offset - file.position()))));
    co_await breathe();
  }
  std::uint64_t end = segment.offset + segment.length;
  while (file.position() < end) {
    std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - file.position()));
    file.read(buffer.first(size));
    if (!co_await writer.send(buffer.first(size))) co_return false;
    co_await breathe();
  }
  co_return true;
}

asio::awaitable<bool> send_file(BodyWriter& writer, const Response& response) {
  Bytes buffer(kStep);
  for (const Segment& segment : response.segments) {
    if (!co_await writer.send(as_bytes(segment.before))) co_return false;
    if (!co_await send_segment(writer, response, segment, buffer)) co_return false;
  }
  co_return co_await writer.send(as_bytes(response.after_segments));
}

asio::awaitable<bool> send_body(Stream& stream, const Response& response, bool chunked) {
  BodyWriter writer(stream, response);
  if (response.file) co_return co_await send_file(writer, response);
  if (!chunked) co_return co_await writer.send(as_bytes(response.body));
  char size[24];
  int digits = std::snprintf(size, sizeof size, "%zx\r\n", response.body.size());
  co_await stream.write(as_bytes({size, static_cast<std::size_t>(digits)}));
  if (!co_await writer.send(as_bytes(response.body))) co_return false;
  co_await stream.write(as_bytes("\r\n0\r\n\r\n"));
  co_return true;
}

asio::awaitable<void> exchange(Stream& stream, Handler& handler, bool storage) {
  Parser parser;
  co_await stream.handshake();
  if (!co_await read_request(stream, parser)) {
    co_await stream.write(
        as_bytes("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 "
                 "Bad Request"));
    co_await stream.finish();
    co_return;
  }
  Request request = to_request(parser.get(), stream.is_tls());
  request.at_storage = storage;
  Response response = handler.answer(request);
  if (response.delay.count() > 0) co_await sleep(response.delay);
  if (!response.no_answer) {
    Head head = write_head(request, response, handler.now());
    co_await stream.write(as_bytes(head.text));
    if (request.method != "HEAD" && !co_await send_body(stream, response, head.chunked)) co_return;
  }
  co_await stream.finish();
}

}  // namespace

asio::awaitable<void> serve(std::unique_ptr<Stream> stream, Handler& handler, bool storage) {
  try {
    co_await exchange(*stream, handler, storage);
  } catch (const std::exception&) {
    // The client disconnected, or memory ran out. Only this connection ends.
  }
}

}  // namespace libbcda::sandbox
