#include "base/secret_memory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "crypto/key.hpp"
#include "settings/settings.hpp"
#include "support/syscalls.hpp"

namespace libbcda {
namespace {

// Whether the kernel excludes the page of `address` from core files: the flag "dd" in VmFlags of smaps, see proc(5).
bool left_out_of_core(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> begin >> dash >> end && dash == '-') here = wanted >= begin && wanted < end;
    if (here && line.starts_with("VmFlags:")) return (line + " ").find(" dd ") != std::string::npos;
  }
  return false;
}

TEST(SecretMemory, IsLeftOutOfCoreFiles) {
  const std::string ordinary(100, 'x');
  EXPECT_FALSE(left_out_of_core(ordinary.data()));
  for (std::size_t size : {1, 7, 80, 4096, 100000}) {
    const Secret secret(std::string(size, 's')), copy = secret;
    EXPECT_TRUE(left_out_of_core(secret.reveal().data())) << size;
    EXPECT_TRUE(left_out_of_core(copy.reveal().data())) << size;
  }
  const crypto::FileKey key, copy = key;
  EXPECT_TRUE(left_out_of_core(key.bytes.data()));
  EXPECT_TRUE(left_out_of_core(copy.bytes.data()));
}

// What the process gives back holds zeros, wherever the secret was.
TEST(SecretMemory, IsWipedBeforeItIsGivenBack) {
  static int wiped, dirty;
  wiped = dirty = 0;
  {
    const test::UnmapWatch watch([](const void* memory, std::size_t size) {
      const auto* const begin = static_cast<const char*>(memory);
      const bool is_clean = std::all_of(begin, begin + size, [](char c) { return c == 0; });
      ++(is_clean ? wiped : dirty);
    });
    { const Secret secret(std::string(100'000, 's')), copy = secret; }
  }
  EXPECT_EQ(dirty, 0);
  EXPECT_GE(wiped, 2);
}

// A small secret has a page of the pool, which stays mapped. The next secret finds it empty.
TEST(SecretMemory, OfThePoolIsWipedBeforeItIsUsedAgain) {
  const void* place = nullptr;
  {
    const Secret secret(std::string(100, 's'));
    place = secret.reveal().data();
  }
  auto* const next = static_cast<char*>(allocate_secret(4096));
  EXPECT_EQ(next, place);
  EXPECT_TRUE(std::all_of(next, next + 4096, [](char c) { return c == 0; }));
  free_secret(next, 4096);
}

TEST(SecretMemory, GoesOnWhenThePoolIsUsedUp) {
  std::vector<Secret> secrets;
  for (int i = 0; i < 1000; ++i) secrets.emplace_back("secret " + std::to_string(i));
  std::set<const void*> places;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(secrets[static_cast<std::size_t>(i)].reveal(), "secret " + std::to_string(i));
    places.insert(secrets[static_cast<std::size_t>(i)].reveal().data());
  }
  EXPECT_EQ(places.size(), 1000u);
  EXPECT_TRUE(left_out_of_core(secrets.back().reveal().data()));
}

TEST(SecretMemory, IsGivenToOneThreadAtATime) {
  std::atomic<int> mixed{0};
  std::vector<std::thread> threads;
  for (char letter : {'a', 'b', 'c', 'd'})
    threads.emplace_back([&mixed, letter] {
      for (int i = 0; i < 5000; ++i) {
        const Secret one(std::string(40, letter)), other = one;
        if (one.reveal() != std::string(40, letter) || other.reveal() != one.reveal()) ++mixed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mixed, 0);
}

TEST(SecretMemory, HoldsWhatTheSettingsHold) {
  Settings settings;
  settings.set("client_secret", "hunter2");
  settings.set("private_key_pem", "-----BEGIN");
  const Settings copy = settings;
  for (const char* name : {"client_secret", "private_key_pem"}) {
    const Secret secret = copy.secret(name);
    EXPECT_TRUE(left_out_of_core(secret.reveal().data())) << name;
  }
}

TEST(SecretMemory, SurvivesAFork) {
  const Secret before("before");
  const pid_t child = ::fork();
  if (child == 0) {
    const Secret after("after"), copy = before;
    ::_exit(copy.reveal() == "before" && after.reveal() == "after" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace libbcda
