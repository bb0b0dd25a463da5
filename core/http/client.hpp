// An HTTP/1.1 client: connection pool, TLS, time limits, bodies read in constant memory.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/message.hpp"
#include "http/stream.hpp"

namespace libbcda::http {

struct ClientOptions {
  std::string user_agent = "libbcda";
  Patience patience;
  Milliseconds request_timeout{120000};  // request to answer's head; for send() to its last byte
  std::size_t max_header_bytes = 64 << 10;
};

class Client;

// An answer whose body is still to be read. Use it on the strand that opened it.
class Response {
 public:
  const Answer& head() const;
  // Bytes of the body as Content-Length promises; -1 when only the end will tell.
  std::int64_t content_length() const;
  // False when the body ends with the connection: a cut would look like an end.
  bool delimited() const;
  // The next bytes of the body; 0 after the last. A body that is cut short throws Error{NETWORK}.
  Task<std::size_t> read_some(MutableBytes out);
  // Adds the body to `text`, up to `longest` bytes, without the request's credentials should the server repeat them. For
  // what may be shown. False: the body goes on. When reading fails `text` holds what came before.
  Task<bool> read_text(std::string& text, std::size_t longest);

  // Adds the next piece of such a text, if the text may be long. False: it was the last one.
  Task<bool> read_text_piece(std::string& text);
  // A time limit for what is read from now on.
  void limit_time(Milliseconds duration);

  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

 private:
  friend class Client;
  struct State;
  explicit Response(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Thread-safe. Redirects are not followed: they come back as answers. Headers come byte for byte, but without the
// request's credentials should the server repeat them.
class Client {
 public:
  Client(ClientOptions options, std::shared_ptr<TlsContext> tls, world::World& world);
  ~Client();

  // Sends and waits for the head of the answer. `answered` (nullable) is set once the first byte of one came.
  Task<Response> open(Request request, bool* answered = nullptr);

  // The same with the whole body, read as a text, up to `max_body` bytes, within request_timeout. Throws Error{LIMIT}
  // beyond.
  Task<Answer> send(Request request, std::size_t max_body, bool* answered = nullptr);

 private:
  friend class Response;
  std::unique_ptr<IdleConnection> take_idle(const std::string& origin);
  void keep(const std::string& origin, IdleConnection connection);

  ClientOptions options_;
  world::World& world_;
  std::shared_ptr<TlsContext> tls_;
  std::mutex mutex_;
  std::map<std::string, std::deque<IdleConnection>> idle_;  // by origin, newest last
};

}  // namespace libbcda::http
