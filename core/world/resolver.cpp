#include "world/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "world/threads.hpp"
#include "world/wakeup.hpp"

namespace libbcda::world {
namespace {

constexpr std::size_t kMostThreads = 4;

ErrorCode error_of(int code) {
  switch (code) {
    case EAI_AGAIN:
      return asio::error::host_not_found_try_again;
    case EAI_FAIL:
      return asio::error::no_recovery;
    case EAI_FAMILY:
      return asio::error::address_family_not_supported;
    case EAI_MEMORY:
      return asio::error::no_memory;
    case EAI_SYSTEM:
      return {errno, boost::system::system_category()};
    default:
      return asio::error::host_not_found;
  }
}

// The C library says of a host that it could not look up for want of descriptors that there is no such host.
bool lacks_descriptors() {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno == EMFILE || errno == ENFILE;
  ::close(probe);
  return false;
}

}  // namespace

// A look-up, and the coroutines that wait for it. Guarded by State::mutex.
struct Resolver::Question {
  std::string host;
  bool done = false;
  ErrorCode error;
  Addresses found;
  std::vector<std::shared_ptr<Wakeup>> askers;
};

// What the threads share. A Wakeup belongs to an executor that a thread left behind may outlive, so a thread touches one
// only under the mutex, while the coroutine that waits is registered.
struct Resolver::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Question>> waiting;           // not yet begun
  std::map<std::string, std::shared_ptr<Question>> asked;  // waiting or begun, by host
  std::size_t idle = 0;                                    // threads without a look-up
  bool closed = false;
  LookUp look_up;

  void leave(const std::shared_ptr<Question>& question, const std::shared_ptr<Wakeup>& wakeup) {
    const std::lock_guard lock(mutex);
    std::erase(question->askers, wakeup);
    if (!question->askers.empty()) return;
    if (std::erase(waiting, question) > 0) asked.erase(question->host);  // nobody wants it any more
  }

  void close() {
    const std::lock_guard lock(mutex);
    closed = true;
    waiting.clear();
    for (auto& [host, question] : asked) question->askers.clear();
    asked.clear();
    changed.notify_all();
  }
};

// The registration of a coroutine. It ends with the coroutine's frame, also if Asio destroys that.
struct Resolver::Asker {
  std::shared_ptr<State> state;
  std::shared_ptr<Wakeup> wakeup;
  std::shared_ptr<Question> question;

  Asker(std::shared_ptr<State> s, std::shared_ptr<Wakeup> w, std::shared_ptr<Question> q)
      : state(std::move(s)), wakeup(std::move(w)), question(std::move(q)) {}
  ~Asker() { state->leave(question, wakeup); }
  Asker(const Asker&) = delete;

  bool answered() const {
    const std::lock_guard lock(state->mutex);
    return question->done;
  }
};

Resolver::Addresses Resolver::ask_system(const std::string& host, ErrorCode& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    error = error_of(code);
    if (lacks_descriptors()) error = asio::error::no_descriptors;
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  Addresses found;
  for (const addrinfo* one = list; one; one = one->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (one->ai_addrlen > endpoint.capacity()) continue;
    std::copy_n(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen, reinterpret_cast<char*>(endpoint.data()));
    found.push_back(endpoint.address());
  }
  error = found.empty() ? ErrorCode(asio::error::host_not_found) : ErrorCode();
  return found;
}

Resolver::Resolver(LookUp look_up) : state_(std::make_shared<State>()) { state_->look_up = std::move(look_up); }

Resolver::~Resolver() {
  state_->close();
  std::vector<std::thread> idle;
  {
    const std::lock_guard lock(state_->mutex);
    for (Thread& one : threads_) {
      if (!*one.busy) {
        idle.push_back(std::move(one.thread));
        continue;
      }
      keep_library_loaded();
      one.thread.detach();
    }
  }
  for (std::thread& thread : idle) thread.join();
}

void Resolver::start() {
  const std::lock_guard lock(state_->mutex);
  add_thread();
}

void Resolver::close() { state_->close(); }

// Must be called under the mutex.
void Resolver::add_thread() {
  const SignalsBlocked blocked;
  threads_.reserve(threads_.size() + 1);
  auto busy = std::make_shared<bool>(false);
  threads_.push_back({std::thread(serve, state_, busy), busy});
  ++state_->idle;
}

void Resolver::serve(std::shared_ptr<State> state, std::shared_ptr<bool> busy) {
  name_this_thread("bcda-resolver");
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->changed.wait(lock, [&] { return state->closed || !state->waiting.empty(); });
    if (state->closed) return;
    const std::shared_ptr<Question> question = std::move(state->waiting.front());
    state->waiting.pop_front();
    --state->idle;
    *busy = true;
    lock.unlock();
    ErrorCode error;
    Addresses found;
    try {
      found = state->look_up(question->host, error);
    } catch (const std::exception&) {
      error = asio::error::no_memory;
    }
    lock.lock();
    *busy = false;
    ++state->idle;
    if (state->closed) return;
    state->asked.erase(question->host);
    question->error = error;
    question->found = std::move(found);
    question->done = true;
    for (const auto& asker : question->askers) asker->wake();
    question->askers.clear();
  }
}

std::shared_ptr<Resolver::Question> Resolver::ask(const std::string& host, const std::shared_ptr<Wakeup>& wakeup) {
  const std::lock_guard lock(state_->mutex);
  if (state_->closed) return nullptr;
  if (const auto found = state_->asked.find(host); found != state_->asked.end()) {
    found->second->askers.push_back(wakeup);
    return found->second;
  }
  const auto question = std::make_shared<Question>();
  question->host = host;
  question->askers.push_back(wakeup);
  state_->waiting.push_back(question);
  try {
    state_->asked.emplace(host, question);
  } catch (const std::exception&) {
    state_->waiting.pop_back();  // a question is in both or in none, or an asker would wait for ever
    throw;
  }
  if (state_->idle < state_->waiting.size() && threads_.size() < kMostThreads) try {
      add_thread();
    } catch (const std::exception&) {
      // The look-up waits for one of the other threads.
    }
  state_->changed.notify_one();
  return question;
}

Task<Resolver::Addresses> Resolver::resolve(const std::string& host, Milliseconds limit, ErrorCode& error) {
  const auto executor = co_await asio::this_coro::executor;
  const auto wakeup = std::make_shared<Wakeup>(executor);
  auto question = ask(host, wakeup);
  error = asio::error::operation_aborted;
  if (!question) co_return Addresses();
  const Asker asker(state_, wakeup, std::move(question));
  bool is_late = false;
  asio::steady_timer timer(executor, limit);
  timer.async_wait([wakeup](ErrorCode ec) {
    if (!ec) wakeup->wake();
  });
  while (!asker.answered() && !is_late) {
    co_await wakeup->wait();
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return Addresses();
    is_late = timer.expiry() <= std::chrono::steady_clock::now();
  }
  if (!asker.answered()) {
    error = asio::error::timed_out;
    co_return Addresses();
  }
  const std::lock_guard lock(asker.state->mutex);
  error = asker.question->error;
  co_return asker.question->found;
}

}  // namespace libbcda::world
