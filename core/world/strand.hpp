// A strand on which coroutines run.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <new>
#include <thread>

#include "base/task.hpp"

namespace libbcda::world {

// Waits for memory, if there is none. A strand puts a handler into its queue before it asks for the memory that it needs
// to run the queue. If it did not get that, none of its handlers would ever run.
template <class T>
struct SureAllocator {
  using value_type = T;
  SureAllocator() = default;
  template <class Other>
  SureAllocator(const SureAllocator<Other>&) noexcept {}

  T* allocate(std::size_t count) const {
    for (;;) {
      if (void* memory = ::operator new(count * sizeof(T), std::align_val_t(alignof(T)), std::nothrow))
        return static_cast<T*>(memory);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no event reports that memory is available again
    }
  }
  void deallocate(T* memory, std::size_t) const noexcept { ::operator delete(memory, std::align_val_t(alignof(T))); }
  bool operator==(const SureAllocator&) const = default;
};

// A new strand. That of an io_context is so small that any_io_executor holds it without memory of its own. Asio copies
// executors in functions that are noexcept, so where such a copy needs memory and there is none, the process would end.
inline asio::any_io_executor new_strand(const asio::any_io_executor& executor) {
  if (const auto* context = executor.target<asio::io_context::executor_type>())
    return asio::make_strand(asio::require(*context, asio::execution::allocator(SureAllocator<void>())));
  return asio::make_strand(executor);
}

}  // namespace libbcda::world
