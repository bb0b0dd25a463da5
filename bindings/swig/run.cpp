// Runs, and what they would call back: their news is waited for, what their sink is asked stands in line.
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

// Rung on any thread, heard on one.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }

  bool wait(std::int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    wait_up_to(changed_, lock, timeout_ms, [this] { return rung_; });
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = true;  // what came before anybody listened is news
};

struct Question {
  std::string_view what;
  std::int64_t file = 0;
  std::string_view name = {}, type = {}, data = {}, sha256 = {};
  std::int64_t size = 0;
};

// What the library's threads ask of a sink, and wait to be answered.
class Questions {
 public:
  explicit Questions(Bell& bell) : bell_(bell) {}

  // On a library thread: puts the question and waits. False when it was refused.
  bool ask(const Question& question) {
    Waiting waiting{question};
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    line_.push_back(&waiting);
    bell_.ring();
    answered_.wait(lock, [&] { return waiting.answer.has_value(); });
    return *waiting.answer;
  }

  // Takes the next one, of which a copy is left in `taken`: who asked may be gone before it has been read, at exit.
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

  // Refuses everything from now on, what stands in line too.
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

  Bell& bell_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::deque<Waiting*> line_;
  Waiting* asking_ = nullptr;
  bool closed_ = false;
  std::int64_t files_ = 0;
};

// At exit the threads that would answer are stopped, or gone, when the library waits for its own.
class RefusedAtExit {
 public:
  explicit RefusedAtExit(Questions& questions) : questions_(questions) {
    const std::lock_guard lock(living().mutex);
    if (living().process != ::getpid()) living().all.clear();  // the parent's
    living().process = ::getpid();
    living().all.insert(&questions_);
    // Later than the library's own handler, which came with the client: so it runs before that.
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
      // A fork must not find the mutex locked by a thread that the child does not have.
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

struct Run : Counted {
  // `start` is given the sink, or null.
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
      native->set_notify([this] { bell.ring(); });
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
  Bell bell;
  Questions questions{bell};
  std::optional<RefusedAtExit> refused_at_exit;
  std::optional<bcda::Sink> sink;
  std::optional<bcda::Run> native;
};

Run* export_start(const Client& client, const Config& settings, std::int32_t to_sink) {
  return new Run(to_sink, [&](const bcda::Sink* sink) {
    return sink ? client.native.start_export(settings.native, *sink) : client.native.start_export(settings.native);
  });
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
// In a forked child it is left alone: threads that are not there wait in it.
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
std::int32_t run_wait_news(Run& run, std::int64_t timeout_ms) { return run.bell.wait(timeout_ms); }

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
