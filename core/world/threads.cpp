#include "world/threads.hpp"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <unistd.h>

#include <exception>
#include <mutex>
#include <set>
#include <thread>

namespace libbcda::world {
namespace {

struct Registered {
  std::mutex mutex;
  std::set<const StopAtExit*> all;
  pid_t process = 0;  // the process that registered the entries

  void stop_all() {
    const std::lock_guard lock(mutex);
    if (::getpid() != process) return;
    for (const StopAtExit* one : all) (*one)();
  }
};

Registered& registered() {
  static Registered* const made = [] {
    static Registered* const fresh = new Registered;       // leaked, so that it outlives static objects with threads
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);  // otherwise its exit handler could run before ours
    // The fork handlers hold the mutex. Otherwise another thread could hold it, and in the child it would stay locked.
    pthread_atfork([] { fresh->mutex.lock(); }, [] { fresh->mutex.unlock(); }, [] { fresh->mutex.unlock(); });
    return fresh;
  }();
  static const struct AtExit {
    ~AtExit() { made->stop_all(); }
  } at_exit;
  return *made;
}

}  // namespace

SignalsBlocked::SignalsBlocked() {
  sigset_t all;
  sigfillset(&all);
  for (int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, crash);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void name_this_thread([[maybe_unused]] const std::string& name) noexcept {
#ifdef __linux__
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());  // a failure only loses the name
#endif
}

void keep_library_loaded() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<void*>(&keep_library_loaded), &here) == 0 || !here.dli_fname) return;
  static_cast<void>(dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));  // null: the program itself
}

Error thread_error(const std::exception& cause) {
  return {Status::INTERNAL,
          std::string("cannot start a thread: ") + cause.what() +
              "; raise the limit on processes and threads (ulimit -u, or the container's limit), or lower the "
              "setting threads"};
}

StopAtExit::StopAtExit(std::function<void()> stop) : stop_(std::move(stop)) {
  const std::lock_guard lock(registered().mutex);
  if (registered().process != ::getpid()) registered().all.clear();  // entries of the parent process
  registered().process = ::getpid();
  registered().all.insert(this);
}

StopAtExit::~StopAtExit() {
  const std::lock_guard lock(registered().mutex);
  registered().all.erase(this);
}

}  // namespace libbcda::world
