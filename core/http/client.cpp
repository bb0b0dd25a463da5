#include "http/client.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>

#include "base/error.hpp"

namespace libbcda::http {

namespace beast_http = boost::beast::http;
using std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t kHeadBuffer = 16 << 10;
constexpr std::size_t kIdlePerOrigin = 8;
constexpr auto kIdleFor = std::chrono::seconds(50);

Error protocol_error(const Url& url, const std::string& why) {
  return {Status::PROTOCOL, "the answer of " + url.origin() + std::string(url.path()) + " is not valid HTTP: " + why};
}

// Header values end up in events and logs, which are UTF-8.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return out;
}

// Credentials are in it.
struct WipedText {
  std::string text;
  ~WipedText() { wipe(text.data(), text.size()); }
};

void check_header(std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw Error(Status::INVALID_ARGUMENT, "a request header holds a line break or a NUL");
}

std::string serialise(const Request& request, const std::string& user_agent) {
  beast_http::request<beast_http::string_body> message;
  message.method_string(request.method);
  check_header(request.url.target);
  message.target(request.url.target);
  message.version(11);
  message.set(beast_http::field::host, request.url.authority());
  message.set(beast_http::field::user_agent, user_agent);
  for (const auto& [name, value] : request.headers) {
    check_header(value);
    message.set(name, value);
  }
  if (request.method != "GET") message.content_length(request.body.size());
  message.body() = request.body;
  beast_http::request_serializer<beast_http::string_body> serializer(message);
  std::string text;
  ErrorCode ec;
  while (!serializer.is_done() && !ec) {
    std::size_t size = 0;
    serializer.next(ec, [&](ErrorCode&, const auto& buffers) {
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        boost::asio::const_buffer piece(*it);
        text.append(static_cast<const char*>(piece.data()), piece.size());
        size += piece.size();
      }
    });
    serializer.consume(size);
  }
  return text;
}

}  // namespace

struct Response::State {
  State(Client& c, Url u) : client(&c), url(std::move(u)) {}

  Client* client;
  Url url;
  std::unique_ptr<Stream> stream;
  std::optional<beast_http::response_parser<beast_http::buffer_body>> parser;
  Answer head;
  Bytes buffer = Bytes(kHeadBuffer);  // grows for a long head, up to max_header_bytes
  std::size_t begin = 0, end = 0;     // bytes in `buffer` not yet consumed
  std::int64_t length = -1;
  std::int64_t remaining = 0;  // of a body with a known length
  bool direct = false;         // the body's bytes need no parser
  bool done = false;

  ByteView buffered() const { return {buffer.data() + begin, end - begin}; }

  Task<bool> fill() {  // false: the peer closed
    if (begin == end) begin = end = 0;
    if (begin > 0) {
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(begin), buffer.begin() + static_cast<std::ptrdiff_t>(end),
                buffer.begin());
      end -= begin;
      begin = 0;
    }
    std::size_t n = co_await stream->read_some({buffer.data() + end, buffer.size() - end});
    end += n;
    co_return n > 0;
  }

  // The parser wants a whole head at once.
  void grow(std::size_t max_header_bytes) {
    if (buffer.size() >= max_header_bytes) throw too_long();
    buffer.resize(std::min(buffer.size() * 2, max_header_bytes));
  }

  Error too_long() const {
    return {Status::LIMIT,
            "the answer of " + url.origin() + " has more headers than the setting max_header_bytes allows"};
  }

  std::size_t parse() {
    ErrorCode ec;
    ByteView bytes = buffered();
    std::size_t used = parser->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    begin += used;
    if (ec == beast_http::error::header_limit || ec == beast_http::error::buffer_overflow) throw too_long();
    if (ec && ec != beast_http::error::need_more && ec != beast_http::error::need_buffer)
      throw protocol_error(url, ec.message());
    return used;
  }

  Task<> read_head(std::size_t max_header_bytes, bool* answered);
  Task<std::size_t> read_body(MutableBytes out);
  Task<std::size_t> read_parsed(MutableBytes out);
  void finish();
};

Task<> Response::State::read_head(std::size_t max_header_bytes, bool* answered) {
  for (int interim = 0; interim < 5; ++interim) {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(max_header_bytes));
    parser->body_limit(boost::none);
    while (!parser->is_header_done()) {
      if (begin < end && parse() > 0) continue;
      if (end - begin == buffer.size()) grow(max_header_bytes);
      if (!co_await fill())
        throw std::move(Error(Status::NETWORK, url.origin() + " closed the connection without an answer").may_retry());
      if (answered) *answered = true;
    }
    if (parser->get().result_int() >= 200) break;
  }
  head.status = static_cast<int>(parser->get().result_int());
  if (head.status < 200) throw protocol_error(url, "only interim answers");
  for (const auto& field : parser->get()) head.headers.emplace_back(field.name_string(), printable(field.value()));
  parser->eager(true);
  if (parser->is_done()) {
    length = 0;
    finish();
  } else if (parser->content_length() && !parser->chunked()) {
    if (*parser->content_length() > INT64_MAX) throw protocol_error(url, "its Content-Length cannot be");
    direct = true;
    length = remaining = static_cast<std::int64_t>(*parser->content_length());
  }
}

