// Runs without callbacks: a wake-up replaces the notification, and a queue holds the calls to a sink.
#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

#include "counted.hpp"
#include "flat.hpp"
#include "waiting.hpp"

namespace bcda_flat {
namespace {

// A wake-up signal. Any thread may send it, and one thread waits for it.
class Wakeup {
 public:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  bool wait(std::int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    wait_up_to(changed_, lock, timeout_ms, [this] { return woken_; });
    return std::exchange(woken_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = true;  // true at first, because events may have come before the first wait
};

struct Question {
  std::string_view what;
  std::int64_t file = 0;
  std::string_view name = {}, type = {}, data = {}, sha256 = {};
  std::int64_t size = 0;
};

// The queue of calls to a sink. A thread of the library adds a call and waits for the answer.
class Questions {
 public:
  explicit Questions(Wakeup& wakeup) : wakeup_(wakeup) {}

  // Called on a library thread. Adds a call and waits for the answer. Returns false if the call failed or was refused.
  bool ask(const Question& question) {
    Waiting waiting{question};
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    line_.push_back(&waiting);
    wakeup_.wake();
    answered_.wait(lock, [&] { return waiting.answer.has_value(); });
    return *waiting.answer;
  }

  // Takes the next call and copies its data to `taken`. The copy is needed because at exit the asking thread may
  // continue before the data is read.
  Text next() {
    const std::lock_guard lock(mutex_);
    if (asking_) throw bcda::Error(BCDA_STATE, nullptr);
    if (line_.empty()) return {};
    asking_ = line_.front();
    line_.pop_front();
    const Question& question = asking_->question;
    taken.file = question.file, taken.size = question.size;
    taken.name = question.name, taken.type = question.type, taken.sha256 = question.sha256;
    taken.data = question.data;
    return Text(question.what);
  }

  void answer(bool accepted) {
    const std::lock_guard lock(mutex_);
    if (asking_) asking_->answer = accepted;
    asking_ = nullptr;
    answered_.notify_all();
  }

  // Refuses all pending calls and all calls from now on.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (asking_) line_.push_back(std::exchange(asking_, nullptr));
    for (Waiting* waiting : line_) waiting->answer = false;
    line_.clear();
    answered_.notify_all();
  }

  std::int64_t new_file() {
    const std::lock_guard lock(mutex_);
    return ++files_;
  }

  struct {
    std::int64_t file = 0, size = 0;
    Text name, type, data, sha256;
  } taken;

 private:
  struct Waiting {
    const Question& question;
    std::optional<bool> answer = {};
  };

  Wakeup& wakeup_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::deque<Waiting*> line_;
  Waiting* asking_ = nullptr;
  bool closed_ = false;
  std::int64_t files_ = 0;
};

// Refuses all calls at exit. The library then waits for its own threads, but the threads that would answer are already
// stopped.
class RefusedAtExit {
 public:
  explicit RefusedAtExit(Questions& questions) : questions_(questions) {
    const std::lock_guard lock(living().mutex);
    if (living().process != ::getpid()) living().all.clear();  // entries of the parent process
    living().process = ::getpid();
    living().all.insert(&questions_);
    // Registered after the library's own exit handler, which was registered with the client. So this one runs first.
    static const struct AtExit {
      ~AtExit() {
        const std::lock_guard held(living().mutex);
        if (::getpid() != living().process) return;
        for (Questions* one : living().all) one->close();
      }
    } at_exit;
  }
  ~RefusedAtExit() {
    const std::lock_guard lock(living().mutex);
    living().all.erase(&questions_);
  }
  RefusedAtExit(const RefusedAtExit&) = delete;
  RefusedAtExit& operator=(const RefusedAtExit&) = delete;

 private:
  struct Living {
    std::mutex mutex;
    std::set<Questions*> all;
    pid_t process = 0;
  };
  static Living& living() {
    static Living* const made = [] {
      static Living* const fresh = new Living;
      // The fork handlers hold the mutex. Otherwise another thread could hold it, and in the child it would stay
      // locked.
      pthread_atfork([] { fresh->mutex.lock(); }, [] { fresh->mutex.unlock(); }, [] { fresh->mutex.unlock(); });
      return fresh;
    }();
    return *made;
  }

