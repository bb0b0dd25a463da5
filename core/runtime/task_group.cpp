#include "runtime/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "runtime/end_guard.hpp"
#include "world/strand.hpp"

namespace libbcda::runtime {

struct TaskGroup::Child {
  explicit Child(const asio::any_io_executor& executor) : strand(world::new_strand(executor)) {}
  asio::any_io_executor strand;
  asio::cancellation_signal signal;  // touched on the strand only
};

namespace {

Task<> to_its_end(std::function<Task<>()> task, std::shared_ptr<EndGuard> guard) {
  try {
    co_await task();
  } catch (const boost::system::system_error&) {  // its cancellation
    guard->reached();
    throw;
  }
  guard->reached();
}

}  // namespace

void TaskGroup::spawn(std::function<Task<>()> task) {
  auto child = std::make_shared<Child>(executor_);
  auto self = shared_from_this();
  std::shared_ptr<EndGuard> guard;  // outlives the lock, because its end takes the lock
  std::lock_guard lock(mutex_);
  if (canceled_) return;
  std::list<std::shared_ptr<Child>> one{child};
  guard = std::make_shared<EndGuard>([self, place = one.begin()](bool is_broken) { self->done(place, is_broken); });
  children_.splice(children_.end(), one);  // last, so that each child here has a guard, although memory may be short
  // Started from its own strand, where the cancellation slot may be touched. Posted under the lock, so that the signal
  // of a cancel() comes after it.
  asio::post(child->strand, [child, task = std::move(task), guard]() mutable {
    asio::co_spawn(child->strand, to_its_end(std::move(task), std::move(guard)),
                   asio::bind_cancellation_slot(child->signal.slot(), [child](std::exception_ptr) {}));
  });
}

void TaskGroup::done(std::list<std::shared_ptr<Child>>::iterator child, bool is_broken) {
  std::lock_guard lock(mutex_);
  broken_ = broken_ || is_broken;
  children_.erase(child);
  if (children_.empty()) emptied_.notify_all();
  if (children_.empty() && joiner_) joiner_->wake();
}

void TaskGroup::wait_empty() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return children_.empty(); });
}

void TaskGroup::cancel() {
  std::lock_guard lock(mutex_);
  canceled_ = true;
  for (auto& child : children_)
    world::post_surely(child->strand, [child] { child->signal.emit(asio::cancellation_type::terminal); });
}

bool TaskGroup::canceled() const {
  std::lock_guard lock(mutex_);
  return canceled_;
}

bool TaskGroup::broken() const {
  std::lock_guard lock(mutex_);
  return broken_;
}

Task<> TaskGroup::join() {
  auto joiner = std::make_shared<world::Wakeup>(co_await asio::this_coro::executor);
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (children_.empty()) {
        joiner_.reset();
        co_return;
      }
      joiner_ = joiner;
    }
    co_await joiner->wait();
  }
}

}  // namespace libbcda::runtime
