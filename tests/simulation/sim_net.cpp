#include "simulation/sim_net.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "connection.hpp"
#include "fault_table.hpp"

namespace libbcda::simulation {

using world::ErrorCode;

// What both ends share.
struct SimNet::Connection : sandbox::Handler {
  Connection(SimNet& n, Speed speed, Break breaks)
      : net(n), trace(n.trace_), up(n.world_.clock(), speed, {}), down(n.world_.clock(), speed, breaks) {}
  void kill() {
    up.kill();
    down.kill();
  }
  void received(ssize_t n) {
    if (n <= 0) return;
    if (brings_file) net.file_bytes_received_ += n;
    taken += n;
    if (file && taken > framing) net.server_.ledger().received(*file, std::min(taken - framing, file->size));
  }
  // To be called before each part of an answer is sent. What comes before the body is sent by itself.
  void sending(ByteView part) {
    if (++parts == 1) is_chunked = as_text(part).find("Transfer-Encoding: chunked") != std::string_view::npos;
    if (parts == 1 || (parts == 2 && is_chunked)) framing += static_cast<std::int64_t>(part.size());
  }

  sandbox::Response answer(const sandbox::Request& request) override {
    brings_file = sandbox::is_file_request(request.line());
    sandbox::Response response = net.server_.answer(request);
    file = net.server_.take_answer();
    return response;
  }
  sandbox::Time now() const override { return net.server_.now(); }

  SimNet& net;
  Trace& trace;
  Pipe up, down;  // from the client, and to it
  bool brings_file = false;
  std::shared_ptr<Ledger::Answer> file;  // null: no bytes of a file come
  bool is_chunked = false;
  int parts = 0;                        // that were sent
  std::int64_t taken = 0, framing = 0;  // bytes that the client has read, and those of them that are not the body
};

namespace {

enum What { kResolve = 101, kConnect, kRead, kWrite, kServed };

class ClientEnd : public world::ByteStream {
 public:
  explicit ClientEnd(std::shared_ptr<SimNet::Connection> connection) : connection_(std::move(connection)) {}
  ~ClientEnd() override {
    connection_->up.finish();
    connection_->down.abandon();
  }

  ssize_t read(MutableBytes out) noexcept override {
    const ssize_t n = connection_->down.take(out, true);
    const int code = errno;
    connection_->trace.add(kRead, static_cast<std::uint64_t>(n));
    connection_->received(n);
    errno = code;
    return n;
  }
  ssize_t peek(MutableBytes out) noexcept override { return connection_->down.take(out, false); }
  ssize_t write(ByteView bytes) noexcept override {
    const std::size_t n = std::min(bytes.size(), connection_->up.room());
    connection_->trace.add(kWrite, n);
    if (n > 0 && connection_->up.put(bytes.first(n))) return static_cast<ssize_t>(n);
    errno = n > 0 ? EPIPE : EAGAIN;
    return -1;
  }

  Task<ErrorCode> wait(world::Ready what) override {
    interrupted_ = false;
    const bool reads = what == world::Ready::read;
    Pipe& pipe = reads ? connection_->down : connection_->up;
    while (reads ? !pipe.readable() : pipe.room() == 0 && !pipe.broken()) {
      Signal::Why why = Signal::Why::notified;
      if (reads)
        why = co_await pipe.wait_for_bytes();
      else
        why = co_await pipe.wait_for_room();
      if (interrupted_ || why == Signal::Why::canceled) co_return asio::error::operation_aborted;
    }
    co_return ErrorCode();
  }
  void interrupt() noexcept override {
    interrupted_ = true;
    connection_->down.interrupt();
    connection_->up.interrupt();
  }
  void detach() noexcept override {}
  void attach(const asio::any_io_executor&) override {}

 private:
  std::shared_ptr<SimNet::Connection> connection_;
  bool interrupted_ = false;
};

// Lives as long as the coroutine that serves the connection.
class ServerEnd : public sandbox::Stream {
 public:
  explicit ServerEnd(std::shared_ptr<SimNet::Connection> connection) : connection_(std::move(connection)) {}
  ~ServerEnd() override {
    connection_->down.finish();
    connection_->up.abandon();
  }

