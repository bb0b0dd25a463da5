// bcda_error, and the wrapper that every function of the C interface uses to catch exceptions.
#pragma once
#include <bcda/bcda.h>

#include <cxxabi.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace libbcda::capi {

// A member of each handle, which counts them.
class Counted {
 public:
  Counted() noexcept { ++live_; }
  ~Counted() { --live_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  static std::int64_t live() noexcept { return live_; }

 private:
  inline static std::atomic<std::int64_t> live_{0};
};

}  // namespace libbcda::capi

struct bcda_error {
  libbcda::Error error;
  libbcda::capi::Counted counted = {};
};

namespace libbcda::capi {

inline bcda_status fail(bcda_error** out, const Error& error) noexcept {
  if (out) {
    try {
      *out = new bcda_error{error};
    } catch (...) {
      *out = nullptr;  // no memory for the error; the status still reports the failure
    }
  }
  return static_cast<bcda_status>(error.status);
}

// Runs `body`, which returns bcda_status or nothing. Converts its exceptions to a status and an error. pthread_exit in a
// callback passes through, so this is not noexcept. catch (...) would catch it. libstdc++ has a type for it. libc++ cannot
// pass it on once it was caught, so only exceptions are caught there, and foreign ones pass through too.
template <class Body>
bcda_status guard(bcda_error** error, Body&& body) {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return BCDA_OK;
    } else {
      return body();
    }
  } catch (const Error& e) {
    return fail(error, e);
  } catch (const std::bad_alloc&) {
    if (error) *error = nullptr;  // there is no memory for an error
    return BCDA_NO_MEMORY;
#ifdef __GLIBCXX__
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
#else
  } catch (const std::exception&) {
#endif
    return fail(error, current_error());
  }
}

// The number that a C caller gave as an enum. It may be any, and C++ may not read it as a value of the enum.
template <class Enum>
std::int32_t number_of(const Enum& value) {
  static_assert(sizeof(Enum) == sizeof(std::int32_t));
  std::int32_t number;
  std::memcpy(&number, &value, sizeof number);
  return number;
}

inline void need(const void* pointer, const char* name) {
  if (!pointer) throw Error(Status::INVALID_ARGUMENT, std::string("the argument ") + name + " is NULL");
}

}  // namespace libbcda::capi
