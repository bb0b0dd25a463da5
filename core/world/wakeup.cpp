#include "world/wakeup.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace libbcda::world {

void Wakeup::wake() noexcept {
  post_surely(timer_.get_executor(), [self = shared_from_this()] { self->timer_.cancel(); });
}

Task<> Wakeup::wait() {
  boost::system::error_code woken;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

}  // namespace libbcda::world
