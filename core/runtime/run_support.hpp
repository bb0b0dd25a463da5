// What the parts of Run share.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <new>
#include <optional>

#include "base/error.hpp"
#include "http/stream.hpp"

namespace libbcda::runtime {

using http::Task;

// Errors after which nothing else of the run can go well.
inline bool stops_everything(Status status) {
  return status == Status::FILESYSTEM || status == Status::AUTHENTICATION || status == Status::CANCELLED ||
         status == Status::INTERNAL || status == Status::NO_MEMORY;
}

inline Instant now() { return std::chrono::system_clock::now(); }

// Runs a coroutine's body and hands over what it throws as an Error; its own cancellation comes as CANCELLED.
template <class Failed>
Task<> guarded(Task<> body, Failed failed) {
  std::optional<Error> error;
  try {
    co_await std::move(body);
  } catch (const Error& e) {
    error = e;
  } catch (const boost::system::system_error& e) {
    error = e.code() == asio::error::operation_aborted ? Error(Status::CANCELLED, "cancelled")
                                                       : Error(Status::INTERNAL, e.what());
  } catch (const std::bad_alloc&) {
    error = Error(Status::NO_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    error = Error(Status::INTERNAL, e.what());
  }
  if (error) failed(*error);
}

}  // namespace libbcda::runtime
