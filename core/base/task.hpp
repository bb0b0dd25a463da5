// The type of every coroutine of the engine.
#pragma once
#include <boost/asio/awaitable.hpp>

namespace libbcda {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

}  // namespace libbcda
