#include "runtime/event.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace libbcda::runtime {

const char* event_kind_name(EventKind kind) {
  constexpr const char* names[] = {"state", "job",   "poll",    "manifest", "progress",
                                   "file",  "retry", "warning", "finished"};
  return names[static_cast<int>(kind)];
}

std::string Event::json() const {
  libbcda::json::object out;
  out["event"] = event_kind_name(kind);
  auto text_member = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  auto number_member = [&](const char* name, std::int64_t value) {
    if (value >= 0) out[name] = value;
  };
  text_member("text", text);
  text_member("type", type);
  text_member("file", file);
  text_member("url", url);
  if (kind == EventKind::finished || status != Status::OK)
    out["status"] = find_status(static_cast<std::int32_t>(status))->name;
  if (percent >= 0) out["percent"] = percent;
  number_member("bytes_done", bytes_done);
  number_member("bytes_total", bytes_total);
  number_member("files_done", files_done);
  number_member("files_total", files_total);
  number_member("wait_ms", wait_ms);
  return libbcda::json::serialize(out);
}

void Mailbox::push(Event event) {
  {
    std::lock_guard lock(mutex_);
    bool replaces = event.kind == EventKind::progress || event.kind == EventKind::poll;
    auto key = std::pair(event.kind, event.type);
    auto place = events_.insert(events_.end(), std::move(event));
    if (replaces) {
      auto [old, fresh] = replaceable_.try_emplace(std::move(key), place);
      if (!fresh) events_.erase(std::exchange(old->second, place));
    }
  }
  tell();
}

void Mailbox::finish(Event last, std::optional<Error> failure) {
  {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    finished_ = true;
    try {
      events_.push_back(std::move(last));
    } catch (const std::bad_alloc&) {
      // The end itself needs no memory: whoever waits is told, only without the last event.
    }
  }
  tell();
}

void Mailbox::tell() {
  changed_.notify_all();
  std::lock_guard lock(notify_mutex_);
  if (notify_) notify_();
}

template <class Ready>
bool Mailbox::wait_for(std::unique_lock<std::mutex>& lock, Milliseconds timeout, Ready ready) {
  if (timeout.count() < 0) {
    changed_.wait(lock, ready);
    return true;
  }
  // A limit far off would overflow the clock.
  return changed_.wait_until(
      lock, std::chrono::steady_clock::now() + std::min<Milliseconds>(timeout, std::chrono::hours(24 * 365)), ready);
}

Mailbox::Got Mailbox::next(Milliseconds timeout, Event& out) {
  std::unique_lock lock(mutex_);
  wait_for(lock, timeout, [&] { return !events_.empty() || finished_; });
  if (events_.empty()) return finished_ ? Got::end : Got::nothing_yet;
  replaceable_.erase({events_.front().kind, events_.front().type});
  out = std::move(events_.front());
  events_.pop_front();
  return Got::event;
}

bool Mailbox::wait_finished(Milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return wait_for(lock, timeout, [&] { return finished_; });
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
  if (waiting) notify_();  // what came before the callback did must not go unnoticed
}

}  // namespace libbcda::runtime