  Task<> handshake() override { co_return; }
  Task<std::size_t> read_some(MutableBytes into) override {
    for (;;) {
      const ssize_t n = connection_->up.take(into, true);
      if (n >= 0) co_return static_cast<std::size_t>(n);
      if (errno != EAGAIN) fail(ECONNRESET);
      const Signal::Why why = co_await connection_->up.wait_for_bytes();
      if (why == Signal::Why::canceled) fail(ECONNABORTED);
    }
  }
  Task<> write(ByteView bytes) override {
    connection_->sending(bytes);
    while (!bytes.empty()) {
      const std::size_t n = std::min(bytes.size(), connection_->down.room());
      if (connection_->down.broken()) fail(EPIPE);
      if (n == 0) {
        const Signal::Why why = co_await connection_->down.wait_for_room();
        if (why == Signal::Why::canceled) fail(ECONNABORTED);
        continue;
      }
      connection_->trace.add(kServed, n);
      if (!connection_->down.put(bytes.first(n))) fail(EPIPE);
      bytes = bytes.subspan(n);
    }
  }
  Task<> finish() override {
    connection_->down.finish();
    co_return;
  }
  Task<> reset() override {
    connection_->down.reset();
    co_return;
  }
  bool is_tls() const override { return false; }

 private:
  [[noreturn]] static void fail(int code) { throw boost::system::system_error(code, boost::system::system_category()); }

  std::shared_ptr<SimNet::Connection> connection_;
};

constexpr double kSmallestSegment = 1400, kLargestSegment = 128 << 10;
constexpr std::int64_t kSlowest = 300, kSlow = 20'000, kFast = 100'000'000;  // bytes per second

}  // namespace

void SimNet::kill() {
  dead_ = true;
  for (const auto& each : connections_)
    if (const auto connection = each.lock()) connection->kill();
}

// Waits while something travels to the other side and back.
Task<ErrorCode> SimNet::travel(Milliseconds time, Milliseconds limit) {
  ErrorCode error;
  if (time > limit) error = asio::error::timed_out;
  try {
    co_await world_.clock().sleep(std::min(time, limit));
  } catch (const Error&) {
    error = asio::error::operation_aborted;
  }
  co_return error;
}

Task<std::vector<world::Net::Endpoint>> SimNet::resolve(const std::string&, std::uint16_t port, Milliseconds limit,
                                                        ErrorCode& error) {
  trace_.add(kResolve);
  const Milliseconds time(dice_.magnitude(1, 500));
  const bool fails = dead_ || dice_.chance(faults_.look_up);
  error = co_await travel(time, limit);
  if (!error && fails) error = asio::error::host_not_found_try_again;
  std::vector<Endpoint> endpoints;
  if (!error && dice_.chance(0.5)) endpoints.emplace_back(asio::ip::address_v6::loopback(), port);
  if (!error) endpoints.emplace_back(asio::ip::address_v4::loopback(), port);
  co_return endpoints;
}

Break SimNet::draw_break() {
  const double luck = dice_.share();
  Break made{Break::Kind::none, dice_.magnitude(1, 2e6), Milliseconds(dice_.magnitude(100, 3e5))};
  if (luck < faults_.cut)
    made.kind = Break::Kind::cut;
  else if (luck < faults_.cut + faults_.reset)
    made.kind = Break::Kind::reset;
  else if (luck < faults_.cut + faults_.reset + faults_.stall)
    made.kind = Break::Kind::stall;
  return made;
}

std::shared_ptr<SimNet::Connection> SimNet::make_connection() {
  const bool slow = dice_.chance(faults_.slow);
  const Speed speed{Milliseconds(dice_.magnitude(1, 300)),
                    slow ? dice_.magnitude(kSlowest, kSlow) : dice_.magnitude(kSlow, kFast),
                    static_cast<std::size_t>(dice_.magnitude(kSmallestSegment, kLargestSegment))};
  auto made = std::make_shared<Connection>(*this, speed, draw_break());
  std::erase_if(connections_, [](const auto& each) { return each.expired(); });
  connections_.push_back(made);
  return made;
}

Task<std::unique_ptr<world::ByteStream>> SimNet::connect(const Endpoint&, Milliseconds limit, ErrorCode& error) {
  trace_.add(kConnect, static_cast<std::uint64_t>(world_.clock().now().steady.time_since_epoch().count()));
  const bool unanswered = dice_.chance(faults_.unanswered), refused = dice_.chance(faults_.refused);
  const Milliseconds time = unanswered ? Milliseconds::max() : Milliseconds(dice_.magnitude(1, 500));
  error = co_await travel(time, limit);
  if (!error && (dead_ || refused)) error = asio::error::connection_refused;
  if (error) co_return nullptr;
  const auto connection = make_connection();
  auto server = std::make_unique<ServerEnd>(connection);
  asio::co_spawn(world_.executor(), sandbox::serve(std::move(server), *connection, false), asio::detached);
  co_return std::make_unique<ClientEnd>(connection);
}

}  // namespace libbcda::simulation
