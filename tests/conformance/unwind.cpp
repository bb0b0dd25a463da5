// Exceptions and pthread_exit in a callback. Both unwind through stack frames of the library, whose C++ library and
// unwinder may be others than this program's. usage: unwind DIRECTORY, which is empty
#include <bcda/bcda.h>
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

const std::string kName = "Patient.ndjson";
const std::string kRecord = "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n";
const std::string kManifest =
    "{\"transactionTime\":\"2026-01-01T00:00:00Z\",\"request\":\"https://example.org/\",\"requiresAccessToken\":false,"
    "\"output\":[{\"type\":\"Patient\",\"url\":\"https://example.org/data/Patient.ndjson\"}],\"error\":[]}";
std::string directory;

void check(bool is_true, const std::string& what) {
  if (is_true) return;
  std::fprintf(stderr, "unwind: %s\n", what.c_str());
  std::exit(1);
}

int32_t throws(void*, int64_t, int64_t) { throw std::runtime_error("thrown by a callback"); }

// Returns in another way than by the end of the function, so the thread's stack is unwound.
int32_t ends_the_thread(void* value, int64_t, int64_t) { pthread_exit(value); }

int32_t throws_for_a_value(void*, char*, int32_t) { throw std::runtime_error("thrown by a provider"); }

bcda_config* new_config() {
  bcda_config* config = nullptr;
  check(bcda_config_create(&config, nullptr) == BCDA_OK, "a configuration");
  check(bcda_config_set(config, "allow_plaintext", "true", nullptr) == BCDA_OK, "allow_plaintext");
  return config;
}

bcda_status decrypt(bcda_progress progress, void* user) {
  bcda_config* config = new_config();
  struct Destroyed {  // an unwound frame of this program runs its destructors too
    bcda_config* config;
    ~Destroyed() { bcda_config_destroy(config); }
  } destroyed{config};
  const std::string input = directory + "/" + kName, output = directory + "/out/";
  return bcda_decrypt_file(config, input.c_str(), nullptr, nullptr, kManifest.c_str(), output.c_str(), progress, user,
                           nullptr, nullptr);
}

void* thread_that_ends(void* value) {
  decrypt(ends_the_thread, value);
  return nullptr;
}

std::string left_over() {
  std::string names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory + "/out"))
    names += " " + entry.path().string();
  return names;
}

// The exception passes through a library with another C++ runtime. It is caught here by its type.
template <class Call>
bool fails_or_throws(const Call& call) {
  try {
    return call() == BCDA_INTERNAL;
  } catch (const std::runtime_error&) {
    return true;
  }
}

void test_exception() {
  check(fails_or_throws([] { return decrypt(throws, nullptr); }), "an exception in a callback gave no error");
  check(left_over().empty(), "after an exception, there is still" + left_over());
}

void test_exception_of_a_provider() {
  bcda_config* config = new_config();
  check(bcda_config_set_provider(config, "client_id", throws_for_a_value, nullptr, nullptr) == BCDA_OK, "a provider");
  bcda_client* client = nullptr;
  check(fails_or_throws([&] { return bcda_client_create(config, &client, nullptr); }),
        "an exception in a provider gave no error");
  bcda_config_destroy(config);
}

void test_thread_exit() {
  pthread_t thread;
  int value = 0;
  void* returned = nullptr;
  check(pthread_create(&thread, nullptr, thread_that_ends, &value) == 0, "a thread");
  check(pthread_join(thread, &returned) == 0 && returned == &value, "pthread_exit lost its value");
  check(left_over().empty(), "after pthread_exit, there is still" + left_over());
}

}  // namespace

int main(int argc, char** argv) {
  check(argc == 2, "unwind DIRECTORY");
  directory = argv[1];
  std::filesystem::create_directories(directory + "/out");
  std::ofstream(directory + "/" + kName) << kRecord;
  test_exception();
  test_exception_of_a_provider();
#ifdef __GLIBC__  // musl's pthread_exit does not unwind
  test_thread_exit();
#endif
  check(bcda_live_handles() == 0, "the library still has handles");
  check(decrypt(nullptr, nullptr) == BCDA_OK, "the directory cannot be used afterwards");
  std::puts("unwind: passed");
}
