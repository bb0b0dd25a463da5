// bcda.hpp -- libbcda for C++17: owners, exceptions and iteration over the C interface, nothing else.
//
// Every class here is a thin owner of one handle of bcda.h, whose comments say what the calls do, which threads may
// make them and what goes wrong. All owners move and do not copy; a moved-from owner may only be destroyed or assigned
// to. Calls that fail throw bcda::Error; a text with a NUL in it throws std::invalid_argument. The first call that
// makes a handle checks that the library fits this header. Link with -lbcda.
//
//   bcda::Config config{{"url", "https://api.bcda.cms.gov"}, {"out", "claims"}};
//   config.load_env();
//   bcda::Client client(config);
//   bcda::Run run = client.start_export();
//   for (const bcda::Event& event : run.events()) std::cerr << event.json() << '\n';
//   for (bcda::File file : run.result()) std::cout << file.path() << '\n';
#ifndef BCDA_BCDA_HPP
#define BCDA_BCDA_HPP

#include <bcda/bcda.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bcda {

using Status = bcda_status;         // BCDA_OK, BCDA_AUTHENTICATION, ...
using EventKind = bcda_event_kind;  // BCDA_EVENT_STATE, ...
using RunKind = bcda_run_kind;      // BCDA_RUN_EXPORT, ...
using SettingType = bcda_setting_type;
using SettingScope = bcda_setting_scope;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds forever{-1};  // a timeout without limit

// ---- Status codes and version ---------------------------------------------------------------------------------------

inline std::string_view status_name(Status status) { return bcda_status_name(status); }
inline std::string_view status_description(Status status) { return bcda_status_description(status); }
inline int exit_code(Status status) { return bcda_status_exit_code(status); }

// All codes there are, in order of their numbers.
inline std::vector<Status> statuses() {
  std::vector<Status> all;
  for (std::int32_t i = 0; i < bcda_status_count(); ++i) all.push_back(bcda_status_at(i));
  return all;
}

inline std::string_view version() { return bcda_version(); }                  // "0.2.0"
inline std::int32_t version_number() { return bcda_version_number(); }        // the library's BCDA_VERSION_NUMBER
inline std::string_view version_details() { return bcda_version_details(); }  // of Boost, OpenSSL, zlib, ...
inline std::int64_t live_handles() { return bcda_live_handles(); }            // that were not destroyed; for tests

// ---- Errors ---------------------------------------------------------------------------------------------------------

// What every failing call throws. what() names the thing and the remedy, and never holds a secret.
class Error : public std::runtime_error {
 public:
  // Takes over `error`, which may be null: then all that is known is the code.
  Error(Status status, bcda_error* error)
      : Error(status, std::unique_ptr<bcda_error, void (*)(bcda_error*)>(error, bcda_error_destroy)) {}

  Status status() const noexcept { return status_; }
  int http_status() const noexcept { return http_status_; }           // 0: no HTTP answer was involved
  const std::string& outcome() const noexcept { return outcome_; }    // the server's words; may name beneficiaries
  const std::string& file() const noexcept { return file_; }          // local path or server file name concerned
  bool retriable() const noexcept { return retriable_; }              // the same call may succeed later
  Milliseconds retry_after() const noexcept { return retry_after_; }  // -1: the server did not say

 private:
  Error(Status status, std::unique_ptr<bcda_error, void (*)(bcda_error*)> error)
      : std::runtime_error(error ? bcda_error_message(error.get()) : bcda_status_description(status)), status_(status) {
    if (!error) return;
    http_status_ = bcda_error_http_status(error.get());
    outcome_ = bcda_error_outcome(error.get());
    file_ = bcda_error_file(error.get());
    retriable_ = bcda_error_retriable(error.get()) != 0;
    retry_after_ = Milliseconds(bcda_error_retry_after_ms(error.get()));
  }

  Status status_;
  int http_status_ = 0;
  std::string outcome_, file_;
  bool retriable_ = false;
  Milliseconds retry_after_{-1};
};

