// Unusual HTTP from proxies and gateways, and how the client handles it.
#include <openssl/ssl.h>

#include "integration/scripted_service.hpp"
#include "support/certificate.hpp"

namespace bcda_test {
namespace {

struct Answered {
  bcda::Status status = BCDA_OK;
  std::string text;  // the body, or the error's message
  bool retriable = false;
};

// Requests the metadata, which needs no token.
Answered ask(const bcda::Config& config) {
  try {
    return {BCDA_OK, bcda::Client(config).metadata(), false};
  } catch (const bcda::Error& e) {
    return {e.status(), e.what(), e.retriable()};
  }
}

Answered answer_with(const std::string& bytes, const char* request_timeout = "1m") {
  ScriptedServer server([&](const std::string&) { return bytes; });
  return ask({{"url", server.url()}, {"request_timeout", request_timeout}});
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

testing::AssertionResult holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess() << "it holds " << part;
  return testing::AssertionFailure() << text << " does not hold " << part;
}

const std::string kEmptyObject = "Content-Length: 2\r\n\r\n{}";

TEST(Http, AStatusLineWithoutAReasonPhraseIsTaken) {
  EXPECT_EQ(answer_with("HTTP/1.1 200\r\n" + kEmptyObject).text, "{}");
  EXPECT_EQ(answer_with("HTTP/1.0 200\r\n" + kEmptyObject).text, "{}");
  EXPECT_EQ(answer_with("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").text, "{}");
  EXPECT_TRUE(holds(answer_with("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n").text, "HTTP 404"));
}

TEST(Http, NoByteIsLostWhenTheBlankIsAdded) {
  // The blank is added before a body, after an interim answer, in a full buffer, and with both at once.
  const std::string body = "{\"a\":\"" + std::string(40000, 'x') + "\"}";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_EQ(answer_with("HTTP/1.1 200\r\n" + length).text, body);
  EXPECT_EQ(answer_with("HTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\n" + length).text, body);
  EXPECT_EQ(answer_with(repeated("HTTP/1.1 102\r\n\r\n", 3000) + "HTTP/1.1 200\r\n" + length).text, body);
  EXPECT_EQ(answer_with("HTTP/1.1 200\r\nX: " + std::string(30000, 'y') + "\r\n" + length).text, body);
  EXPECT_EQ(answer_with("HTTP/1.1 102 A\r\nX: " + std::string(16300, 'y') + "\r\n\r\nHTTP/1.1 200\r\n" + length).text,
            body);
}

TEST(Http, AStatusLineThatBreaksOffIsNoAnswer) {
  const std::string line = "HTTP/1.1 200\r\n";
  for (std::size_t size = 0; size < line.size(); ++size) {
    Answered answered = answer_with(line.substr(0, size));
    EXPECT_EQ(answered.status, BCDA_NETWORK) << size;
    EXPECT_TRUE(holds(answered.text, "/api/v3/metadata: the connection was closed without an answer"));
  }
}

TEST(Http, AnyNumberOfInterimAnswersIsTaken) {
  const std::string last = ok("Content-Length: 2\r\n", "{}");
  for (const char* interim : {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n",
                              "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "HTTP/1.1 199\r\n\r\n"})
    for (int times : {1, 5, 6, 1000})
      EXPECT_EQ(answer_with(repeated(interim, times) + last).text, "{}") << interim << times;
}

TEST(Http, AServerThatSwitchesProtocolsIsRefused) {
  EXPECT_EQ(answer_with("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n").status, BCDA_PROTOCOL);
}

TEST(Http, APortThatSpeaksTlsIsReported) {
  const std::string alert("\x15\x03\x01\x00\x02\x02\x46", 7), head = "HTTP/1.1 400 Bad Request\r\nContent-Length: ";
  const std::string go = "Client sent an HTTP request to an HTTPS server.\n";
  const std::string nginx = "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>";
  for (const std::string& bytes :
       {alert, head + std::to_string(go.size()) + "\r\n\r\n" + go,
        head + std::to_string(nginx.size()) + "\r\nContent-Type: text/html\r\n\r\n" + nginx}) {
    const Answered answered = answer_with(bytes);
    EXPECT_TRUE(holds(answered.text, "the port speaks TLS; use https:// in the setting url"));
    EXPECT_FALSE(answered.retriable);
    ScriptedServer server([&](const std::string&) { return bytes; });
    bcda::Client client({{"url", server.url()}, {"client_id", "x"}, {"client_secret", "y"}});
    bcda::Run run = client.start_manifest();
    try {
      run.wait();
      ADD_FAILURE() << "it must fail";
    } catch (const bcda::Error& e) {
      EXPECT_TRUE(holds(e.what(), "the port speaks TLS; use https:// in the setting url"));
      EXPECT_FALSE(e.retriable());
    }
  }
  EXPECT_TRUE(holds(answer_with("").text, "without an answer; if the port speaks TLS, use https://"));
}

// A server on loopback that sends interim answers as long as the client reads them.
class Flood {
 public:
  Flood() : server_([this](const std::string&) { return chunk_; }) {}
  std::string url() const { return server_.url(); }

 private:
  // More than a client can read within the deadline of the test.
  std::string chunk_ = repeated("HTTP/1.1 102 Processing\r\n\r\n", 1 << 21);
  ScriptedServer server_;
};

TEST(Http, AFloodOfInterimAnswersCausesATimeout) {
  Flood flood;
  Answered answered = ask({{"url", flood.url()}, {"request_timeout", "200ms"}});
  EXPECT_EQ(answered.status, BCDA_TIMEOUT) << answered.text;
  EXPECT_TRUE(holds(answered.text, "/api/v3/metadata"));
}

TEST(Http, ATransferCodingInFrontOfChunkedIsRefused) {
  const std::string body = "2\r\n{}\r\n0\r\n\r\n";
  for (const char* coding : {"gzip, chunked", "chunked, gzip", "gzip", "identity", "chunked, chunked", "x",
                             "\xFF, chunked", "gzip\r\nTransfer-Encoding: chunked"}) {
    Answered answered = answer_with(ok(std::string("Transfer-Encoding: ") + coding + "\r\n", body));
    EXPECT_EQ(answered.status, BCDA_PROTOCOL) << coding << ": " << answered.text;
  }
  EXPECT_TRUE(holds(answer_with(ok("Transfer-Encoding: gzip, chunked\r\n", body)).text,
                    "Transfer-Encoding is \"gzip, chunked\""));
  EXPECT_EQ(answer_with(ok("Transfer-Encoding: Chunked\r\n", body)).text, "{}");
}

TEST(Http, AFileUnderATransferCodingIsNotPublished) {
  ScriptedService service(
      [](int) { return std::string(R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson"}]})"); },
      [](const std::string&) {
        const std::string line = "{\"resourceType\":\"Patient\"}\n";
        return ok("Transfer-Encoding: gzip, chunked\r\n", "1b\r\n" + line + "\r\n0\r\n\r\n");
      });
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_PROTOCOL) << outcome.message;
  EXPECT_TRUE(data_files(dir / "out").empty());
}

TEST(Http, AHeaderBeyondTheParsersOwnLimitIsALimit) {
  ScriptedServer server(
      [](const std::string&) { return ok("X: " + std::string(200000, 'y') + "\r\nContent-Length: 2\r\n", "{}"); });
  Answered answered = ask({{"url", server.url()}, {"max_header_bytes", "1048576"}});
  EXPECT_EQ(answered.status, BCDA_LIMIT) << answered.text;
}

TEST(Http, ARequestThatNoServerTakesIsATypedError) {
  EXPECT_EQ(ask({{"url", "http://127.0.0.1:1"}, {"user_agent", std::string(70000, 'x')}}).status,
            BCDA_INVALID_ARGUMENT);
  ScriptedService service(
      [](int) { return R"({"output":[{"type":"Patient","url":"/data/)" + std::string(70000, 'x') + R"("}]})"; });
  TempDir dir;
  EXPECT_EQ(export_from(service, dir / "out").status, BCDA_PROTOCOL);
}

TEST(Http, ErrorsHaveThePathWithoutItsQuery) {
  ScriptedService service(
      [](int) { return std::string(R"({"output":[{"type":"Patient","url":"/data/a.ndjson?sig=hunter2"}]})"); },
      [](const std::string&) { return std::string(); });
  TempDir dir;
  Outcome outcome = export_from(service, dir / "out");
  EXPECT_EQ(outcome.status, BCDA_NETWORK);
  EXPECT_TRUE(holds(outcome.message, "/data/a.ndjson: the connection was closed without an answer"));
  EXPECT_FALSE(holds(outcome.message, "hunter2"));
}

// ---- Credentials that the service repeats

const std::string kToken = "eyJhbGci.header.payload.sig";
const std::string kSecret = "hunter2-hunter2";

std::string authorization_of(const std::string& head) {
  const std::string name = "\r\nAuthorization: ";
  const std::size_t at = head.find(name);
  return at == std::string::npos ? "" : head.substr(at + name.size(), head.find("\r\n", at + 2) - at - name.size());
}

// A service that repeats the credentials of a request at the stage `stage`.
class Echo {
 public:
  explicit Echo(std::string stage) : stage_(std::move(stage)) {}
  Outcome run(const std::string& out) const {
    bcda::Config config{{"url", server_.url()},      {"client_id", "id"},      {"client_secret", kSecret},
                        {"types", "Patient"},        {"retries", "0"},         {"poll_interval", "1ms"},
                        {"allow_plaintext", "true"}, {"durability", "process"}};
    return export_to(config, out);
  }

 private:
  static std::string refusal(const std::string& body, const std::string& type) {
    return "HTTP/1.1 400 No\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  std::string answer(const std::string& head) {
    const std::string said = authorization_of(head), alone = said.substr(said.find(' ') + 1);
    const std::string outcome = R"({"resourceType":"OperationOutcome","issue":[{"diagnostics":"bad )" + alone + "\"}]}";
    const auto at = [&](const char* stage, const std::string& target) {
      return stage_ == stage && head.find(target) != std::string::npos;
    };
    if (at("token", "/auth/token"))
      return refusal("bad " + said + " id:" + kSecret + " " + kSecret, "text/plain").replace(9, 3, "404");
    if (head.find("/auth/token") != std::string::npos) return sized(R"({"access_token":")" + kToken + "\"}");
    if (at("kick-off text", "$export")) return refusal("bad " + said, "text/plain");
    if (at("kick-off outcome", "$export")) return refusal(outcome, "application/json");
    if (at("kick-off page", "$export")) return refusal("<html><title>" + said + "</title>", "text/html");
    if (at("location", "$export"))
      return "HTTP/1.1 202 A\r\nContent-Location: /jobs/" + alone + "\r\nContent-Length: 0\r\n\r\n";
    if (head.find("$export") != std::string::npos)
      return "HTTP/1.1 202 A\r\nContent-Location: /api/v1/jobs/1\r\nContent-Length: 0\r\n\r\n";
    if (at("progress", "/jobs/") && ++polls_ < 3)
      return "HTTP/1.1 202 A\r\nX-Progress: " + said + " (5%)\r\nContent-Length: 0\r\n\r\n";
    if (head.find("/jobs/") != std::string::npos)
      return sized(R"({"transactionTime":")" + std::string(stage_ == "manifest" ? alone : "") +
                   R"(","output":[{"type":"Patient","url":"/data/a.ndjson"}]})");
    if (at("file text", "/data/")) return refusal("bad " + said, "text/plain");
    if (at("file coding", "/data/")) return sized("x", "Content-Encoding: " + alone + "\r\n");
    return sized("{\"resourceType\":\"Patient\"}\n");
  }

  std::string stage_;
  std::atomic<int> polls_{0};
  ScriptedServer server_{[this](const std::string& head) { return answer(head); }};
};

