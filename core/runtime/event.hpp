// The events of a run, and the queue from which its owner reads them.
#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/error.hpp"
#include "base/time.hpp"
#include "runtime/file_list.hpp"
#include "world/readiness.hpp"

namespace libbcda::runtime {

enum class EventKind { state, job, poll, manifest, progress, file, retry, warning, finished };
const char* event_kind_name(EventKind kind);

// Numbers that do not apply are -1.
struct Event {
  EventKind kind = EventKind::state;
  std::string text, type, file, url;
  Status status = Status::OK;
  double percent = -1;
  std::int64_t bytes_done = -1, bytes_total = -1, files_done = -1, files_total = -1, wait_ms = -1;

  std::string json() const;  // one line of JSON, valid UTF-8 whatever bytes the texts have
};

// Events in order, and the end of the run. It outlives the run, because any thread may report the end.
// Thread-safe. Never blocks the writer: a progress or poll event replaces an older one that is still unread.
class Mailbox {
 public:
  void push(Event event);
  // An event of the kind `file`. It is made when it is read, because hundreds of thousands may wait.
  void push(std::shared_ptr<const StoredFile> file);
  // What is pushed afterward is dropped, and a further end too.
  void finish(Event last, std::optional<Error> failure);

  enum class Got { event, nothing_yet, end };
  // `timeout` negative: without limit.
  Got next(Milliseconds timeout, Event& out);
  bool wait_finished(Milliseconds timeout);  // false: still running
  bool finished() const;
  std::optional<Error> failure() const;  // once finished

  // Called after each event, on the thread that brought it. Returns once no old callback is running.
  void set_notify(std::function<void()> notify);

  // A descriptor that is readable while an event waits or the run has ended. The mailbox owns it. Throws
  // Error{INTERNAL} if none is left.
  int descriptor();

 private:
  using Waiting = std::variant<std::unique_ptr<Event>, std::shared_ptr<const StoredFile>>;
  static Event event_of(Waiting& waiting);
  void notify_reader();
  void rest(std::unique_lock<std::mutex>& lock, Steady limit);
  void note_file();

  mutable std::mutex mutex_;
  std::condition_variable added_, ended_;  // one event more; the end of the run
  std::list<Waiting> events_;
  std::map<std::pair<EventKind, std::string>, std::list<Waiting>::iterator>
      replaceable_;  // by kind and type, still unread
  bool finished_ = false;
  Steady burst_began_{};
  int burst_ = 0;  // events of files that were read since then
  std::optional<Error> failure_;
  world::Readiness readiness_;
  std::mutex notify_mutex_;
  std::function<void()> notify_;
};

}  // namespace libbcda::runtime