namespace detail {

template <class T, void (*Destroy)(T*)>
struct Deleter {
  void operator()(T* handle) const noexcept { Destroy(handle); }
};
template <class T, void (*Destroy)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Destroy>>;

// Runs `call(&error)` and throws what it reports. Returns BCDA_OK, BCDA_AGAIN or BCDA_END.
template <class Call>
Status check(Call&& call) {
  bcda_error* error = nullptr;
  const Status status = call(&error);
  if (status != BCDA_OK && status != BCDA_AGAIN && status != BCDA_END) throw Error(status, error);
  return status;
}

// Throws unless the library fits this header; looks once.
inline void check_version() {
  static const Status checked =
      check([](bcda_error** error) { return bcda_version_check(BCDA_VERSION_NUMBER, error); });
  static_cast<void>(checked);
}

// A handle made by `call(&handle, &error)`.
template <class Owner, class Call>
Owner make(Call&& call) {
  check_version();
  typename Owner::pointer handle = nullptr;
  check([&](bcda_error** error) { return call(&handle, error); });
  return Owner(handle);
}

// A copy of a string the library gave us; the library's own is wiped and freed.
inline std::string take_string(char* text) {
  const std::unique_ptr<char, void (*)(char*)> owned(text, bcda_string_free);
  return owned ? std::string(owned.get()) : std::string();
}

// For a C function, which would take the text for ended at a NUL.
inline const char* c_str(const std::string& text) {
  if (text.find('\0') != std::string::npos) throw std::invalid_argument("bcda: an argument holds a NUL character");
  return text.c_str();
}

inline const char* or_null(const std::string& text) { return text.empty() ? nullptr : c_str(text); }

inline std::vector<const char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(c_str(text));
  return pointers;
}

}  // namespace detail

// ---- The table of settings ------------------------------------------------------------------------------------------

// One row of the table; a view of static data, to be copied at will.
class Setting {
 public:
  explicit Setting(const bcda_setting* row) : row_(row) {}

  std::string_view name() const { return bcda_setting_name(row_); }  // "client_id"
  SettingType type() const { return bcda_setting_get_type(row_); }
  std::string_view type_name() const { return bcda_setting_type_name(row_); }    // "duration"
  std::string_view default_value() const { return bcda_setting_default(row_); }  // "" when there is none
  std::string_view choices() const { return bcda_setting_choices(row_); }        // "power,process"
  std::string_view env() const { return bcda_setting_env(row_); }                // "BCDA_CLIENT_ID"
  std::string_view help() const { return bcda_setting_help(row_); }              // one sentence
  SettingScope scope() const { return bcda_setting_get_scope(row_); }
  bool secret() const { return bcda_setting_secret(row_) != 0; }            // never given back, logged or echoed
  bool of_request() const { return bcda_setting_of_request(row_) != 0; }    // says what a job is asked for, or whom
  bool for_opening() const { return bcda_setting_for_opening(row_) != 0; }  // is used to open partitions

 private:
  const bcda_setting* row_;
};

inline std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (std::int32_t i = 0; i < bcda_setting_count(); ++i) all.emplace_back(bcda_setting_at(i));
  return all;
}

// ---- The table of profiles ------------------------------------------------------------------------------------------

// What is known about each kind of server: a JSON array, whose objects docs/servers.md explains.
inline std::string_view profiles() { return bcda_profiles(); }

// ---- Configuration --------------------------------------------------------------------------------------------------

// Named values, checked as they are set. May go, or change, once a client or an export has been made from it.
class Config {
 public:
  using Pair = std::pair<std::string, std::string>;
  using Provider = std::function<std::string()>;

  Config() : handle_(detail::make<Handle>(bcda_config_create)) {}
  Config(std::initializer_list<Pair> values) : Config() {
    for (const Pair& pair : values) set(pair.first, pair.second);
  }

  Config& set(const std::string& name, const char* value) {  // nullptr restores the default
    detail::check([&](bcda_error** error) { return bcda_config_set(get(), detail::c_str(name), value, error); });
    return *this;
  }
  Config& set(const std::string& name, const std::string& value) { return set(name, detail::c_str(value)); }
  Config& set(const std::string& name, Milliseconds value) { return set(name, std::to_string(value.count()) + "ms"); }
  template <class Number, class = std::enable_if_t<std::is_integral_v<Number>>>
  Config& set(const std::string& name, Number value) {
    if constexpr (std::is_same_v<Number, bool>) return set(name, value ? "true" : "false");
    return set(name, std::to_string(value));
  }

  // Appends an item, which may hold a comma, to what a list was set to; the first one replaces the default.
  Config& add(const std::string& name, const std::string& item) {
    detail::check(
        [&](bcda_error** error) { return bcda_config_add(get(), detail::c_str(name), detail::c_str(item), error); });
    return *this;
  }

  // The value in force. A secret gives "" or "(set)".
  std::string value(const std::string& name) const {
    char* text = nullptr;
    detail::check([&](bcda_error** error) { return bcda_config_get(get(), detail::c_str(name), &text, error); });
    return detail::take_string(text);
  }

  // These only set what was not set before: so the order of the calls is the order of precedence.
  Config& load_env() {
    detail::check([&](bcda_error** error) { return bcda_config_load_env(get(), error); });
    return *this;
  }
  Config& load_file(const std::string& path) {
    detail::check([&](bcda_error** error) { return bcda_config_load_file(get(), detail::c_str(path), error); });
    return *this;
  }

  Config& load_json(const std::string& text) {  // as a file, of its text
    detail::check([&](bcda_error** error) { return bcda_config_load_json(get(), detail::c_str(text), error); });
    return *this;
  }

