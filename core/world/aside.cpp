#include "world/aside.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

namespace libbcda::world {

struct Aside::Piece {
  explicit Piece(std::function<void()> what) : work(std::move(what)) {}

  // False: somebody else has begun it.
  bool claim() {
    const std::lock_guard lock(mutex);
    return !std::exchange(is_claimed, true);
  }
  void perform() {
    std::exception_ptr thrown;
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    failure = thrown;
    is_done = true;
    done.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return is_done; });
  }

  std::function<void()> work;
  std::mutex mutex;
  std::condition_variable done;
  bool is_claimed = false, is_done = false;
  std::exception_ptr failure;
};

Aside::~Aside() {
  if (piece_ && !piece_->claim()) piece_->wait();
}

void Aside::begin(std::function<void()> work) {
  finish();
  const auto piece = std::make_shared<Piece>(std::move(work));
  piece_ = piece;
  try {
    post_([piece] {
      if (piece->claim()) piece->perform();
    });
  } catch (const std::exception&) {
    // No memory for it, or no thread. finish() does the work.
  }
}

void Aside::finish() {
  const auto piece = std::exchange(piece_, nullptr);
  if (!piece) return;
  if (piece->claim()) return piece->work();
  piece->wait();
  if (piece->failure) std::rethrow_exception(piece->failure);
}

}  // namespace libbcda::world
