#include "world/aside.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace libbcda::world {
namespace {

using Work = std::function<void()>;

// A thread that begins its work only when the test says so.
struct LateThread {
  Aside::Post post() {
    return [this](Work work) { posted.push_back(std::move(work)); };
  }
  void run_all() {
    std::thread([this] {
      for (Work& work : posted) work();
    }).join();
    posted.clear();
  }
  std::vector<Work> posted;
};

TEST(Aside, AnotherThreadDoesTheWork) {
  LateThread thread;
  Aside aside(thread.post());
  std::thread::id worker;
  aside.begin([&] { worker = std::this_thread::get_id(); });
  thread.run_all();
  aside.finish();
  EXPECT_NE(worker, std::thread::id());
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(Aside, TheOwnerDoesWhatNoThreadHasBegun) {
  LateThread thread;
  Aside aside(thread.post());
  std::string done;
  aside.begin([&] { done += "a"; });
  aside.begin([&] { done += "b"; });
  EXPECT_EQ(done, "a");  // one piece at a time, in order
  aside.finish();
  EXPECT_EQ(done, "ab");
  thread.run_all();  // the thread comes too late, and nothing is done twice
  aside.finish();
  EXPECT_EQ(done, "ab");
}

TEST(Aside, AFailureIsTheOwners) {
  for (const bool elsewhere : {false, true}) {
    LateThread thread;
    Aside aside(thread.post());
    aside.begin([] { throw std::runtime_error("broken"); });
    if (elsewhere) thread.run_all();
    EXPECT_THROW(aside.finish(), std::runtime_error);
    aside.finish();  // it is reported once
  }
}

TEST(Aside, WithoutAThreadTheOwnerDoesAll) {
  Aside aside([](const Work&) { throw std::bad_alloc(); });
  bool done = false;
  aside.begin([&] { done = true; });
  aside.finish();
  EXPECT_TRUE(done);
}

// What the work uses may be gone after the destructor.
TEST(Aside, WorkThatHasNotBegunIsDroppedWithItsOwner) {
  LateThread thread;
  bool done = false;
  {
    Aside(thread.post()).begin([&] { done = true; });
  }
  thread.run_all();
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace libbcda::world
