#include "runtime/file_body.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace libbcda::runtime {

Task<> FileBody::begin(const Start& start) {
  co_await drop();
  start_ = start;
  const BodyPump::Decode decode = [this](ByteView block) { this->decode(block); };
  pump_.emplace(co_await asio::this_coro::executor, workers_, decode, start.expected, block_size_);
  expected_ = start.expected;
  if (expected_ >= 0) reporter_.expect(expected_);
}

// Where digests may be computed.
world::Aside::Post FileBody::aside() const {
  return [&digesters = digesters_](std::function<void()> work) {
    asio::post(digesters.executor(), [&digesters, work = std::move(work)] { digesters.perform(work); });
  };
}

void FileBody::open() {
  if (decoder_) return;
  writer_ = start_.make_writer();
  writer_->expect(start_.coding.plain_size(start_.expected));
  keeper_ = start_.make_keeper();
  decoder_.emplace(start_.coding, *writer_, aside());
}

Task<> FileBody::go_on(const Start& start, const Replay& replay) {
  co_await begin(start);
  std::int64_t taken = 0;
  co_await world::run_on(workers_, [&] {
    open();
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
  open();
  if (block.empty()) return;
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

void FileBody::verify(ByteView rest, const Check& check) {
  decode(rest);
  check(decoder_->finish(), *decoder_);
}

void FileBody::publish(const Commit& commit) {
  commit(*writer_);
  keeper_.reset();
  writer_.reset();
}

void FileBody::count() {
  if (expected_ < 0) reporter_.expect(received_);
  expected_ = -1, received_ = 0;  // they stay counted
}

Task<> FileBody::verify(const Check& check) {
  const ByteView rest = co_await pump_->rest();
  co_await world::run_on(workers_, [&] {
    verify(rest, check);
    if (keeper_) keeper_->free_memory();
  });
  pump_->free_blocks();
}

Task<> FileBody::publish(world::Workers& workers, const Commit& commit) {
  co_await world::run_on(workers, [&] { publish(commit); });
  count();
}

Task<> FileBody::finish(const Check& check, const Commit& commit) {
  const ByteView rest = co_await pump_->rest();
  co_await world::run_on(workers_, [&] {
    verify(rest, check);
    publish(commit);
  });
  count();
}

Task<> FileBody::leave() {
  if (!pump_) co_return;
  co_await pump_->settle();
  if (!writer_ || !keeper_ || !decoder_) co_return;
  co_await world::run_on(workers_, [&] { keeper_->leave(*decoder_, *writer_); });
}

Task<> FileBody::drop() {
  if (!pump_) co_return;
  co_await pump_->settle();
  pump_.reset();
  if (writer_)
    co_await world::run_on(workers_, [&] {
      decoder_.reset();  // may wait for a digest
      keeper_.reset();
      writer_.reset();
    });
  decoder_.reset();
  if (expected_ >= 0) reporter_.forget(expected_);
  reporter_.receive(-received_);
  expected_ = -1, received_ = 0;
}

}  // namespace libbcda::runtime
