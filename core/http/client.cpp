#include "http/client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "http/redact.hpp"
#include "http/request_text.hpp"
#include "http/status_line.hpp"

namespace libbcda::http {

namespace beast_http = boost::beast::http;

namespace {

constexpr std::size_t kHeadBuffer = 16 << 10;
constexpr std::size_t kTextPiece = 64 << 10;
constexpr std::size_t kIdlePerOrigin = 8;
constexpr auto kIdleFor = std::chrono::seconds(50);

Error protocol_error(const Url& url, const std::string& why) {
  return {Status::PROTOCOL, "the answer of " + url.shown() + " is not valid HTTP: " + why};
}

// A text with credentials. It is wiped when it is destroyed.
struct WipedText {
  std::string text;
  ~WipedText() { wipe(text.data(), text.size()); }
};

// What must not be shown. A proxy could put its own credentials into an answer that is not encrypted.
Request secrets_of(const Request& request, const Proxy* proxy) {
  Request secret;
  secret.headers = request.headers;
  secret.secrets = request.secrets;
  secret.url_secrets = request.url_secrets;
  if (proxy && !proxy->credentials.empty())
    secret.headers.emplace_back("Proxy-Authorization", std::string(proxy->credentials.reveal()));
  return secret;
}

// Refuses every transfer coding except `chunked` alone. This client cannot decode another coding, so it would take the
// encoded bytes for the body.
void check_transfer_coding(const beast_http::fields& fields, const Url& url) {
  std::string codings;
  for (auto [field, end] = fields.equal_range(beast_http::field::transfer_encoding); field != end; ++field)
    codings += (codings.empty() ? "" : ", ") + std::string(field->value());
  if (codings.empty() || boost::beast::iequals(codings, "chunked")) return;
  throw protocol_error(
      url, "its Transfer-Encoding is " + quote(codings) + ", but only the transfer coding chunked is supported");
}

}  // namespace

struct Response::State {
  State(Client& c, const Request& request, const Proxy* proxy)
      : client(&c), url(request.url), redactor(secrets_of(request, proxy)) {}

  Client* client;
  Url url;
  Redactor redactor;
  TextRedactor text{redactor};
  Bytes piece;  // of a text
  std::unique_ptr<Stream> stream;
  std::optional<beast_http::response_parser<beast_http::buffer_body>> parser;
  Answer head;
  Bytes buffer = Bytes(kHeadBuffer);  // grows for a long head, up to max_header_bytes
  std::size_t begin = 0, end = 0;     // bytes in `buffer` not yet consumed
  std::int64_t length = -1;
  std::int64_t remaining = 0;  // bytes of a body with a known length that are not yet read
  bool direct = false;         // the body needs no parser, because it is not chunked
  bool done = false;

  ByteView buffered() const { return {buffer.data() + begin, end - begin}; }

