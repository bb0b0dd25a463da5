// A strand on which coroutines run.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "base/task.hpp"

namespace libbcda::world {

// A new strand. That of an io_context is so small that any_io_executor holds it without memory of its own. Asio copies
// executors in functions that are noexcept, so where such a copy needs memory and there is none, the process would end.
inline asio::any_io_executor new_strand(const asio::any_io_executor& executor) {
  if (const auto* context = executor.target<asio::io_context::executor_type>()) return asio::make_strand(*context);
  return asio::make_strand(executor);
}

}  // namespace libbcda::world
