#include "simulation/pipe.hpp"

#include <algorithm>
#include <cerrno>

namespace libbcda::simulation {
namespace {

constexpr std::size_t kWindow = 128u << 10;

}  // namespace

std::size_t Pipe::room() const { return queued_ >= kWindow ? 0 : kWindow - queued_; }

void Pipe::send(std::string bytes, Parcel::Kind kind) {
  if (ended_) return;
  const auto busy =
      std::chrono::nanoseconds(static_cast<std::int64_t>(bytes.size()) * 1'000'000'000 / speed_.bytes_per_second);
  last_arrival_ = std::max(last_arrival_, clock_.now().steady + speed_.latency) + busy;
  queued_ += bytes.size();
  ended_ = kind != Parcel::Kind::data;
  parcels_.push_back({last_arrival_, std::move(bytes), kind});
  arrival_.notify();
}

void Pipe::send_data(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), speed_.segment);
    send(std::string(as_text(bytes.first(n))), Parcel::Kind::data);
    bytes = bytes.subspan(n);
  }
}

bool Pipe::put(ByteView bytes) {
  if (broken_) return false;
  const std::int64_t left = break_.kind == Break::Kind::none ? INT64_MAX : break_.at - sent_;
  const std::size_t whole =
      static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(bytes.size()), left));
  sent_ += static_cast<std::int64_t>(bytes.size());
  send_data(bytes.first(whole));
  if (whole == bytes.size()) return true;
  switch (std::exchange(break_.kind, Break::Kind::none)) {
    case Break::Kind::stall:
      last_arrival_ = std::max(last_arrival_, clock_.now().steady) + break_.duration;
      send_data(bytes.subspan(whole));
      return true;
    case Break::Kind::cut:
      send("", Parcel::Kind::end);
      break;
    default:
      send("", Parcel::Kind::reset);
  }
  broken_ = true;
  return false;
}

void Pipe::finish() { send("", Parcel::Kind::end); }
void Pipe::reset() { send("", Parcel::Kind::reset); }

Task<Signal::Why> Pipe::wait_for_room() {
  const Signal::Why why = co_await drain_.wait(clock_, Steady::max());
  co_return why;
}

bool Pipe::readable() const { return !parcels_.empty() && parcels_.front().arrives <= clock_.now().steady; }

ssize_t Pipe::take(MutableBytes out, bool remove) {
  if (!readable()) {
    errno = EAGAIN;
    return -1;
  }
  Parcel& first = parcels_.front();
  if (first.kind == Parcel::Kind::end) return 0;
  if (first.kind == Parcel::Kind::reset) {
    errno = ECONNRESET;
    return -1;
  }
  const std::size_t n = std::min(out.size(), first.bytes.size());
  std::copy_n(first.bytes.begin(), n, out.begin());
  if (!remove) return static_cast<ssize_t>(n);
  queued_ -= n;
  first.bytes.erase(0, n);
  if (first.bytes.empty()) parcels_.pop_front();
  drain_.notify();
  return static_cast<ssize_t>(n);
}

Task<Signal::Why> Pipe::wait_for_bytes() {
  const Steady next = parcels_.empty() ? Steady::max() : parcels_.front().arrives;
  const Signal::Why why = co_await arrival_.wait(clock_, next);
  co_return why;
}

void Pipe::abandon() {
  broken_ = true;
  drain_.notify();
}

void Pipe::interrupt() noexcept {
  arrival_.notify();
  drain_.notify();
}

void Pipe::kill() {
  parcels_.clear();
  queued_ = 0;
  ended_ = false;
  last_arrival_ = clock_.now().steady - speed_.latency;
  reset();
  abandon();
}

}  // namespace libbcda::simulation