  // `provider` is asked each time a client is made from this object; it may throw to fail that.
  Config& set_provider(const std::string& name, Provider provider) {
    auto kept = std::make_unique<Provider>(std::move(provider));
    Provider* const user = kept.get();
    providers_.push_back(std::move(kept));
    detail::check([&](bcda_error** error) {
      return bcda_config_set_provider(get(), detail::c_str(name), call_provider, user, error);
    });
    return *this;
  }

  bcda_config* get() const noexcept { return handle_.get(); }

 private:
  using Handle = detail::Handle<bcda_config, bcda_config_destroy>;

  static std::int32_t call_provider(void* user, char* buffer, std::int32_t capacity) noexcept {
    try {
      const std::string text = (*static_cast<Provider*>(user))();
      if (text.size() > static_cast<std::size_t>(capacity)) return -1;
      std::memcpy(buffer, text.data(), text.size());
      return static_cast<std::int32_t>(text.size());
    } catch (...) {
      return -1;
    }
  }

  std::vector<std::unique_ptr<Provider>> providers_;  // addresses that the handle holds
  Handle handle_;
};

// ---- Sinks ----------------------------------------------------------------------------------------------------------

// One file on its way to somewhere else than a directory. Called on library threads, one call at a time for a file.
// What `write` got is UNVERIFIED until `commit`. Exceptions fail the file with BCDA_SINK. Destroyed after commit or
// abort.
class SinkFile {
 public:
  virtual ~SinkFile() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void commit(std::int64_t size, const std::string& sha256) = 0;
  virtual void abort() = 0;
};

// Makes a SinkFile for each file of an export. Must outlive the exports that use it.
class Sink {
 public:
  // Called on library threads, for several files at once: thread-safe, please. `name` is what the file would be called
  // in a directory, `type` its resource type.
  using Begin = std::function<std::unique_ptr<SinkFile>(const std::string& name, const std::string& type)>;

  explicit Sink(Begin begin) : state_(new State{std::move(begin), {}, {}}) {
    handle_ = detail::make<Handle>([this](bcda_sink** sink, bcda_error** error) {
      return bcda_sink_create(call_begin, call_write, call_commit, call_abort, state_.get(), sink, error);
    });
  }

  // The first exception by which `begin`, `write` or `commit` failed a file, or null. Thread-safe.
  std::exception_ptr failure() const {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    return state_->failure;
  }

  bcda_sink* get() const noexcept { return handle_.get(); }

 private:
  struct State {
    Begin begin;
    std::mutex mutex;
    std::exception_ptr failure;
  };
  using Handle = detail::Handle<bcda_sink, bcda_sink_destroy>;

  template <class Call>
  static std::int32_t guard(void* user, Call&& call) noexcept {
    try {
      call();
      return 0;
    } catch (...) {
      State* const state = static_cast<State*>(user);
      const std::lock_guard<std::mutex> lock(state->mutex);
      if (!state->failure) state->failure = std::current_exception();
      return 1;
    }
  }
  static std::int32_t call_begin(void* user, const char* name, const char* type, void** file) noexcept {
    return guard(user, [&] {
      std::unique_ptr<SinkFile> made = static_cast<State*>(user)->begin(name, type);
      if (!made) throw std::logic_error("the sink made no file");
      *file = made.release();
    });
  }
  static std::int32_t call_write(void* user, void* file, const void* data, std::size_t size) noexcept {
    return guard(user, [&] { static_cast<SinkFile*>(file)->write({static_cast<const char*>(data), size}); });
  }
  static std::int32_t call_commit(void* user, void* file, std::int64_t size, const char* sha256) noexcept {
    return guard(user, [&] {
      static_cast<SinkFile*>(file)->commit(size, sha256);
      delete static_cast<SinkFile*>(file);  // not when it threw: then `abort` follows
    });
  }
  static void call_abort(void*, void* file) noexcept {
    const std::unique_ptr<SinkFile> owned(static_cast<SinkFile*>(file));
    try {
      if (owned) owned->abort();
    } catch (...) {}  // the file had failed before
  }

  std::unique_ptr<State> state_;  // an address that the handle holds
  Handle handle_;
};

// ---- Results --------------------------------------------------------------------------------------------------------

// One file of a Result: a view that lives as long as the result.
class File {
 public:
  explicit File(const bcda_file* file) : file_(file) {}

  std::string type() const { return bcda_file_type(file_); }  // "Patient"
  std::string url() const { return bcda_file_url(file_); }
  std::string path() const { return bcda_file_path(file_); }          // its name when a sink was used
  std::int64_t bytes() const { return bcda_file_bytes(file_); }       // of plaintext
  std::int64_t records() const { return bcda_file_records(file_); }   // lines that are not blank
  std::string sha256() const { return bcda_file_sha256(file_); }      // of the plaintext, hex
  bool decrypted() const { return bcda_file_decrypted(file_) != 0; }  // false: it came plain
  bool is_error() const { return bcda_file_is_error(file_) != 0; }    // from the manifest's `error`
  std::string kind() const { return bcda_file_kind(file_); }          // "data", "error", "deleted"
  std::string proof() const { return bcda_file_proof(file_); }        // "none", "length", "gzip", "sha256", "gcm"