TEST(Http, CredentialsThatTheServiceRepeatsAreNotShown) {
  for (const char* stage : {"token", "kick-off text", "kick-off outcome", "kick-off page", "location", "progress",
                            "manifest", "file text", "file coding"}) {
    SCOPED_TRACE(stage);
    TempDir dir;
    Outcome outcome = Echo(stage).run(dir / "out");
    std::string said = outcome.message + outcome.outcome;
    for (const std::string& line : outcome.json) said += line;
    for (const std::string& name : visible_files(dir / "out")) said += read(dir / ("out/" + name));
    for (const std::string& secret : {kToken, kSecret, std::string("aWQ6aHVudGVyMi1odW50ZXIy")})
      EXPECT_EQ(said.find(secret), std::string::npos) << said;
    EXPECT_TRUE(holds(said, std::string(stage) == "location" ? "not a usable URL" : "[credentials removed]"));
  }
}

// ---- Bytes that are not ASCII

TEST(Http, ALocationWithOtherBytesThanAUrlsIsRefused) {
  for (const char* byte : {"\x80", "\xC3\xA9", "\xFF"}) {
    ScriptedService service([](int) { return std::string(R"({"output":[]})"); });
    service.status_url = std::string("/api/v1/jobs/1") + byte;
    TempDir dir;
    Outcome outcome = export_from(service, dir / "out");
    EXPECT_EQ(outcome.status, BCDA_PROTOCOL);
    EXPECT_TRUE(holds(outcome.message, "Content-Location"));
  }
}