  Questions& questions_;
};

class AskedFile : public bcda::SinkFile {
 public:
  AskedFile(Questions& questions, const std::string& name, const std::string& type)
      : questions_(questions), number_(questions.new_file()) {
    put({.what = "begin", .file = number_, .name = name, .type = type});
  }
  void write(std::string_view bytes) override { put({.what = "write", .file = number_, .data = bytes}); }
  void commit(std::int64_t size, const std::string& sha256) override {
    put({.what = "commit", .file = number_, .sha256 = sha256, .size = size});
  }
  void abort() override { questions_.ask({.what = "abort", .file = number_}); }

 private:
  void put(const Question& question) {
    if (!questions_.ask(question)) throw std::runtime_error("refused");
  }

  Questions& questions_;
  const std::int64_t number_;
};

}  // namespace

struct Run {
  // `start` receives the sink, or null.
  template <class Start>
  Run(bool to_sink, Start&& start) {
    if (to_sink) {
      refused_at_exit.emplace(questions);
      sink.emplace([this](const std::string& name, const std::string& type) {
        return std::make_unique<AskedFile>(questions, name, type);
      });
    }
    native.emplace(start(sink ? &*sink : nullptr));
    try {
      native->set_notify([this] { wakeup.wake(); });
    } catch (...) {
      questions.close();
      throw;
    }
  }
  ~Run() {
    questions.close();
    native.reset();
  }

  const pid_t process = ::getpid();
  Wakeup wakeup;
  Questions questions{wakeup};
  std::optional<RefusedAtExit> refused_at_exit;
  std::optional<bcda::Sink> sink;
  std::optional<bcda::Run> native;
};

Run* export_start(const Client& client, const Config& settings, std::int32_t to_sink) {
  return new Run(to_sink, [&](const bcda::Sink* sink) {
    return sink ? client.native.start_export(settings.native, *sink) : client.native.start_export(settings.native);
  });
}
Run* sync_start(const Client& client, const Config& settings) {
  return new Run(false, [&](const bcda::Sink*) { return client.native.start_sync(settings.native); });
}
Run* resume_start(const Client& client, const Text& directory, const Config& settings) {
  return new Run(false, [&](const bcda::Sink*) { return client.native.start_resume(directory, settings.native); });
}
Run* manifest_start(const Client& client, const Config& settings) {
  return new Run(false, [&](const bcda::Sink*) { return client.native.start_manifest(settings.native); });
}
Run* fetch_start(const Client& client, const Config& settings, const Text& manifest, const Text& file,
                 std::int32_t to_sink) {
  return new Run(to_sink, [&](const bcda::Sink* sink) {
    return sink ? client.native.start_fetch(manifest, settings.native, file, *sink)
                : client.native.start_fetch(manifest, settings.native, file);
  });
}
Run* metadata_start(const Client& client) {
  return new Run(false, [&](const bcda::Sink*) { return client.native.start_metadata(); });
}
Run* inquiry_start(const Client& client, std::int32_t kind, const Text& argument) {
  return new Run(false, [&](const bcda::Sink*) {
    return client.native.start_inquiry(static_cast<bcda::RunKind>(kind), argument);
  });
}
// Does nothing in a forked child, because the threads of the run do not exist there.
void run_destroy(Run* run) {
  if (run && run->process == ::getpid()) delete run;
}

Text run_kind(const Run& run) { return Text(run.native->kind_name()); }
std::int32_t run_next_event(Run& run, Event& event, std::int64_t timeout_ms) {
  return run.native->next_event(event.native, bcda::Milliseconds(timeout_ms));
}
std::int32_t run_wait(Run& run, std::int64_t timeout_ms) { return run.native->wait(bcda::Milliseconds(timeout_ms)); }
void run_cancel(Run& run) { run.native->cancel(); }
Result* run_result(Run& run) { return new Result(run.native->result()); }
std::int32_t run_wait_wakeup(Run& run, std::int64_t timeout_ms) { return run.wakeup.wait(timeout_ms); }

Text sink_next(Run& run) { return run.questions.next(); }
std::int64_t sink_file(const Run& run) { return run.questions.taken.file; }
Text sink_name(const Run& run) { return run.questions.taken.name; }
Text sink_type(const Run& run) { return run.questions.taken.type; }
Bytes sink_data(const Run& run) {
  const Text& data = run.questions.taken.data;
  return {data.data(), static_cast<std::int64_t>(data.size())};
}
std::int64_t sink_size(const Run& run) { return run.questions.taken.size; }
Text sink_sha256(const Run& run) { return run.questions.taken.sha256; }
void sink_answer(Run& run, std::int32_t accepted) { run.questions.answer(accepted); }

}  // namespace bcda_flat