 private:
  const bcda_file* file_;
};

// One issue of the error files, as often as it was there; of a Result, and valid as long as it.
class Issue {
 public:
  explicit Issue(const bcda_issue* issue) : issue_(issue) {}

  std::string severity() const { return bcda_issue_severity(issue_); }  // "error"
  std::string code() const { return bcda_issue_code(issue_); }
  std::string text() const { return bcda_issue_text(issue_); }  // it may name beneficiaries
  std::string file() const { return bcda_issue_file(issue_); }  // the path of its error file
  std::int64_t count() const { return bcda_issue_count(issue_); }

 private:
  const bcda_issue* issue_;
};

// What a run produced; a range of File.
class Result {
 public:
  explicit Result(bcda_result* taken) : handle_(taken) {}

  // Of an export that finished earlier into `directory`; or, where its receipt is kept elsewhere, of that JSON text.
  static Result open(const std::string& directory) { return open_at(directory, nullptr); }
  static Result open(const std::string& directory, const std::string& receipt) {
    return open_at(directory, detail::c_str(receipt));
  }

  std::int32_t size() const { return bcda_result_file_count(get()); }
  bool empty() const { return size() == 0; }
  File operator[](std::int32_t index) const {
    const bcda_file* const file = bcda_result_file(get(), index);
    if (!file) throw std::out_of_range("bcda::Result: no file " + std::to_string(index));
    return File(file);
  }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = File;
    using difference_type = std::int32_t;
    using pointer = void;
    using reference = File;

    iterator(const Result* result, std::int32_t index) : result_(result), index_(index) {}
    File operator*() const { return (*result_)[index_]; }
    iterator& operator++() { return ++index_, *this; }
    iterator operator++(int) { return iterator(result_, index_++); }
    bool operator==(const iterator& other) const { return index_ == other.index_; }
    bool operator!=(const iterator& other) const { return index_ != other.index_; }

   private:
    const Result* result_;
    std::int32_t index_;
  };
  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, size()}; }

  std::int32_t error_files() const { return bcda_result_error_file_count(get()); }  // those that are OperationOutcomes
  bool partial() const { return bcda_result_partial(get()) != 0; }  // an error file says that resources are missing
  std::int32_t issue_count() const { return bcda_result_issue_count(get()); }
  Issue issue(std::int32_t index) const {
    const bcda_issue* const issue = bcda_result_issue(get(), index);
    if (!issue) throw std::out_of_range("bcda::Result: no issue " + std::to_string(index));
    return Issue(issue);
  }
  std::string types() const { return bcda_result_types(get()); }  // asked for: "Patient,Coverage"; "" when unknown
  std::string transaction_time() const { return bcda_result_transaction_time(get()); }
  Milliseconds elapsed() const { return Milliseconds(bcda_result_elapsed_ms(get())); }
  std::string directory() const { return bcda_result_directory(get()); }  // of the files; "": none
  std::string deleted() const {  // what the files of the kind "deleted" name: a JSON array
    char* json = nullptr;
    detail::check([&](bcda_error** error) { return bcda_result_deleted(get(), &json, error); });
    return detail::take_string(json);
  }
  std::string json() const { return bcda_result_json(get()); }          // the receipt
  std::string manifest() const { return bcda_result_manifest(get()); }  // one JSON line each
  std::string metadata() const { return bcda_result_metadata(get()); }  // of start_metadata: JSON

  std::string answer() const { return bcda_result_answer(get()); }  // of start_inquiry or start_metadata: JSON

  bcda_result* get() const noexcept { return handle_.get(); }

 private:
  using Handle = detail::Handle<bcda_result, bcda_result_destroy>;

  static Result open_at(const std::string& directory, const char* receipt) {
    return Result(detail::make<Handle>([&](bcda_result** result, bcda_error** error) {
                    return bcda_result_open(detail::c_str(directory), receipt, result, error);
                  }).release());
  }

  Handle handle_;
};

// ---- Events ---------------------------------------------------------------------------------------------------------

// One step of a run. Which of these mean something depends on kind(): see bcda_event_kind. Otherwise "" or -1.
class Event {
 public:
  Event() = default;  // empty: to be filled by Run::next_event
  explicit Event(bcda_event* taken) : handle_(taken) {}

