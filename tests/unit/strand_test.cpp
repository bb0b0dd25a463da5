// The strand of a coroutine.
#include "world/strand.hpp"

#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>
#include <vector>

namespace libbcda::world {
namespace {

// Without free memory a copy would end the process, because Asio copies executors in functions that are noexcept.
TEST(NewStrand, IsCopiedWithoutMemory) {
  asio::io_context context;
  const asio::any_io_executor strand = new_strand(context.get_executor());
  const auto inner = asio::require(context.get_executor(), asio::execution::allocator(SureAllocator<void>()));
  const auto* held = strand.target<asio::strand<std::remove_const_t<decltype(inner)>>>();
  ASSERT_TRUE(held);
  const auto place = reinterpret_cast<std::uintptr_t>(held) - reinterpret_cast<std::uintptr_t>(&strand);
  EXPECT_LT(place, sizeof strand) << "it lies outside of the executor";
}

TEST(NewStrand, RunsOneHandlerAtATime) {
  asio::io_context context;
  const asio::any_io_executor strand = new_strand(new_strand(context.get_executor()));  // of any executor
  std::vector<int> order;
  asio::post(strand, [&] {
    asio::post(strand, [&] { order.push_back(2); });
    order.push_back(1);
  });
  context.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace libbcda::world