// ---- Web pages

TEST(Http, APageInsteadOfMetadataOrAManifestIsReported) {
  const std::string page = "<html><title>Sign in</title></html>";
  ScriptedServer metadata([&](const std::string&) { return sized(page); });
  EXPECT_TRUE(holds(ask({{"url", metadata.url()}}).text, "a web page titled \"Sign in\""));
  ScriptedService service([&](int) { return page; });
  TempDir dir;
  EXPECT_TRUE(
      holds(export_from(service, dir / "out").message, "the status request for Patient was answered with a web page"));
}

// ---- A slow sink

// The first write waits until another client with the same idle_timeout has timed out.
struct BusyFile : bcda::SinkFile {
  explicit BusyFile(const bcda::Config& s) : silent(s) {}
  void write(std::string_view) override {
    if (waited) return;
    waited = true;
    EXPECT_EQ(ask(silent).status, BCDA_TIMEOUT);
  }
  void commit(std::int64_t, const std::string&) override {}
  void abort() override {}
  const bcda::Config& silent;
  bool waited = false;
};

TEST(Http, TheTimeOfASinkIsNotIdleTime) {
  ScriptedServer silent([](const std::string&) { return ok("Content-Length: 5\r\nConnection: keep-alive\r\n", ""); });
  const bcda::Config impatient{{"url", silent.url()}, {"idle_timeout", "1s"}};
  // The body is larger than the buffers of the connection, so the client must wait for the server after the pause.
  const std::string body =
      repeated("{\"resourceType\":\"Patient\",\"id\":\"" + std::string(1000, '1') + "\"}\n", 16000);
  ScriptedService service([](int) { return std::string(R"({"output":[{"type":"Patient","url":"/data/a.ndjson"}]})"); },
                          [&](const std::string&) { return sized(body); });
  bcda::Sink sink([&](std::string_view, std::string_view) { return std::make_unique<BusyFile>(impatient); });
  bcda::Config config = config_for(service);
  config.set("idle_timeout", "1s").set("retries", "0");
  bcda::Client client(config);
  bcda::Run run = client.start_export({}, sink);
  Outcome outcome = follow(run);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
}