  EventKind kind() const { return bcda_event_get_kind(get()); }
  std::string_view kind_name() const { return bcda_event_kind_name(get()); }
  std::string text() const { return bcda_event_text(get()); }
  std::string type() const { return bcda_event_type(get()); }  // resource type
  std::string file() const { return bcda_event_file(get()); }
  std::string url() const { return bcda_event_url(get()); }
  Status status() const { return bcda_event_status(get()); }
  double percent() const { return bcda_event_percent(get()); }
  std::int64_t bytes_done() const { return bcda_event_bytes_done(get()); }
  std::int64_t bytes_total() const { return bcda_event_bytes_total(get()); }
  std::int64_t files_done() const { return bcda_event_files_done(get()); }
  std::int64_t files_total() const { return bcda_event_files_total(get()); }
  Milliseconds wait() const { return Milliseconds(bcda_event_wait_ms(get())); }  // until the next try
  std::string json() const { return bcda_event_json(get()); }                    // all of it as one line

  bcda_event* get() const noexcept { return handle_.get(); }

 private:
  detail::Handle<bcda_event, bcda_event_destroy> handle_;
};

// ---- Runs -----------------------------------------------------------------------------------------------------------

// One run in the background. Its destructor cancels it and waits until it has let go of files and callbacks.
class Run {
 public:
  explicit Run(bcda_run* taken) : handle_(taken) {}
  Run(Run&& other) noexcept = default;
  Run& operator=(Run&& other) noexcept {
    handle_ = std::move(other.handle_);  // first: ends the old run, which may call the old notify_
    notify_ = std::move(other.notify_);
    return *this;
  }

  RunKind kind() const { return bcda_run_get_kind(get()); }
  std::string_view kind_name() const { return bcda_run_kind_name(get()); }  // "export"

  // Fills `event` and returns BCDA_OK; or BCDA_AGAIN: none within the time; or BCDA_END: there will be none.
  // Thread-safe.
  Status next_event(Event& event, Milliseconds timeout = forever) {
    bcda_event* next = nullptr;
    const Status status =
        detail::check([&](bcda_error** error) { return bcda_run_next_event(get(), timeout.count(), &next, error); });
    if (status == BCDA_OK) event = Event(next);
    return status;
  }

  // All events until the end, for `for`: waits for each.
  class Events;
  Events events();

  // `notify` runs on a library thread whenever an event has come: it may only signal, and not throw. Empty ends it.
  void set_notify(std::function<void()> notify) {
    detail::check([&](bcda_error** error) { return bcda_run_notify(get(), nullptr, nullptr, error); });
    notify_.reset();
    if (!notify) return;
    notify_ = std::make_unique<std::function<void()>>(std::move(notify));
    detail::check([&](bcda_error** error) { return bcda_run_notify(get(), call_notify, notify_.get(), error); });
  }

  // A descriptor, of the run, for poll or an event loop: readable while an event waits, and from the run's end on.
  // Poll it, and never read it.
  int fd() {
    std::int32_t fd = -1;
    detail::check([&](bcda_error** error) { return bcda_run_fd(get(), &fd, error); });
    return fd;
  }

  // True: it succeeded. False: still running after `timeout`. Throws how it failed. Thread-safe.
  bool wait(Milliseconds timeout = forever) {
    return detail::check([&](bcda_error** error) { return bcda_run_wait(get(), timeout.count(), error); }) == BCDA_OK;
  }

  void cancel() noexcept { bcda_run_cancel(get()); }  // thread-safe

  // What it produced: after success, or the verified files after a failure. BCDA_STATE while it runs.
  Result result() {
    return Result(
        detail::make<detail::Handle<bcda_result, bcda_result_destroy>>([&](bcda_result** result, bcda_error** error) {
          return bcda_run_result(get(), result, error);
        }).release());
  }

  bcda_run* get() const noexcept { return handle_.get(); }

 private:
  static void call_notify(void* user) noexcept { (*static_cast<std::function<void()>*>(user))(); }

  std::unique_ptr<std::function<void()>> notify_;  // an address that the handle holds, so destroyed after it
  detail::Handle<bcda_run, bcda_run_destroy> handle_;
};

class Run::Events {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    explicit iterator(Run* run) : run_(run) { ++*this; }
    const Event& operator*() const { return event_; }
    const Event* operator->() const { return &event_; }
    iterator& operator++() {
      if (run_ && run_->next_event(event_) != BCDA_OK) run_ = nullptr;
      return *this;
    }
    bool operator==(const iterator& other) const { return run_ == other.run_; }
    bool operator!=(const iterator& other) const { return run_ != other.run_; }

   private:
    Run* run_;  // null: at the end
    Event event_;
  };

  explicit Events(Run* run) : run_(run) {}
  iterator begin() const { return iterator(run_); }
  iterator end() const { return iterator(nullptr); }

 private:
  Run* run_;
};

inline Run::Events Run::events() { return Events(this); }

