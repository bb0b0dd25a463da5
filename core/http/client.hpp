// An HTTP/1.1 client with a connection pool, TLS and time limits. It reads bodies in constant memory.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/message.hpp"
#include "http/pace.hpp"
#include "http/proxy.hpp"
#include "http/stream.hpp"
#include "world/dialer.hpp"

namespace libbcda::http {

struct ClientOptions {
  std::string user_agent = "libbcda";
  Timeouts timeouts;
  Milliseconds request_timeout{120000};  // ends with the head of the answer, or, for send(), with its last byte
  std::size_t max_header_bytes = 64 << 10;
  int pace_requests = 0;  // at most so many requests within pace_period; 0: no limit
  Milliseconds pace_period{0};
  ProxyRules proxies;
  // The service. While it has a public address, other origins are reached at public addresses alone; nullopt: anywhere.
  std::optional<Url> home;
};

class Client;

// An answer whose body is not yet read. It must be used on the strand that opened it.
class Response {
 public:
  const Answer& head() const;
  // The length of the body as Content-Length states it. -1 if the length is unknown.
  std::int64_t content_length() const;
  // False if only the end of the connection ends the body. A truncated body then looks complete.
  bool delimited() const;
  // Whether all of the body has been read. Of a chunked body this may show only with the next read.
  bool at_end() const;
  // Reads the next bytes of the body. Returns 0 after the last one. Throws Error{NETWORK} if the body is truncated.
  Task<std::size_t> read_some(MutableBytes out);
  // Appends the body to `text`, up to `longest` bytes. Removes the request's credentials if the server repeats them, so
  // the text may be shown. Returns false if the body is longer. If reading fails, `text` has the bytes before that.
  Task<bool> read_text(std::string& text, std::size_t longest);

  // Removes the request's credentials from a text that was made from the body.
  void clean(std::string& text) const;

  // Adds the next piece of such a text, if the text may be long. False: it was the last one.
  Task<bool> read_text_piece(std::string& text);
  // Gives what is read from now on the time limit request_timeout, counted from now.
  void limit_time();

  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

 private:
  friend class Client;
  struct State;
  explicit Response(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Thread-safe. Does not follow redirects, but returns them as answers. Does not change headers, except that it removes
// the request's credentials if the server repeats them. Where there is a pace, a request waits for its turn first, which
// no time limit counts.
class Client {
 public:
  Client(ClientOptions options, std::shared_ptr<TlsContext> tls, world::World& world);
  ~Client();

  // Sends the request and waits for the head of the answer. `reach` (nullable) says how far the request got, also if this
  // throws.
  Task<Response> open(Request request, Reach* reach = nullptr);

  // Does the same and reads the whole body as text, within request_timeout. Throws Error{LIMIT} if the body has more
  // than `max_body` bytes. With another status than 200, such a body is cut, because it only explains the status.
  Task<Answer> send(Request request, std::size_t max_body, Reach* reach = nullptr);

  // The client certificate, if there is one, is for the origin of `url` too. See TlsContext.
  void offer_certificate_to(const Url& url) { tls_->offer_certificate_to(url.origin()); }

 private:
  friend class Response;
  Task<> wait_for_turn();
  Task<Response> open_now(Request request, Reach* reach);
  bool is_at_home(const Url& url) const { return !options_.home || same_origin(url, *options_.home); }
  std::unique_ptr<IdleConnection> take_idle(const std::string& origin);
  void keep(const std::string& origin, IdleConnection connection);

  ClientOptions options_;
  world::World& world_;
  std::shared_ptr<TlsContext> tls_;
  world::Dialer::Home home_;
  Pace pace_;
  world::Dialer dialer_;
  std::mutex mutex_;
  std::map<std::string, std::deque<IdleConnection>> idle_;  // by origin, newest last
};

}  // namespace libbcda::http
