#include "runtime/file_body.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace libbcda::runtime {

Task<> FileBody::begin(const Start& start) {
  co_await drop();
  coding_ = start.coding;
  co_await world::run_on(workers_, [&] {
    writer_ = start.make_writer();
    keeper_ = start.make_keeper();
  });
  decoder_.emplace(coding_, *writer_);
  const BodyPump::Decode decode = [this](ByteView block) { this->decode(block); };
  pump_.emplace(co_await asio::this_coro::executor, workers_, decode, start.expected);
  expected_ = start.expected;
  if (expected_ >= 0) reporter_.expect(expected_);
}

Task<> FileBody::go_on(const Start& start, const Replay& replay) {
  co_await begin(start);
  std::int64_t taken = 0;
  co_await world::run_on(workers_, [&] {
    try {
      replay([&](ByteView block) {
        if (keeper_) keeper_->take(block);
        decoder_->feed(block);
        taken += static_cast<std::int64_t>(block.size());
      });
    } catch (...) {
      keeper_.reset();  // the earlier record stays, because it has more
      throw;
    }
    if (keeper_) keeper_->record(*decoder_, *writer_, true);
  });
  received_ = taken;
  reporter_.receive(taken);
}

void FileBody::decode(ByteView block) {
  if (keeper_) keeper_->take(block);
  decoder_->feed(block);
  if (keeper_) keeper_->decoded(*decoder_, *writer_);
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
  if (expected_ < 0) reporter_.expect(received_);
  expected_ = -1, received_ = 0;  // they stay counted
}

Task<> FileBody::leave() {
  if (!writer_ || !keeper_) co_return;
  if (pump_) co_await pump_->settle();
  co_await world::run_on(workers_, [&] { keeper_->leave(*decoder_, *writer_); });
}

Task<> FileBody::drop() {
  if (!writer_) co_return;
  if (pump_) co_await pump_->settle();
  pump_.reset();
  decoder_.reset();
  co_await world::run_on(workers_, [&] {
    keeper_.reset();
    writer_.reset();
  });
  if (expected_ >= 0) reporter_.forget(expected_);
  reporter_.receive(-received_);
  expected_ = -1, received_ = 0;
}

}  // namespace libbcda::runtime