// Where the export in a directory stands, as JSON: see bcda_directory_status. Nothing is sent.
inline std::string directory_status(const std::string& directory) {
  char* json = nullptr;
  detail::check([&](bcda_error** error) { return bcda_directory_status(directory.c_str(), &json, error); });
  return detail::take_string(json);
}

// ---- Client ---------------------------------------------------------------------------------------------------------

// A service, credentials, a key, connections and their threads. Make one and share it: thread-safe. Outlives its
// exports.
class Client {
 public:
  // Checks the settings and loads the private key; does not touch the network.
  explicit Client(const Config& config)
      : handle_(detail::make<Handle>([&](bcda_client** client, bcda_error** error) {
          return bcda_client_create(config.get(), client, error);
        })) {}

  // The service's CapabilityStatement as JSON text. Blocks.
  std::string metadata() const {
    char* json = nullptr;
    detail::check([&](bcda_error** error) { return bcda_client_metadata(get(), &json, error); });
    return detail::take_string(json);
  }

  // What is known about this client's service: one object of profiles().
  std::string_view profile() const { return bcda_client_profile(get()); }

  // The requests that an export would begin with, as a JSON array. Nothing is sent.
  std::string plan(const Config& settings = {}) const {
    char* json = nullptr;
    detail::check([&](bcda_error** error) { return bcda_export_plan(get(), settings.get(), &json, error); });
    return detail::take_string(json);
  }

  // The whole flow, to the directory `out` or to `sink`. `settings` go before the client's.
  Run start_export() const { return start_export_to(nullptr, nullptr); }
  Run start_export(const Config& settings) const { return start_export_to(settings.get(), nullptr); }
  Run start_export(const Config& settings, const Sink& sink) const {
    return start_export_to(settings.get(), sink.get());
  }

  // Goes on with the unfinished export in `directory`: what it asks for is read there. If it is finished, the result is
  // that of the finished export. See also directory_status().
  Run start_resume(const std::string& directory, const Config& settings = {}) const {
    return start([&](bcda_run** run, bcda_error** error) {
      return bcda_resume_start(get(), directory.c_str(), settings.get(), run, error);
    });
  }

  // The next export of the series in the directory `out`: Result::directory() says where its files are.
  Run start_sync(const Config& settings = {}) const {
    return start(
        [&](bcda_run** run, bcda_error** error) { return bcda_sync_start(get(), settings.get(), run, error); });
  }

  // The jobs alone: Result::manifest() holds what they offer. Writes nothing.
  Run start_manifest(const Config& settings = {}) const {
    return start(
        [&](bcda_run** run, bcda_error** error) { return bcda_manifest_start(get(), settings.get(), run, error); });
  }

  // The service's metadata: Result::metadata() holds it.
  Run start_metadata() const {
    return start([&](bcda_run** run, bcda_error** error) { return bcda_metadata_start(get(), run, error); });
  }

  // One question to the service outside of an export (BCDA_RUN_AUTH, ...): Result::answer() holds the answer.
  Run start_inquiry(RunKind kind, const std::string& argument = "") const {
    return start([&](bcda_run** run, bcda_error** error) {
      return bcda_inquiry_start(get(), kind, detail::or_null(argument), run, error);
    });
  }

  // The files of a manifest at hand (JSON text), or `file` of it alone: its name or URL; "" for all.
  Run start_fetch(const std::string& manifest, const Config& settings = {}, const std::string& file = "") const {
    return start_fetch_to(manifest, settings, file, nullptr);
  }
  Run start_fetch(const std::string& manifest, const Config& settings, const std::string& file,
                  const Sink& sink) const {
    return start_fetch_to(manifest, settings, file, sink.get());
  }

  bcda_client* get() const noexcept { return handle_.get(); }

 private:
  using Handle = detail::Handle<bcda_client, bcda_client_destroy>;

  template <class Call>
  static Run start(Call&& call) {
    return Run(detail::make<detail::Handle<bcda_run, bcda_run_destroy>>(std::forward<Call>(call)).release());
  }
  Run start_export_to(const bcda_config* settings, const bcda_sink* sink) const {
    return start(
        [&](bcda_run** run, bcda_error** error) { return bcda_export_start(get(), settings, sink, run, error); });
  }
  Run start_fetch_to(const std::string& manifest, const Config& settings, const std::string& file,
                     const bcda_sink* sink) const {
    return start([&](bcda_run** run, bcda_error** error) {
      return bcda_fetch_start(get(), settings.get(), detail::c_str(manifest), detail::or_null(file), sink, run, error);
    });
  }

  Handle handle_;
};

// ---- Partitions -----------------------------------------------------------------------------------------------------

// One token of partitions(), to be opened as tables or as records.
struct Partition {
  std::string token;               // "": there are no files, for the schema of a table
  const Client* client = nullptr;  // null: one is made of the settings, if there is something to download
};

namespace detail {
inline bcda_client* client_of(const Partition& partition) {
  return partition.client ? partition.client->get() : nullptr;
}
}  // namespace detail

