#include "world/dialer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "world/address.hpp"
#include "world/wakeup.hpp"

namespace libbcda::world {

namespace {

constexpr Milliseconds kHeadStart{250};  // "Connection Attempt Delay" of RFC 8305, section 5
constexpr auto kKnownFor = std::chrono::seconds(30);
constexpr auto kWinnerFor = std::chrono::minutes(10);
constexpr std::size_t kMostHosts = 256;

// What the attempts of one race share. All of them run on the strand of the race, so there is no lock.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : wakeup(std::make_shared<Wakeup>(executor)) {}

  struct Attempt {
    asio::cancellation_signal stop;
    bool running = true;
  };

  std::shared_ptr<Wakeup> wakeup;
  std::vector<std::shared_ptr<Attempt>> attempts;
  std::unique_ptr<ByteStream> winner;
  bool is_v6 = false;  // the winner's address
  bool over = false;   // nobody waits any more
  std::size_t failures = 0;
  ErrorCode error;  // of the failure that says the most

  std::size_t running() const {
    return static_cast<std::size_t>(
        std::count_if(attempts.begin(), attempts.end(), [](const auto& one) { return one->running; }));
  }
  void failed(ErrorCode why) {
    ++failures;
    const bool has_no_way = why == asio::error::network_unreachable || why == asio::error::host_unreachable ||
                            why == asio::error::address_family_not_supported;
    if (!error || !has_no_way) error = why;
  }
  void stop() {
    over = true;
    for (const auto& attempt : std::exchange(attempts, {}))
      if (attempt->running) attempt->stop.emit(asio::cancellation_type::terminal);
  }
};

// Reports the end of an attempt, also if Asio destroys its coroutine for want of memory.
struct Ending {
  std::shared_ptr<Race> race;
  std::shared_ptr<Race::Attempt> attempt;
  std::unique_ptr<ByteStream> bytes;
  ErrorCode error = asio::error::no_memory;
  bool is_v6;

  Ending(std::shared_ptr<Race> r, std::shared_ptr<Race::Attempt> a, bool v6)
      : race(std::move(r)), attempt(std::move(a)), is_v6(v6) {}
  ~Ending() {
    attempt->running = false;
    if (!bytes) {
      race->failed(error);
    } else if (!race->winner) {
      race->winner = std::move(bytes);
      race->is_v6 = is_v6;
    }
    if (!race->over) race->wakeup->wake();
  }
  Ending(const Ending&) = delete;
};

Task<> try_one(Net& net, std::shared_ptr<Race> race, std::shared_ptr<Race::Attempt> attempt, Net::Endpoint endpoint,
               Milliseconds limit) {
  Ending ending(std::move(race), std::move(attempt), endpoint.address().is_v6());
  ErrorCode error;
  ending.bytes = co_await net.connect(endpoint, limit, error);
  ending.error = error;
}

// The attempt owns all that it uses but the network, so the race does not wait for the end of those that it stops.
void start_one(Net& net, const std::shared_ptr<Race>& race, const asio::any_io_executor& executor,
               const Net::Endpoint& endpoint, Milliseconds limit) {
  const auto attempt = std::make_shared<Race::Attempt>();
  race->attempts.push_back(attempt);
  asio::co_spawn(executor, try_one(net, race, attempt, endpoint, limit),
                 asio::bind_cancellation_slot(attempt->stop.slot(), [attempt](const std::exception_ptr&) {}));
}

template <class Map>
void make_room(Map& map, Steady now) {
  if (map.size() < kMostHosts) return;
  std::erase_if(map, [&](const auto& one) { return one.second.until <= now; });
  if (map.size() >= kMostHosts) map.clear();
}

bool is_public_endpoint(const Net::Endpoint& endpoint) { return is_public(endpoint.address()); }

std::string key_of(const std::string& host, std::uint16_t port) { return host + " " + std::to_string(port); }

}  // namespace

std::vector<Net::Endpoint> interleaved(const std::vector<Net::Endpoint>& endpoints, bool v6_first) {
  std::vector<Net::Endpoint> one, other, all;
  for (const auto& endpoint : endpoints) (endpoint.address().is_v6() == v6_first ? one : other).push_back(endpoint);
  for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
    if (i < one.size()) all.push_back(one[i]);
    if (i < other.size()) all.push_back(other[i]);
  }
  return all;
}

Milliseconds Dialer::time_until(Steady limit) const {
  return std::chrono::duration_cast<Milliseconds>(limit - world_.clock().now().steady);
}

