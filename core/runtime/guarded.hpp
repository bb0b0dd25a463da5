// Runs a coroutine and passes its failure to a function.
#pragma once
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"

namespace libbcda::runtime {

// Runs a coroutine and passes what it throws to `failed`, as an Error. A cancellation becomes Error{CANCELED}.
template <class Failed>
Task<> guarded(Task<> body, Failed failed) {
  std::optional<Error> error;
  try {
    co_await std::move(body);
  } catch (const boost::system::system_error& e) {
    error = e.code() == asio::error::operation_aborted ? Error(Status::CANCELED, "canceled") : current_error();
  } catch (...) {
    error = current_error();
  }
  if (error) failed(*error);
}

}  // namespace libbcda::runtime