// Cuts the files of a manifest into at most `count` partitions (0: the setting max_partitions). Returns JSON, as
// bcda_partitions describes it. `settings` go before the client's.
inline std::string partitions(const Client& client, const std::string& manifest, std::int32_t count = 0,
                              const Config& settings = {}) {
  char* json = nullptr;
  detail::check([&](bcda_error** error) {
    return bcda_partitions(client.get(), settings.get(), detail::c_str(manifest), nullptr, 0, count, &json, error);
  });
  return detail::take_string(json);
}

// The same for finished exports and series of exports.
inline std::string partitions(const std::vector<std::string>& paths, std::int32_t count = 0,
                              const Config& settings = {}) {
  char* json = nullptr;
  const auto places = detail::c_strings(paths);
  detail::check([&](bcda_error** error) {
    return bcda_partitions(nullptr, settings.get(), nullptr, places.data(), static_cast<std::int32_t>(places.size()),
                           count, &json, error);
  });
  return detail::take_string(json);
}

// ---- One file on disk -----------------------------------------------------------------------------------------------

// What decrypt_file is to do; empty texts are left out.
struct Decryption {
  std::string path;  // the encrypted file, or a directory of files that the manifest lists
  // The plaintext's path, which must not exist; or a directory: then it ends in '/', or `path` is one.
  std::string output;
  std::string key = {};       // its wrapped key in hex, or ...
  std::string manifest = {};  // ... the JSON text of a manifest that names it
  std::string label = {};     // the name the server gave it, when it was renamed
  // Called between chunks with the bytes done and in all (-1: unknown); false stops with BCDA_CANCELED. Must not
  // throw.
  std::function<bool(std::int64_t done, std::int64_t total)> progress = {};
};

// Decrypts what was downloaded by other means. `settings`: private_key, its passphrase, durability, allow_plaintext.
// Blocks.
inline Result decrypt_file(const Config& settings, const Decryption& what) {
  bcda_result* result = nullptr;
  auto* user = const_cast<Decryption*>(&what);
  const bcda_progress progress = [](void* decryption, std::int64_t done, std::int64_t total) noexcept -> std::int32_t {
    return static_cast<Decryption*>(decryption)->progress(done, total) ? 0 : 1;
  };
  detail::check([&](bcda_error** error) {
    return bcda_decrypt_file(settings.get(), detail::c_str(what.path), detail::or_null(what.label),
                             detail::or_null(what.key), detail::or_null(what.manifest), detail::c_str(what.output),
                             what.progress ? progress : nullptr, user, &result, error);
  });
  return Result(result);
}

// ---- Records --------------------------------------------------------------------------------------------------------

// The NDJSON lines of a finished file, once through, in constant memory:
//   for (std::string_view record : bcda::Reader(path)) ...
class Reader {
 public:
  explicit Reader(const std::string& path)
      : handle_(detail::make<Handle>([&](bcda_reader** reader, bcda_error** error) {
          return bcda_reader_open(detail::c_str(path), reader, error);
        })) {}

  // The records of a partition.
  Reader(const Partition& partition, const Config& settings)
      : handle_(detail::make<Handle>([&](bcda_reader** reader, bcda_error** error) {
          return bcda_partition_records(detail::client_of(partition), settings.get(), detail::c_str(partition.token),
                                        reader, error);
        })) {}

  // False after the last one. `record` is borrowed until the next call.
  bool next(std::string_view& record) {
    const char* data = nullptr;
    std::size_t size = 0;
    if (detail::check([&](bcda_error** error) { return bcda_reader_next(get(), &data, &size, error); }) != BCDA_OK) {
      return false;
    }
    record = {data, size};
    return true;
  }

  std::int64_t line() const { return bcda_reader_line(get()); }      // number of the line last given, from 1
  std::int64_t offset() const { return bcda_reader_offset(get()); }  // its byte offset in the file
  const char* file() const { return bcda_reader_file(get()); }       // borrowed until the next call of next()
  const char* type() const { return bcda_reader_type(get()); }       // of a partition: the resource type of the file
  void cancel() const { bcda_reader_cancel(get()); }                 // of a partition; thread-safe

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    explicit iterator(Reader* reader) : reader_(reader) { ++*this; }
    std::string_view operator*() const { return record_; }
    const std::string_view* operator->() const { return &record_; }
    iterator& operator++() {
      if (reader_ && !reader_->next(record_)) reader_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator& other) const { return reader_ == other.reader_; }
    bool operator!=(const iterator& other) const { return reader_ != other.reader_; }

   private:
    Reader* reader_;  // null: at the end
    std::string_view record_;
  };
  iterator begin() { return iterator(this); }
  iterator end() { return iterator(nullptr); }

  bcda_reader* get() const noexcept { return handle_.get(); }

 private:
  using Handle = detail::Handle<bcda_reader, bcda_reader_destroy>;
  Handle handle_;
};

