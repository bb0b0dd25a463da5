#include "runtime/file_body.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace libbcda::runtime {

Task<> FileBody::begin(const MakeWriter& make_writer, const transfer::Coding& coding, std::int64_t expected) {
  co_await drop();
  coding_ = coding;
  co_await world::run_on(workers_, [&] { writer_ = make_writer(); });
  decoder_.emplace(coding_, *writer_);
  pump_.emplace(co_await asio::this_coro::executor, workers_, *decoder_, expected);
  expected_ = std::max<std::int64_t>(0, expected);
  reporter_.expect(expected_);
}

Task<> FileBody::receive(http::Response& response) {
  while (const std::size_t n = co_await pump_->move(response)) {
    received_ += static_cast<std::int64_t>(n);
    reporter_.receive(static_cast<std::int64_t>(n));
  }
}

Task<transfer::Facts> FileBody::finish() {
  co_await pump_->finish();
  transfer::Facts facts;
  co_await world::run_on(workers_, [&] { facts = decoder_->finish(); });
  co_return facts;
}

Task<> FileBody::commit(world::Workers& workers, const Commit& commit) {
  co_await world::run_on(workers, [&] { commit(*writer_); });
  expected_ = received_ = 0;  // they stay counted
}

Task<> FileBody::drop() {
  if (!writer_) co_return;
  if (pump_) co_await pump_->settle();
  pump_.reset();
  decoder_.reset();
  co_await world::run_on(workers_, [&] { writer_.reset(); });
  reporter_.expect(-expected_);
  reporter_.receive(-received_);
  expected_ = received_ = 0;
}

}  // namespace libbcda::runtime
