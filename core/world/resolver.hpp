// Name look-ups on threads of their own. The system's resolver cannot be interrupted, so a look-up that hangs is left
// behind with its thread.
#pragma once
#include <boost/asio/ip/address.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "world/net.hpp"

namespace libbcda::world {

class Wakeup;

// Thread-safe. Askers of one host share a look-up.
class Resolver {
 public:
  using Addresses = std::vector<asio::ip::address>;
  using LookUp = std::function<Addresses(const std::string& host, ErrorCode& error)>;

  static Addresses ask_system(const std::string& host, ErrorCode& error);  // getaddrinfo; it blocks

  explicit Resolver(LookUp look_up = ask_system);
  // Joins the threads that wait, and leaves those behind that are in a look-up. They own all that they use.
  ~Resolver();
  Resolver(const Resolver&) = delete;

  // Starts one thread. More are started when look-ups wait, at most four in all. Throws std::system_error.
  void start();
  // From now on, no coroutine is woken and no look-up begins. The process calls it when it exits.
  void close();

  // Finds the addresses of a host, in the order in which they must be tried. Reports timed_out after `limit`, and
  // operation_aborted on Asio's terminal cancellation. Neither waits for the look-up.
  Task<Addresses> resolve(const std::string& host, Milliseconds limit, ErrorCode& error);

 private:
  struct Question;
  struct Asker;
  struct State;
  struct Thread {
    std::thread thread;
    std::shared_ptr<bool> busy;  // in a look-up; guarded by State::mutex
  };

  static void serve(std::shared_ptr<State> state, std::shared_ptr<bool> busy);
  void add_thread();
  std::shared_ptr<Question> ask(const std::string& host, const std::shared_ptr<Wakeup>& wakeup);

  std::shared_ptr<State> state_;
  std::vector<Thread> threads_;  // guarded by State::mutex
};

}  // namespace libbcda::world
