#include "runtime/body_pump.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/failure_of.hpp"
#include "world/wakeup.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kSmallestBlock = 4 << 10;

std::size_t size_of_block(std::int64_t expected, std::size_t largest) {
  if (expected < 0) return largest;
  return std::clamp(static_cast<std::size_t>(expected), std::min(kSmallestBlock, largest), largest);
}

}  // namespace

struct BodyPump::Work {
  explicit Work(const asio::any_io_executor& executor) : idle(std::make_shared<world::Wakeup>(executor)) {}

  bool is_busy() {
    const std::lock_guard lock(mutex);
    return busy;
  }
  void begin() {
    const std::lock_guard lock(mutex);
    busy = true;
  }
  void end(std::optional<Error> error) {
    {
      const std::lock_guard lock(mutex);
      busy = false;
      if (error) failure = std::move(error);
      ended.notify_all();
    }
    idle->wake();
  }
  void wait_until_idle() {
    std::unique_lock lock(mutex);
    ended.wait(lock, [this] { return !busy; });
  }
  void check() {
    const std::lock_guard lock(mutex);
    if (failure) throw *failure;  // a copy, because two threads must not share an exception
  }

  std::mutex mutex;
  std::condition_variable ended;
  bool busy = false;
  std::optional<Error> failure;
  std::shared_ptr<world::Wakeup> idle;
};

BodyPump::BodyPump(const asio::any_io_executor& executor, world::Workers& workers, Decode decode, std::int64_t expected,
                   std::size_t block_size)
    : workers_(workers),
      decode_(std::move(decode)),
      block_size_(size_of_block(expected, block_size)),
      work_(std::make_shared<Work>(executor)) {}

// Asio destroys a coroutine if one of its waits cannot be started. Then settle() was not called, so the thread waits
// here.
BodyPump::~BodyPump() { work_->wait_until_idle(); }

Task<std::size_t> BodyPump::move(http::Response& response) {
  if (filled_ == block_size_) co_await hand_on();  // it stayed for rest(), but another answer goes on
  Bytes& block = blocks_[current_];
  block.resize(block_size_);
  const std::size_t n = co_await response.read_some(MutableBytes(block).subspan(filled_));
  filled_ += n;
  const bool is_due = filled_ == block_size_ || (n > 0 && !work_->is_busy());
  if (is_due && !response.at_end()) co_await hand_on();
  co_return n;
}

Task<ByteView> BodyPump::rest() {
  // Yields once for each block. Without this, a fast network and a fast worker would keep the thread, so that neither a
  // cancellation nor another file gets a turn.
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  co_await settle();
  work_->check();
  // settle() does not throw if the worker is already idle, so a cancellation is checked here.
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) throw Error(Status::CANCELED, "canceled");
  const ByteView block(blocks_[current_].data(), std::exchange(filled_, 0));
  current_ = 1 - current_;
  co_return block;
}

Task<> BodyPump::hand_on() {
  const ByteView block = co_await rest();
  if (block.empty()) co_return;
  work_->begin();
  asio::post(workers_.executor(), [work = work_, block, &workers = workers_, &decode = decode_] {
    work->end(failure_of([&] { workers.perform([&] { decode(block); }); }));
  });
}

Task<> BodyPump::settle() {
  for (bool busy = work_->is_busy(); busy; busy = work_->is_busy()) co_await work_->idle->wait();
}

}  // namespace libbcda::runtime