Task<Dialer::Dialed> Dialer::dial(const std::string& host, std::uint16_t port, Steady limit, const Home* home) {
  Dialed dialed;
  Endpoints endpoints = co_await find(host, port, limit, dialed.error);
  dialed.found = !endpoints.empty();
  if (!dialed.found) co_return dialed;
  if (home && !std::all_of(endpoints.begin(), endpoints.end(), is_public_endpoint)) {
    const bool is_guarded = co_await is_outside(*home, limit);
    if (is_guarded) std::erase_if(endpoints, [](const Net::Endpoint& one) { return !is_public_endpoint(one); });
    dialed.is_inside = endpoints.empty();
    if (dialed.is_inside) co_return dialed;
  }
  const Endpoints order = interleaved(endpoints, prefers_v6(host, endpoints));
  bool is_v6 = false;
  dialed.bytes = co_await race(order, limit, is_v6, dialed.error);
  if (dialed.bytes)
    won(host, is_v6);
  else if (dialed.error != asio::error::operation_aborted)
    lost(host, port);
  co_return dialed;
}

// A host that cannot be found is taken for one on the Internet.
Task<bool> Dialer::is_outside(const Home& home, Steady limit) {
  ErrorCode error;
  const Endpoints endpoints = co_await find(home.host, home.port, limit, error);
  co_return std::all_of(endpoints.begin(), endpoints.end(), is_public_endpoint);
}

Task<Dialer::Endpoints> Dialer::find(const std::string& host, std::uint16_t port, Steady limit, ErrorCode& error) {
  const auto address = asio::ip::make_address(host, error);
  if (!error) co_return Endpoints(1, Net::Endpoint(address, port));
  error = {};
  const std::string key = key_of(host, port);
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(key);
    if (known != known_.end() && world_.clock().now().steady < known->second.until) co_return known->second.endpoints;
  }
  Endpoints found = co_await world_.net().resolve(host, port, time_until(limit), error);
  if (error) co_return Endpoints();
  const Steady now = world_.clock().now().steady;
  const std::lock_guard lock(mutex_);
  make_room(known_, now);
  known_[key] = {found, now + kKnownFor};
  co_return found;
}

// Unless the host is remembered, the first family is that of the first address, which the system's rules chose (RFC
// 6724).
bool Dialer::prefers_v6(const std::string& host, const Endpoints& endpoints) {
  const std::lock_guard lock(mutex_);
  const auto winner = winners_.find(host);
  if (winner != winners_.end() && world_.clock().now().steady < winner->second.until) return winner->second.is_v6;
  return endpoints.front().address().is_v6();
}

void Dialer::won(const std::string& host, bool is_v6) {
  const Steady now = world_.clock().now().steady;
  const std::lock_guard lock(mutex_);
  make_room(winners_, now);
  winners_[host] = {is_v6, now + kWinnerFor};
}

// Forgets a host that no longer answers, because its addresses may have changed.
void Dialer::lost(const std::string& host, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  known_.erase(key_of(host, port));
  winners_.erase(host);
}

Task<std::unique_ptr<ByteStream>> Dialer::race(const Endpoints& endpoints, Steady limit, bool& is_v6,
                                               ErrorCode& error) {
  const auto executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  const auto timer = world_.clock().timer(executor);
  // With a short time limit the attempts follow each other faster, so that each address gets its turn.
  const Milliseconds head_start =
      std::min(kHeadStart, time_until(limit) / static_cast<int>(std::min<std::size_t>(endpoints.size() + 1, 1000)));
  Steady next_start = world_.clock().now().steady;
  std::size_t started = 0, failures = 0;
  for (;;) {
    if (race->winner) break;
    const Steady now = world_.clock().now().steady;
    error = asio::error::timed_out;
    if (now >= limit) break;
    const bool has_more = started < endpoints.size();
    error = race->error;
    if (!has_more && race->running() == 0) break;
    if (has_more && (now >= next_start || race->failures > failures || race->running() == 0)) {
      failures = race->failures;
      next_start = now + head_start;
      start_one(world_.net(), race, executor, endpoints[started++], time_until(limit));
      continue;
    }
    timer->start(has_more ? std::min(next_start, limit) : limit, [wakeup = race->wakeup] { wakeup->wake(); });
    co_await race->wakeup->wait();
    error = asio::error::operation_aborted;
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) break;
  }
  timer->cancel();
  race->stop();
  if (race->winner) error = {};
  is_v6 = race->is_v6;
  co_return std::move(race->winner);
}

}  // namespace libbcda::world
