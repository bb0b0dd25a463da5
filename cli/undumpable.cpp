#include "undumpable.hpp"

#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>

// Not with LeakSanitizer, because it reads the process with ptrace, which this forbids.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BCDA_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(leak_sanitizer) || __has_feature(thread_sanitizer)
#define BCDA_IS_SANITIZED 1
#endif
#endif

namespace cli {

void forbid_core_files() {
#ifndef BCDA_IS_SANITIZED
  // If the kernel refuses one of them, the other is enough. If both fail, the command still works.
  const rlimit none{0, 0};
  [[maybe_unused]] const int limited = ::setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
  [[maybe_unused]] const int marked = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
#endif
}

}  // namespace cli
