// A decryption on a thread of its own. A language can wait for it, read its progress and cancel it without callbacks
// from C.
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "counted.hpp"
#include "flat.hpp"
#include "waiting.hpp"

namespace bcda_flat {
namespace {

// Starts a thread with all signals blocked, because signals belong to the program.
template <class Work>
std::thread without_signals(Work&& work) {
  sigset_t all, before;
  sigfillset(&all);
  for (int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, crash);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const std::shared_ptr<void> restored(nullptr, [&](void*) { pthread_sigmask(SIG_SETMASK, &before, nullptr); });
  return std::thread(std::forward<Work>(work));
}

}  // namespace

struct Decryption : Counted {
  Decryption(std::shared_ptr<bcda::Config> config, bcda::Decryption order)
      : settings(std::move(config)), what(std::move(order)) {
    what.progress = [this](std::int64_t now, std::int64_t of) { return report(now, of); };
    thread = without_signals([this] { run(); });
  }
  ~Decryption() {
    cancel();
    thread.join();
  }

  void cancel() {
    const std::lock_guard lock(mutex);
    canceled = true;
  }

  // Called between chunks, on `thread`. Returning false stops the decryption.
  bool report(std::int64_t now, std::int64_t of) {
    const std::lock_guard lock(mutex);
    done = now, total = of;
    changed.notify_all();
    return !canceled;
  }

  void run() {
    std::optional<bcda::Result> made;
    std::exception_ptr thrown;
    try {
      made = bcda::decrypt_file(*settings, what);
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    result = std::move(made), failure = thrown, ended = true;
    changed.notify_all();
  }

  const std::shared_ptr<bcda::Config> settings;
  bcda::Decryption what;

  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t done = 0, total = -1;
  bool canceled = false, ended = false;
  std::optional<bcda::Result> result;
  std::exception_ptr failure;

  std::thread thread;
};

Decryption* decryption_start(const Config& settings, const Text& path, const Text& label, const Text& key_hex,
                             const Text& manifest, const Text& output) {
  return new Decryption(
      settings.shared,
      {.path = path, .output = output, .key = key_hex, .manifest = manifest, .label = label, .progress = {}});
}
void decryption_destroy(Decryption* decryption) { delete decryption; }

std::int32_t decryption_wait(Decryption& decryption, std::int64_t done, std::int64_t timeout_ms) {
  std::unique_lock lock(decryption.mutex);
  wait_up_to(decryption.changed, lock, timeout_ms, [&] { return decryption.ended || decryption.done > done; });
  return decryption.ended;
}
std::int64_t decryption_done(Decryption& decryption) {
  const std::lock_guard lock(decryption.mutex);
  return decryption.done;
}
std::int64_t decryption_total(Decryption& decryption) {
  const std::lock_guard lock(decryption.mutex);
  return decryption.total;
}
void decryption_cancel(Decryption& decryption) { decryption.cancel(); }

Result* decryption_result(Decryption& decryption) {
  const std::lock_guard lock(decryption.mutex);
  if (!decryption.ended || (!decryption.result && !decryption.failure)) {
    throw bcda::Error(BCDA_STATE, nullptr);
  }
  if (decryption.failure) std::rethrow_exception(decryption.failure);
  Result* const made = new Result(std::move(*decryption.result));
  decryption.result.reset();
  return made;
}

}  // namespace bcda_flat
