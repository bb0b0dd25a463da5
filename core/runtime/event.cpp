#include "runtime/event.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/json.hpp"

namespace libbcda::runtime {

const char* event_kind_name(EventKind kind) {
  constexpr const char* names[] = {"state", "job",   "poll",    "manifest", "progress",
                                   "file",  "retry", "warning", "finished"};
  return names[static_cast<int>(kind)];
}

namespace {

constexpr auto kBurstTime = std::chrono::milliseconds(20);
constexpr int kBurst = 16;

// Negative: never. A very long timeout would overflow the clock, so it is clamped.
Steady limit_of(Milliseconds timeout) {
  if (timeout.count() < 0) return Steady::max();
  return std::chrono::steady_clock::now() + std::min<Milliseconds>(timeout, std::chrono::hours(24 * 365));
}

template <class Ready>
bool wait_until(std::condition_variable& what, std::unique_lock<std::mutex>& lock, Steady limit, Ready ready) {
  if (limit != Steady::max()) return what.wait_until(lock, limit, ready);
  what.wait(lock, ready);
  return true;
}

// The length of the UTF-8 character that `text` begins with; 0: it begins with none (RFC 3629, section 4).
std::size_t character_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  bool surrogate = lead == 0xed && byte(1) > 0x9f, too_large = lead == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

// U+FFFD stands for each byte that is not UTF-8: paths and headers may hold any byte, JSON may not.
std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = character_length(text);
    out += length ? text.substr(0, length) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

// As people write numbers: 0, 12.5. Boost.JSON would write 0E0, 1.25E1.
std::string plain_number(double value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 3).ptr;
  std::string_view digits(text, static_cast<std::size_t>(end - text));
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  return std::string(digits.substr(0, digits.find_last_not_of('.') + 1));
}

// Members of one flat JSON object.
class Line {
 public:
  void text(const char* name, std::string_view value) {
    if (!value.empty()) add(name, libbcda::json::serialize(libbcda::json::string_view(valid_utf8(value))));
  }
  void number(const char* name, std::int64_t value) {
    if (value >= 0) add(name, std::to_string(value));
  }
  void percent(const char* name, double value) {
    if (value >= 0) add(name, plain_number(std::min(value, 100.0)));
  }
  std::string take() { return "{" + std::move(members_) + "}"; }

 private:
  void add(const char* name, const std::string& value) {
    members_ += (members_.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
  }

  std::string members_;
};

}  // namespace

std::string Event::json() const {
  Line line;
  line.text("event", event_kind_name(kind));
  line.text("text", text);
  line.text("type", type);
  line.text("file", file);
  line.text("url", url);
  if (kind == EventKind::finished || status != Status::OK)
    line.text("status", find_status(static_cast<std::int32_t>(status))->name);
  line.percent("percent", percent);
  line.number("bytes_done", bytes_done);
  line.number("bytes_total", bytes_total);
  line.number("files_done", files_done);
  line.number("files_total", files_total);
  line.number("wait_ms", wait_ms);
  return line.take();
}

void Mailbox::push(Event event) {
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    bool replaces = event.kind == EventKind::progress || event.kind == EventKind::poll;
    auto key = std::pair(event.kind, event.type);
    auto place = events_.insert(events_.end(), std::make_unique<Event>(std::move(event)));
    if (replaces) {
      auto [old, fresh] = replaceable_.try_emplace(std::move(key), place);
      if (!fresh) events_.erase(std::exchange(old->second, place));
    }
    readiness_.set(true);
  }
  notify_reader();
}

void Mailbox::push(std::shared_ptr<const StoredFile> file) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    events_.emplace_back(std::move(file));
    readiness_.set(true);
  }
  notify_reader();
}

void Mailbox::finish(Event last, std::optional<Error> failure) {
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    failure_ = std::move(failure);
    finished_ = true;
    try {
      events_.push_back(std::make_unique<Event>(std::move(last)));
    } catch (const std::bad_alloc&) {
      // No memory is left for the last event. The end is still reported to the waiter.
    }
    readiness_.set(true);
  }
  ended_.notify_all();
  notify_reader();
}

void Mailbox::notify_reader() {
  added_.notify_all();
  std::lock_guard lock(notify_mutex_);
  if (notify_) notify_();
}

Event Mailbox::event_of(Waiting& waiting) {
  if (auto* event = std::get_if<std::unique_ptr<Event>>(&waiting)) return std::move(**event);
  const StoredFile& file = *std::get<std::shared_ptr<const StoredFile>>(waiting);
  Event event;
  event.kind = EventKind::file;
  event.type = file.type();
  event.file = file.path();
  event.bytes_done = file.bytes();
  return event;
}

// A reader that has had the events of many files within a short time sleeps until that time is over, or the run ends.
// Small files bring thousands of events a second, and to wake the reader for each one costs more than the event.
void Mailbox::rest(std::unique_lock<std::mutex>& lock, Steady limit) {
  if (burst_ >= kBurst) wait_until(ended_, lock, std::min(limit, burst_began_ + kBurstTime), [&] { return finished_; });
}

void Mailbox::note_file() {
  const Steady now = std::chrono::steady_clock::now();
  if (now - burst_began_ >= kBurstTime) {
    burst_began_ = now;
    burst_ = 0;
  }
  ++burst_;
}

Mailbox::Got Mailbox::next(Milliseconds timeout, Event& out) {
  std::unique_lock lock(mutex_);
  const auto is_ready = [&] { return !events_.empty() || finished_; };
  if (!is_ready()) {
    const Steady limit = limit_of(timeout);
    rest(lock, limit);
    wait_until(added_, lock, limit, is_ready);
  }
  if (events_.empty()) return finished_ ? Got::end : Got::nothing_yet;
  out = event_of(events_.front());
  events_.pop_front();
  replaceable_.erase({out.kind, out.type});
  if (events_.empty() && !finished_) readiness_.set(false);
  if (out.kind == EventKind::file) note_file();
  return Got::event;
}

bool Mailbox::wait_finished(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return wait_until(ended_, lock, limit_of(timeout), [&] { return finished_; });
}

bool Mailbox::finished() const {
  std::lock_guard lock(mutex_);
  return finished_;
}

std::optional<Error> Mailbox::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Mailbox::set_notify(std::function<void()> notify) {
  std::lock_guard lock(notify_mutex_);
  notify_ = std::move(notify);
  if (!notify_) return;
  bool waiting;
  {
    std::lock_guard events(mutex_);
    waiting = !events_.empty() || finished_;
  }
  if (waiting) notify_();  // because an event may be older than the callback
}

int Mailbox::descriptor() {
  const std::lock_guard lock(mutex_);
  const int descriptor = readiness_.descriptor();
  readiness_.set(!events_.empty() || finished_);  // because an event may be older than the descriptor
  return descriptor;
}

}  // namespace libbcda::runtime