void Response::State::finish() {
  done = true;
  // Left-over bytes would be the start of an answer nobody asked for.
  if (stream && parser->keep_alive() && begin == end) client->keep(url.origin(), stream->release());
  stream.reset();
}

Task<std::size_t> Response::State::read_body(MutableBytes out) {
  if (done || out.empty()) co_return 0;
  if (!direct) co_return co_await read_parsed(out);
  out = out.first(static_cast<std::size_t>(std::min<std::int64_t>(remaining, static_cast<std::int64_t>(out.size()))));
  std::size_t n = std::min(out.size(), end - begin);
  if (n > 0) {
    std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(begin), n, out.begin());
    begin += n;
  } else {
    n = co_await stream->read_some(out);
  }
  if (n == 0)
    throw std::move(Error(Status::NETWORK, url.origin() + " closed the connection with " + std::to_string(remaining) +
                                               " of " + std::to_string(length) + " bytes to go")
                        .may_retry());
  remaining -= static_cast<std::int64_t>(n);
  if (remaining == 0) finish();
  co_return n;
}

Task<std::size_t> Response::State::read_parsed(MutableBytes out) {
  for (;;) {
    if (parser->is_done()) {
      finish();
      co_return 0;
    }
    auto& body = parser->get().body();
    body.data = out.data();
    body.size = out.size();
    body.more = true;
    std::size_t used = begin < end ? parse() : 0;
    if (std::size_t got = out.size() - body.size; got > 0) co_return got;
    if (used > 0 || parser->is_done()) continue;
    if (end - begin == buffer.size()) throw protocol_error(url, "a chunk's head is too long");
    if (!co_await fill()) {
      ErrorCode ec;
      parser->put_eof(ec);
      if (ec)
        throw std::move(Error(Status::NETWORK, url.origin() + " closed the connection in mid-answer").may_retry());
    }
  }
}

Response::Response(std::unique_ptr<State> state) : state_(std::move(state)) {}
Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;
Response::~Response() = default;

const Answer& Response::head() const { return state_->head; }
std::int64_t Response::content_length() const { return state_->length; }
bool Response::delimited() const { return state_->length >= 0 || state_->parser->chunked(); }
Task<std::size_t> Response::read_some(MutableBytes out) { return state_->read_body(out); }

Client::Client(ClientOptions options) : options_(std::move(options)) {
  tls_ = std::make_shared<TlsContext>(options_.ca_file);
}

Client::~Client() = default;

std::unique_ptr<IdleConnection> Client::take_idle(const std::string& origin) {
  std::lock_guard lock(mutex_);
  auto& connections = idle_[origin];
  while (!connections.empty()) {
    auto connection = std::make_unique<IdleConnection>(std::move(connections.back()));
    connections.pop_back();
    if (steady_clock::now() - connection->since < kIdleFor && !Stream::stale(*connection)) return connection;
  }
  return nullptr;
}

void Client::keep(const std::string& origin, IdleConnection connection) {
  if (connection.fd < 0) return;
  std::lock_guard lock(mutex_);
  auto& connections = idle_[origin];
  connections.push_back(std::move(connection));
  if (connections.size() > kIdlePerOrigin) connections.pop_front();
}

Task<Response> Client::open(Request request, bool* answered) {
  auto executor = co_await asio::this_coro::executor;
  const WipedText wire{serialise(request, options_.user_agent)};
  for (;;) {
    auto state = std::make_unique<Response::State>(*this, request.url);
    auto idle = take_idle(request.url.origin());
    bool reused = idle != nullptr, got_bytes = false;
    if (reused) {
      state->stream = std::make_unique<Stream>(executor, request.url, options_.patience, std::move(*idle));
    } else {
      state->stream = std::make_unique<Stream>(executor, request.url, options_.patience);
      co_await state->stream->connect(*tls_);
    }
    state->stream->deadline(steady_clock::now() + options_.request_timeout);
    bool again = false;
    try {
      co_await state->stream->write_all(as_bytes(wire.text));
      co_await state->read_head(options_.max_header_bytes, &got_bytes);
    } catch (const Error& e) {
      // A kept connection may have been closed by the server meanwhile: that says nothing about this request.
      again = reused && !got_bytes && e.status == Status::NETWORK;
      if (answered) *answered = got_bytes;
      if (!again) throw;
    }
    if (again) continue;
    if (answered) *answered = true;
    if (state->stream) state->stream->deadline(steady_clock::time_point::max());
    co_return Response(std::move(state));
  }
}

Task<Answer> Client::send(Request request, std::size_t max_body, bool* answered) {
  auto limit = steady_clock::now() + options_.request_timeout;
  Response response = co_await open(std::move(request), answered);
  if (response.state_->stream) response.state_->stream->deadline(limit);
  Answer answer = response.head();
  std::array<std::uint8_t, 8192> buffer;
  while (std::size_t n = co_await response.read_some(buffer)) {
    if (answer.body.size() + n > max_body)
      throw Error(Status::LIMIT, "the answer of " + response.state_->url.origin() +
                                     std::string(response.state_->url.path()) + " is larger than the " +
                                     std::to_string(max_body) + " bytes allowed");
    answer.body.append(reinterpret_cast<const char*>(buffer.data()), n);
  }
  co_return answer;
}

}  // namespace libbcda::http
