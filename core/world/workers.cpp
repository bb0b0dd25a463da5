#include "world/workers.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace libbcda::world {

// An exception_ptr carries the failure, because Asio's handlers must not throw.
Task<> run_on(Workers& workers, std::function<void()> work) {
  std::exception_ptr failure;
  auto perform = [&] {
    try {
      workers.perform(work);
    } catch (...) {
      failure = std::current_exception();
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&workers, perform](auto handler) {
        auto back = asio::get_associated_executor(handler);
        asio::post(workers.executor(), [perform, back, done = std::move(handler)]() mutable {
          perform();
          asio::post(back, std::move(done));
        });
      },
      asio::use_awaitable);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace libbcda::world
