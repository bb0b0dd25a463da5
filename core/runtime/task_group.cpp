#include "runtime/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "http/post_surely.hpp"
#include "runtime/end_guard.hpp"

namespace libbcda::runtime {

struct TaskGroup::Child {
  explicit Child(const asio::any_io_executor& executor) : strand(asio::make_strand(executor)) {}
  asio::strand<asio::any_io_executor> strand;
  asio::cancellation_signal signal;  // touched on the strand only
};

struct TaskGroup::Joiner {
  explicit Joiner(const asio::any_io_executor& executor) : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
};

namespace {

asio::awaitable<void> to_its_end(std::function<asio::awaitable<void>()> task, std::shared_ptr<EndGuard> guard) {
  try {
    co_await task();
  } catch (const boost::system::system_error&) {  // its cancellation
    guard->reached();
    throw;
  }
  guard->reached();
}

}  // namespace

void TaskGroup::spawn(std::function<asio::awaitable<void>()> task, std::function<void()> broken) {
  auto child = std::make_shared<Child>(executor_);
  auto self = shared_from_this();
  std::shared_ptr<EndGuard> guard;  // outlives the lock, because its end takes the lock
  std::lock_guard lock(mutex_);
  if (canceled_) return;
  auto place = children_.insert(children_.end(), child);
  guard = std::make_shared<EndGuard>([self, place, broken = std::move(broken)](bool is_broken) {
    if (is_broken && broken) broken();
    self->done(place);
  });
  // Started from its own strand, where the cancellation slot may be touched. Posted under the lock, so that the signal
  // of a cancel() comes after it.
  asio::post(child->strand, [child, task = std::move(task), guard]() mutable {
    asio::co_spawn(child->strand, to_its_end(std::move(task), std::move(guard)),
                   asio::bind_cancellation_slot(child->signal.slot(), [child](std::exception_ptr) {}));
  });
}

void TaskGroup::done(std::list<std::shared_ptr<Child>>::iterator child) {
  std::lock_guard lock(mutex_);
  children_.erase(child);
  if (children_.empty()) emptied_.notify_all();
  if (children_.empty() && joiner_)
    http::post_surely(joiner_->timer.get_executor(), [joiner = joiner_] { joiner->timer.cancel(); });
}

void TaskGroup::wait_empty() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return children_.empty(); });
}

void TaskGroup::cancel() {
  std::lock_guard lock(mutex_);
  canceled_ = true;
  for (auto& child : children_)
    http::post_surely(child->strand, [child] { child->signal.emit(asio::cancellation_type::terminal); });
}

bool TaskGroup::canceled() const {
  std::lock_guard lock(mutex_);
  return canceled_;
}

asio::awaitable<void> TaskGroup::join() {
  auto joiner = std::make_shared<Joiner>(co_await asio::this_coro::executor);
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (children_.empty()) {
        joiner_.reset();
        co_return;
      }
      joiner_ = joiner;
    }
    boost::system::error_code woken;
    co_await joiner->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

}  // namespace libbcda::runtime