// ---- Tables ---------------------------------------------------------------------------------------------------------

// The tables that the library brings along.
inline std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (std::int32_t i = 0; i < bcda_table_count(); ++i) names.emplace_back(bcda_table_at(i));
  return names;
}

// Their dictionary as JSON, and their ViewDefinitions.
inline std::string table_columns(const std::string& table) {
  char* json = nullptr;
  detail::check([&](bcda_error** error) { return bcda_table_columns(detail::c_str(table), &json, error); });
  return detail::take_string(json);
}
inline std::string table_view(const std::string& table, const std::string& generation) {
  char* json = nullptr;
  detail::check([&](bcda_error** error) {
    return bcda_table_view(detail::c_str(table), detail::c_str(generation), &json, error);
  });
  return detail::take_string(json);
}

// Writes a stream of the batches of one table, which the caller releases. `paths`: directories of exports or of series,
// or NDJSON files. `table`: a name or the JSON text of a ViewDefinition.
inline void open_table(const std::vector<std::string>& paths, const std::string& table, const Config& settings,
                       ArrowArrayStream& stream) {
  detail::check_version();
  const auto places = detail::c_strings(paths);
  detail::check([&](bcda_error** error) {
    return bcda_table_open(settings.get(), places.data(), static_cast<std::int32_t>(places.size()),
                           detail::c_str(table), &stream, error);
  });
}

// The same for a table of a partition.
inline void open_table(const Partition& partition, const std::string& table, const Config& settings,
                       ArrowArrayStream& stream) {
  detail::check_version();
  detail::check([&](bcda_error** error) {
    return bcda_partition_stream(detail::client_of(partition), settings.get(), detail::or_null(partition.token),
                                 detail::c_str(table), &stream, error);
  });
}

// Several tables, read in one pass.
class Tables {
 public:
  // A template, so that {path} means a list of paths.
  template <class Sealed, class = std::enable_if_t<std::is_same_v<Sealed, Partition>>>
  Tables(const Sealed& partition, const std::vector<std::string>& tables, const Config& settings)
      : handle_(detail::make<Handle>([&](bcda_tables** opened, bcda_error** error) {
          const auto names = detail::c_strings(tables);
          return bcda_partition_open(detail::client_of(partition), settings.get(), detail::or_null(partition.token),
                                     names.data(), static_cast<std::int32_t>(names.size()), opened, error);
        })) {}
  Tables(const std::vector<std::string>& paths, const std::vector<std::string>& tables, const Config& settings)
      : handle_(detail::make<Handle>([&](bcda_tables** opened, bcda_error** error) {
          const auto places = detail::c_strings(paths), names = detail::c_strings(tables);
          return bcda_tables_open(settings.get(), places.data(), static_cast<std::int32_t>(places.size()), names.data(),
                                  static_cast<std::int32_t>(names.size()), opened, error);
        })) {}

  // The caller releases the schema.
  void schema(std::int32_t table, ArrowSchema& out) const {
    detail::check([&](bcda_error** error) { return bcda_tables_schema(get(), table, &out, error); });
  }
  // False after the last batch. The caller releases the batch. `table`: its number in the list of tables.
  bool next(std::int32_t& table, ArrowArray& batch) {
    return detail::check([&](bcda_error** error) { return bcda_tables_next(get(), &table, &batch, error); }) == BCDA_OK;
  }
  // False after the last piece. `piece`: the next bytes of a file of the table, borrowed until the next call.
  bool encode(const std::string& format, std::int32_t& table, std::string_view& piece) {
    const char* data = nullptr;
    std::size_t size = 0;
    const Status status = detail::check([&](bcda_error** error) {
      return bcda_tables_encode(get(), detail::c_str(format), &table, &data, &size, error);
    });
    if (status == BCDA_OK) piece = {data, size};
    return status == BCDA_OK;
  }
  std::int64_t rows(std::int32_t table) const { return bcda_tables_rows(get(), table); }  // that were handed out
  std::int64_t nulled() const { return bcda_tables_nulled(get()); }  // values that did not fit their column
  std::int64_t files() const { return read().first; }                // that were begun
  std::int64_t bytes() const { return read().second; }               // of records, that were read
  void cancel() const { bcda_tables_cancel(get()); }                 // of a partition; thread-safe

  bcda_tables* get() const noexcept { return handle_.get(); }

 private:
  std::pair<std::int64_t, std::int64_t> read() const {
    std::pair<std::int64_t, std::int64_t> read;
    bcda_tables_read(get(), &read.first, &read.second);
    return read;
  }

  using Handle = detail::Handle<bcda_tables, bcda_tables_destroy>;
  Handle handle_;
};

}  // namespace bcda
#endif  // BCDA_BCDA_HPP