  Task<bool> fill() {  // returns false if the peer closed the connection
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

  // Enlarges the buffer, because the parser needs the whole head at once.
  void grow(std::size_t max_header_bytes) {
    if (buffer.size() >= max_header_bytes) throw too_long();
    buffer.resize(std::min(buffer.size() * 2, max_header_bytes));
  }

  Error too_long() const {
    return {Status::LIMIT,
            "the answer of " + url.shown() + " has more headers than the setting max_header_bytes allows"};
  }

  std::size_t parse() {
    ErrorCode ec;
    ByteView bytes = buffered();
    std::size_t used = 0;
    try {
      used = parser->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    } catch (const std::length_error&) {  // Beast has its own limit for one field, below max_header_bytes
      throw Error(Status::LIMIT, "the answer of " + url.shown() + " has a header of more than 64 KiB");
    }
    begin += used;
    if (ec == beast_http::error::header_limit || ec == beast_http::error::buffer_overflow) throw too_long();
    if (ec && ec != beast_http::error::need_more && ec != beast_http::error::need_buffer)
      throw protocol_error(url, ec.message());
    return used;
  }

  // Adds a blank after the code of a status line that ends there, because Beast requires this blank.
  void add_blank() {
    const auto at = [&](std::size_t i) { return buffer.begin() + static_cast<std::ptrdiff_t>(i); };
    if (begin == 0) {
      buffer.insert(at(kStatusLineCode), ' ');
      ++end;
      return;
    }
    std::copy(at(begin), at(begin + kStatusLineCode), at(begin - 1));
    --begin;
    buffer[begin + kStatusLineCode] = ' ';
  }

  Task<> read_head(std::size_t max_header_bytes, bool* answered);
  Task<> read_one_head(std::size_t max_header_bytes, bool* answered);
  Task<std::size_t> read_body(MutableBytes out);
  Task<std::size_t> read_parsed(MutableBytes out);
  void finish();
};

Task<> Response::State::read_one_head(std::size_t max_header_bytes, bool* answered) {
  parser.emplace();
  parser->header_limit(static_cast<std::uint32_t>(max_header_bytes));
  parser->body_limit(boost::none);
  bool has_begun = begin < end, is_timed = false;
  // True after Beast has received bytes. The status line is checked before that, because Beast remembers its position.
  bool started = false;
  while (!parser->is_header_done()) {
    if (!started && !url.tls() && is_tls_alert(as_text(buffered())))
      throw Error(Status::PROTOCOL, url.shown() + ": the port speaks TLS; use https:// in the setting url");
    const StatusLine line = started ? StatusLine::other : look_at_status_line(as_text(buffered()));
    if (line == StatusLine::lacks_blank) add_blank();
    started = line != StatusLine::unfinished;
    if (started && begin < end && parse() > 0) continue;
    if (end - begin == buffer.size()) grow(max_header_bytes);
    if (has_begun && !std::exchange(is_timed, true)) stream->limit_speed();
    const bool more = co_await fill();
    if (!more)
      throw std::move(
          Error(Status::NETWORK, url.shown() + ": the connection was closed without an answer").may_retry());
    if (answered) *answered = true;
    has_begun = true;
  }
  stream->lift_speed_limit();  // after an interim answer, the server may think
}

Task<> Response::State::read_head(std::size_t max_header_bytes, bool* answered) {
  for (;;) {
    co_await read_one_head(max_header_bytes, answered);
    head.status = static_cast<int>(parser->get().result_int());
    if (head.status >= 200) break;
    if (head.status == 101) throw protocol_error(url, "it switches to another protocol without a request for that");
    // A server may send any number of interim answers (RFC 9110 section 15.2) before the deadline. This post lets the
    // deadline and a cancellation take effect even if the server never pauses.
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  }
  check_transfer_coding(parser->get(), url);
  for (const auto& field : parser->get()) head.headers.emplace_back(field.name_string(), field.value());
  redactor.clean(head.headers);
  parser->eager(true);
  if (parser->is_done()) {
    length = 0;
    finish();
    co_return;
  }
  if (parser->content_length() && !parser->chunked()) {
    if (*parser->content_length() > INT64_MAX) throw protocol_error(url, "its Content-Length is too large");
    direct = true;
    length = remaining = static_cast<std::int64_t>(*parser->content_length());
  }
  stream->limit_speed();
}

void Response::State::finish() {
  done = true;
  // With bytes left in the buffer the connection is not kept, because a later request would take them for its answer.
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
    throw std::move(Error(Status::NETWORK, url.shown() + ": the connection was closed with " +
                                               std::to_string(remaining) + " of " + std::to_string(length) +
                                               " bytes missing")
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
    if (end - begin == buffer.size()) throw protocol_error(url, "the head of a chunk is too long");
    if (!co_await fill()) {
      ErrorCode ec;
      parser->put_eof(ec);
      if (ec)
        throw std::move(
            Error(Status::NETWORK, url.shown() + ": the connection was closed in the middle of an answer").may_retry());
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
bool Response::at_end() const { return state_->done; }
Task<std::size_t> Response::read_some(MutableBytes out) { return state_->read_body(out); }

Task<bool> Response::read_text(std::string& text, std::size_t longest) {
  std::exception_ptr failure;
  bool more = true;
  try {
    std::array<std::uint8_t, 8192> buffer;
    while (more && text.size() <= longest) {
      const std::size_t n = co_await read_some(buffer);
      text.append(as_text({buffer.data(), n}));
      more = n > 0;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  bool whole = text.size() <= longest;
  if (!whole) text.resize(longest);
  state_->redactor.clean(text);
  whole = whole && text.size() <= longest;  // what stands for credentials may be longer than they are
  text.resize(std::min(text.size(), longest));
  if (failure) std::rethrow_exception(failure);
  co_return whole;
}

void Response::clean(std::string& text) const { state_->redactor.clean(text); }

Task<bool> Response::read_text_piece(std::string& text) {
  state_->piece.resize(kTextPiece);
  std::size_t filled = 0;
  bool more = true;
  while (more && filled < kTextPiece) {  // because a server may send one byte at a time
    const std::size_t n = co_await read_some({state_->piece.data() + filled, kTextPiece - filled});
    filled += n;
    more = n > 0;
  }
  text += state_->text.feed(as_text({state_->piece.data(), filled}));
  if (!more) text += state_->text.finish();
  co_return more;
}

void Response::limit_time() {
  const Client& client = *state_->client;
  if (state_->stream) state_->stream->deadline(client.world_.clock().now().steady + client.options_.request_timeout);
}

Client::Client(ClientOptions options, std::shared_ptr<TlsContext> tls, world::World& world)
    : options_(std::move(options)),
      world_(world),
      tls_(std::move(tls)),
      home_(options_.home ? world::Dialer::Home{options_.home->host, options_.home->port} : world::Dialer::Home{}),
      pace_(options_.pace_requests, options_.pace_period),
      dialer_(world) {}

Client::~Client() = default;

std::unique_ptr<IdleConnection> Client::take_idle(const std::string& origin) {
  std::lock_guard lock(mutex_);
  auto& connections = idle_[origin];
  while (!connections.empty()) {
    auto connection = std::make_unique<IdleConnection>(std::move(connections.back()));
    connections.pop_back();
    if (world_.clock().now().steady - connection->since < kIdleFor && !Stream::stale(*connection)) return connection;
  }
  return nullptr;
}

void Client::keep(const std::string& origin, IdleConnection connection) {
  std::lock_guard lock(mutex_);
  auto& connections = idle_[origin];
  connections.push_back(std::move(connection));
  if (connections.size() > kIdlePerOrigin) connections.pop_front();
}

Task<> Client::wait_for_turn() {
  const Milliseconds wait = pace_.take_turn(world_.clock().now().steady);
  if (wait.count() > 0) co_await world_.clock().sleep(wait);
}

Task<Response> Client::open(Request request, Reach* reach) {
  co_await wait_for_turn();
  co_return co_await open_now(std::move(request), reach);
}

Task<Response> Client::open_now(Request request, Reach* reach) {
  auto executor = co_await asio::this_coro::executor;
  const WipedText wire{request_text(request, options_.user_agent)};
  const Proxy* const proxy = options_.proxies.find(request.url);
  for (;;) {
    auto state = std::make_unique<Response::State>(*this, request, proxy);
    auto idle = request.may_repeat ? take_idle(request.url.origin()) : nullptr;
    bool reused = idle != nullptr, got_bytes = false;
    if (reused) {
      state->stream =
          std::make_unique<Stream>(world_, executor, request.url, proxy, options_.timeouts, std::move(*idle));
    } else {
      state->stream = std::make_unique<Stream>(world_, executor, request.url, proxy, options_.timeouts);
      co_await state->stream->connect(*tls_, dialer_, is_at_home(request.url) ? nullptr : &home_);
    }
    state->stream->deadline(world_.clock().now().steady + options_.request_timeout);
    bool again = false;
    if (reach) *reach = Reach::sent;
    try {
      co_await state->stream->write_all(as_bytes(wire.text));
      co_await state->read_head(options_.max_header_bytes, &got_bytes);
    } catch (const Error& e) {
      // The server may have closed an idle connection before this request. Such a failure is not one of the request, so
      // the request is sent again on another connection.
      const bool silent = !got_bytes && e.status == Status::NETWORK;
      again = reused && silent;
      if (reach && got_bytes) *reach = Reach::answered;
      if (!again && silent && !request.url.tls()) {
        Error hinted = e;
        hinted.message += "; if the port speaks TLS, use https:// in the setting url";
        throw hinted;
      }
      if (!again) throw;
    }
    if (again) continue;
    if (reach) *reach = Reach::answered;
    if (state->stream) state->stream->deadline(Steady::max());
    co_return Response(std::move(state));
  }
}

Task<Answer> Client::send(Request request, std::size_t max_body, Reach* reach) {
  co_await wait_for_turn();
  auto limit = world_.clock().now().steady + options_.request_timeout;
  Response response = co_await open_now(std::move(request), reach);
  if (response.state_->stream) response.state_->stream->deadline(limit);
  Answer answer = response.head();
  const bool is_whole = co_await response.read_text(answer.body, max_body);
  if (!is_whole && answer.status == 200)
    throw Error(Status::LIMIT, "the answer of " + response.state_->url.shown() + " is larger than the " +
                                   std::to_string(max_body) + " bytes allowed");
  co_return answer;
}

}  // namespace libbcda::http
