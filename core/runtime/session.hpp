// What a client handle stands for: the service, its credentials and key, the connections and the threads.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "auth/token_source.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/settings.hpp"
#include "base/threads.hpp"
#include "crypto/key.hpp"
#include "http/client.hpp"
#include "runtime/thread_pool.hpp"

namespace libbcda::runtime {

class Session {
 public:
  // Checks the settings and loads the key; the network is not touched. Missing credentials are reported only when first
  // needed. Throws Error{INVALID_ARGUMENT, PRIVATE_KEY, FILESYSTEM, TLS}.
  explicit Session(Settings settings);
  ~Session();  // not on one of its own threads
  Session(const Session&) = delete;

  const Settings& settings() const { return settings_; }
  const http::Url& service() const { return service_; }
  const std::optional<crypto::PrivateKey>& private_key() const { return private_key_; }
  std::vector<std::string> warnings() const { return warnings_; }  // about the settings; a run says them
  http::Client& http() { return *http_; }
  auth::TokenSource& tokens();  // throws Error{INVALID_ARGUMENT} when there are no credentials
  boost::asio::io_context& io() { return io_; }
  // For what blocks, such as waiting for a disk.
  ThreadPool& disk() { return *disk_; }

  // May files be fetched from there?
  bool allows(const http::Url& url) const;

  // Calls `broken` when a handler on one of the threads has thrown something: nobody knows what did not happen then, so every
  // run ends with that error. Until `watch` is destroyed.
  class Watch {
   public:
    Watch(Session& session, std::function<void(const Error&)> broken);
    ~Watch();
    Watch(const Watch&) = delete;

   private:
    Session& session_;
    std::list<std::function<void(const Error&)>>::iterator place_;
  };

  // Tells every watch.
  void report_fault(const Error& error);

  // A thread of ours at work, for which the end of the process waits a moment. Throws when that has come.
  class Visit {
   public:
    explicit Visit(Session& session);
    ~Visit();
    Visit(const Visit&) = delete;

   private:
    Session& session_;
  };

  // The process is exiting and the threads were stopped: nothing that is under way ends any more, and nothing is to be
  // destroyed.
  bool abandoned() const { return abandoned_; }

 private:
  void start_threads();
  void start_resolver();
  void stop_threads();
  void abandon();
  void serve(int number);

  boost::asio::io_context io_;  // before what holds timers and sockets of it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<ThreadPool> disk_;
  Settings settings_;
  http::Url service_;
  std::vector<http::Url> allowed_origins_;
  std::optional<crypto::PrivateKey> private_key_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<auth::TokenSource> tokens_;
  std::vector<std::string> warnings_;
  std::vector<std::thread> threads_;
  pid_t process_ = ::getpid();
  std::atomic<bool> abandoned_{false};
  std::mutex serving_mutex_;
  std::condition_variable served_;
  int serving_ = 0;  // visits
  std::mutex watches_mutex_;
  std::list<std::function<void(const Error&)>> watches_;
  std::optional<StopAtExit> at_exit_;
};

// Loads the private key that the settings name, if they name one.
std::optional<crypto::PrivateKey> load_private_key(const Settings& settings);

Durability durability(const Settings& settings);

double random_jitter();  // in [0, 1), from OpenSSL's generator

}  // namespace libbcda::runtime