// ---- TLS

// Accepts connections. Does the handshake of each one, answers a request if the handshake succeeded, and closes it.
class TlsServer {
 public:
  explicit TlsServer(libbcda::test::ServerContext context) : context_(std::move(context)) {
    SSL_CTX_set_client_hello_cb(context_.get(), note_groups, this);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 4) != 0)
      throw std::runtime_error("cannot listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  // Closes so many of the next connections without a handshake.
  void refuse(int connections) { refused_ = connections; }
  // From the next connection on, it knows only this group for the key exchange.
  void require_group(const char* name) { group_ = name; }
  // Whether each connection so far went on with the session of an earlier one.
  std::vector<bool> resumed() const {
    const std::lock_guard lock(mutex_);
    return resumed_;
  }
  // How many groups for the key exchange each connection so far has offered.
  std::vector<std::size_t> groups_offered() const {
    const std::lock_guard lock(mutex_);
    return groups_offered_;
  }

 private:
  void serve() {
    for (;;) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      if (refused_ > 0) {
        --refused_;
        close(connection);
        continue;
      }
      libbcda::test::ServerSsl ssl(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), connection);
      if (const char* group = group_) SSL_set1_groups_list(ssl.get(), group);
      if (SSL_accept(ssl.get()) == 1) answer(ssl.get());
      ssl.reset();
      close(connection);
    }
  }

  void answer(SSL* ssl) {
    {
      const std::lock_guard lock(mutex_);
      resumed_.push_back(SSL_session_reused(ssl) == 1);
    }
    char request[4096];
    const std::string body = R"({"resourceType":"CapabilityStatement"})";
    const std::string text =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    if (SSL_read(ssl, request, sizeof request) <= 0) return;
    SSL_write(ssl, text.data(), static_cast<int>(text.size()));
    SSL_shutdown(ssl);
  }

  static int note_groups(SSL* ssl, int*, void* context) {
    auto* self = static_cast<TlsServer*>(context);
    const unsigned char* groups = nullptr;
    std::size_t size = 0;  // 2 bytes for the length, and 2 for each group (RFC 8446, section 4.2.7)
    SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_groups, &groups, &size);
    const std::lock_guard lock(self->mutex_);
    self->groups_offered_.push_back(size < 2 ? 0 : (size - 2) / 2);
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  libbcda::test::ServerContext context_;
  std::atomic<int> refused_{0};
  std::atomic<const char*> group_{nullptr};
  mutable std::mutex mutex_;
  std::vector<bool> resumed_;
  std::vector<std::size_t> groups_offered_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(Http, AServerThatRequiresAClientCertificateIsReported) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    libbcda::test::SelfSigned certificate({.names = "IP:127.0.0.1"});
    TempDir dir;
    certificate.write(dir / "ca.pem");
    TlsServer server(certificate.server(version, true));
    Answered answered = ask({{"url", server.url()}, {"ca_file", dir / "ca.pem"}});
    EXPECT_EQ(answered.status, BCDA_TLS) << answered.text;
    EXPECT_FALSE(answered.retriable);
    EXPECT_TRUE(holds(answered.text, "client certificate"));
  }
}

