// What the parts of Run share.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "http/stream.hpp"

namespace libbcda::runtime {

using http::Task;

// Errors after which nothing else of the run can go well.
inline bool stops_everything(Status status) {
  return status == Status::FILESYSTEM || status == Status::AUTHENTICATION || status == Status::CANCELED ||
         status == Status::INTERNAL || status == Status::NO_MEMORY;
}

// A URL as logs, receipts and events show it: its query may be a credential.
inline std::string shown(const std::string& url) { return url.substr(0, url.find('?')); }

inline Instant now() { return read_clocks().wall; }

// Runs a coroutine's body and hands over what it throws as an Error; its own cancellation comes as CANCELED.
template <class Failed>
Task<> guarded(Task<> body, Failed failed) {
  std::optional<Error> error;
  try {
    co_await std::move(body);
  } catch (const boost::system::system_error& e) {
    error = e.code() == asio::error::operation_aborted ? Error(Status::CANCELED, "canceled")
                                                       : Error(Status::INTERNAL, e.what());
  } catch (...) {
    error = current_error();
  }
  if (error) failed(*error);
}

}  // namespace libbcda::runtime