// The service closes each connection. A resumed session saves both sides the certificates and their signatures.
TEST(Http, ASessionOfTlsIsResumedOnTheNextConnection) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    libbcda::test::SelfSigned certificate({.names = "IP:127.0.0.1"});
    TempDir dir;
    certificate.write(dir / "ca.pem");
    TlsServer server(certificate.server(version, false));
    bcda::Client client({{"url", server.url()}, {"ca_file", dir / "ca.pem"}});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(holds(client.metadata(), "CapabilityStatement"));
    EXPECT_EQ(server.resumed(), (std::vector{false, true, true})) << version;
    // A server may refuse connections that offer a session it does not know.
    server.refuse(1);
    EXPECT_THROW(client.metadata(), bcda::Error);
    EXPECT_TRUE(holds(client.metadata(), "CapabilityStatement"));
    EXPECT_EQ(server.resumed(), (std::vector{false, true, true, false})) << version;
  }
}

// A key for each group costs as much as the rest of the handshake, and the first handshake has shown which one is used.
TEST(Http, AResumedSessionOffersTheGroupItHad) {
  libbcda::test::SelfSigned certificate({.names = "IP:127.0.0.1"});
  TempDir dir;
  certificate.write(dir / "ca.pem");
  TlsServer server(certificate.server(TLS1_3_VERSION, false));
  bcda::Client client({{"url", server.url()}, {"ca_file", dir / "ca.pem"}});
  for (int i = 0; i < 3; ++i) client.metadata();
  ASSERT_EQ(server.groups_offered().size(), 3u);
  EXPECT_GT(server.groups_offered()[0], 1u);
  EXPECT_EQ(server.groups_offered()[1], 1u);
  EXPECT_EQ(server.groups_offered()[2], 1u);

  // A server that no longer has the group refuses the connection. The next one offers all again.
  server.require_group("P-384");
  EXPECT_TRUE(holds(client.metadata(), "CapabilityStatement"));
  const std::size_t all = server.groups_offered()[0];
  // The server asks once more, for a key of its group.
  EXPECT_EQ(server.groups_offered(), (std::vector<std::size_t>{all, 1, 1, 1, all, all}));
  EXPECT_EQ(server.resumed(), (std::vector{false, true, true, false}));
}

}  // namespace
}  // namespace bcda_test
