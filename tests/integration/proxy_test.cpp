// Whole runs through an HTTP proxy, and proxies that refuse.
#include <stdlib.h>

#include "integration/scripted_proxy.hpp"
#include "integration/scripted_service.hpp"

namespace bcda_test {
namespace {

constexpr const char* kPassword = "hunter2-hunter2";
constexpr const char* kEncoded = "dXNlcjpodW50ZXIyLWh1bnRlcjI=";  // user:hunter2-hunter2

testing::AssertionResult holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess() << "it holds " << part;
  return testing::AssertionFailure() << text << " does not hold " << part;
}

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

// Everything that a run says or writes.
std::string said_by(const Outcome& outcome, const TempDir& dir) {
  std::string said = outcome.message + outcome.outcome;
  for (const std::string& line : outcome.json) said += line;
  for (const std::string& name : visible_files(dir / "out")) said += read(dir / ("out/" + name));
  return said;
}

class Proxies : public testing::Test {
 protected:
  Proxies() : sandbox_(quick_sandbox()) {}

  Outcome run(const ScriptedProxy& proxy, const std::string& userinfo = "user:hunter2-hunter2@") {
    bcda::Config config = quick_config(sandbox_);
    config.set("proxy", proxy.url(userinfo)).set("retries", "0").set("types", "Patient");
    Outcome outcome = export_to(config, dir_ / "out");
    const std::string said = said_by(outcome, dir_);
    for (const char* secret : {kPassword, kEncoded}) EXPECT_EQ(said.find(secret), std::string::npos) << said;
    return outcome;
  }

  TempDir dir_;
  bcda::Sandbox sandbox_;
};

TEST_F(Proxies, AnExportGoesThroughTunnels) {
  ScriptedProxy proxy(port_of(sandbox_.url()));
  const Outcome outcome = run(proxy);
  EXPECT_EQ(outcome.status, BCDA_OK) << outcome.message;
  EXPECT_EQ(data_files(dir_ / "out").size(), 3u);
  const std::string host = "localhost:" + std::to_string(port_of(sandbox_.url()));
  ASSERT_FALSE(proxy.heads().empty());
  for (const std::string& head : proxy.heads())
    EXPECT_EQ(head, "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\nProxy-Authorization: Basic " + kEncoded +
                        "\r\n\r\n");
  const std::string received = proxy.received();
  for (const char* ours : {"POST", "$export", "Bearer", "\r\nAuthorization"})
    EXPECT_EQ(received.find(ours), std::string::npos) << ours;
  const bcda::Config config = sandbox_.config();
  EXPECT_EQ(received.find(config.value("client_id")), std::string::npos);
}

TEST_F(Proxies, WithoutCredentialsNoneAreSent) {
  ScriptedProxy proxy(port_of(sandbox_.url()));
  EXPECT_EQ(run(proxy, "").status, BCDA_OK);
  for (const std::string& head : proxy.heads()) EXPECT_EQ(head.find("Authorization"), std::string::npos);
}

TEST_F(Proxies, A407IsAFailureOfCredentials) {
  const auto refuse = [](const std::string& challenge) {
    return [challenge](const std::string&) {
      return "HTTP/1.1 407 No\r\nProxy-Authenticate: " + challenge + "\r\nContent-Length: 0\r\n\r\n";
    };
  };
  ScriptedProxy basic(0, refuse("Basic realm=\"corp\""));
  const Outcome wrong = run(basic);
  EXPECT_EQ(wrong.status, BCDA_AUTHENTICATION);
  EXPECT_TRUE(holds(wrong.message, "the proxy " + basic.host() + " (the setting proxy) refused its user and password"));
  EXPECT_TRUE(holds(run(basic, "").message, "wants a user and a password"));
  EXPECT_EQ(basic.heads().size(), 2u);  // it is not asked again with the same password

  ScriptedProxy digest(0, refuse("Digest realm=\"corp\", nonce=\"x\", Negotiate"));
  const Outcome other = run(digest);
  EXPECT_EQ(other.status, BCDA_AUTHENTICATION);
  EXPECT_TRUE(holds(other.message, "another scheme than Basic (HTTP 407): it offers Digest, Negotiate"));

  ScriptedProxy echo(0, refuse(kPassword));
  EXPECT_EQ(run(echo).status, BCDA_AUTHENTICATION);
}

TEST_F(Proxies, ARefusalAndABrokenProxyAreReported) {
  ScriptedProxy refusing(0,
                         [](const std::string&) { return "HTTP/1.1 403 No\r\n\r\n<html>" + std::string(kPassword); });
  const Outcome refused = run(refusing);
  EXPECT_EQ(refused.status, BCDA_NETWORK);
  EXPECT_TRUE(holds(refused.message, "with HTTP 403; it may not allow this host or this port"));

  ScriptedProxy silent(0, [](const std::string&) { return std::string(); });
  const Outcome unanswered = run(silent);
  EXPECT_EQ(unanswered.status, BCDA_NETWORK);
  EXPECT_TRUE(holds(unanswered.message, "the proxy closed the connection without an answer"));

  ScriptedProxy dying(0);
  const Outcome cut = run(dying);
  EXPECT_EQ(cut.status, BCDA_NETWORK);
  EXPECT_TRUE(holds(cut.message, "the TLS handshake with"));
  EXPECT_TRUE(holds(cut.message, "(through the proxy " + dying.host() + ")"));

  ScriptedProxy endless(0, [](const std::string&) { return "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'); });
  EXPECT_EQ(run(endless).status, BCDA_LIMIT);
}

TEST_F(Proxies, AProxyThatIsNotThereIsNamedWithoutItsPassword) {
  bcda::Config config = quick_config(sandbox_);
  config.set("proxy", "http://user:hunter2-hunter2@127.0.0.1:1").set("retries", "0");
  const Outcome outcome = export_to(config, dir_ / "out");
  EXPECT_EQ(outcome.status, BCDA_NETWORK);
  EXPECT_TRUE(holds(said_by(outcome, dir_), "cannot connect to the proxy 127.0.0.1:1 (the setting proxy): "));
  EXPECT_EQ(said_by(outcome, dir_).find(kPassword), std::string::npos);
}

TEST_F(Proxies, ThePasswordIsNotInTheConfigurationThatIsShown) {
  bcda::Config config;
  config.set("proxy", "http://user:hunter2-hunter2@proxy:3128");
  EXPECT_EQ(config.value("proxy"), "http://***@proxy:3128");
  config.set("proxy", "user:hunter2-hunter2@proxy:3128");
  EXPECT_EQ(config.value("proxy"), "***@proxy:3128");
  config.set("proxy", "http://proxy:3128");
  EXPECT_EQ(config.value("proxy"), "http://proxy:3128");
  for (const char* bad : {"http://user:hunter2-hunter2@proxy\n", "http://user:hunter2-hunter2@proxy:x",
                          "https://user:hunter2-hunter2@proxy"})
    try {
      bcda::Client(quick_config(sandbox_).set("proxy", bad));
      ADD_FAILURE() << "it must be refused";
    } catch (const bcda::Error& e) {
      EXPECT_EQ(e.status(), BCDA_INVALID_ARGUMENT);
      EXPECT_TRUE(holds(e.what(), "proxy"));
      EXPECT_EQ(std::string(e.what()).find(kPassword), std::string::npos) << e.what();
    }
}

TEST_F(Proxies, APlainRequestGoesThroughATunnelToo) {
  ScriptedServer service([](const std::string&) { return sized("{}"); });
  ScriptedProxy proxy(port_of(service.url()));
  bcda::Client client({{"url", service.url()}, {"proxy", proxy.url()}});
  EXPECT_EQ(client.metadata(), "{}");
  ASSERT_EQ(proxy.heads().size(), 1u);
  EXPECT_EQ(proxy.heads()[0].rfind("CONNECT 127.0.0.1:", 0), 0u);
}

// The proxy of the environment. Each test sets variables for itself.
class EnvironmentProxies : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY"}) ::unsetenv(name);
  }
  void TearDown() override { SetUp(); }

  // Asks a host that does not exist. Returns the error.
  static std::string ask(const std::string& url, const char* proxy = "") {
    try {
      return bcda::Client({{"url", url}, {"proxy", proxy}, {"allow_http", "true"}, {"connect_timeout", "5s"}})
          .metadata();
    } catch (const bcda::Error& e) {
      return e.what();
    }
  }

  ScriptedProxy proxy_{0, [](const std::string&) { return "HTTP/1.1 403 No\r\n\r\n"; }};
};

TEST_F(EnvironmentProxies, TheVariableNamesTheProxy) {
  ::setenv("HTTPS_PROXY", proxy_.url("user:hunter2-hunter2@").c_str(), 1);
  const std::string error = ask("https://api.example.invalid");
  EXPECT_TRUE(holds(error,
                    "(the environment variable HTTPS_PROXY) answered the request for a tunnel to "
                    "api.example.invalid:443 with HTTP 403"));
  EXPECT_EQ(error.find(kPassword), std::string::npos);
  ASSERT_EQ(proxy_.heads().size(), 1u);
  EXPECT_TRUE(holds(proxy_.heads()[0], kEncoded));
  EXPECT_FALSE(holds(ask("https://127.0.0.1:1"), "proxy"));         // this machine
  EXPECT_FALSE(holds(ask("http://api.example.invalid"), "proxy"));  // another scheme
  EXPECT_FALSE(holds(ask("https://api.example.invalid", "none"), "proxy"));
  ::setenv("NO_PROXY", "x.org,.example.invalid", 1);
  EXPECT_FALSE(holds(ask("https://api.example.invalid"), "proxy"));
  EXPECT_TRUE(holds(ask("https://api.example.invalid", proxy_.url().c_str()), "(the setting proxy)"));
  EXPECT_EQ(proxy_.heads().size(), 2u);
}

TEST_F(EnvironmentProxies, ForPlainHttpOnlyTheLowerCaseCounts) {
  ::setenv("HTTP_PROXY", proxy_.url().c_str(), 1);
  EXPECT_FALSE(holds(ask("http://api.example.invalid"), "proxy"));
  ::unsetenv("HTTP_PROXY");
  ::setenv("http_proxy", proxy_.url().c_str(), 1);
  EXPECT_TRUE(holds(ask("http://api.example.invalid"), "(the environment variable http_proxy)"));
}

TEST_F(EnvironmentProxies, AValueThatCannotBeUsedIsAnErrorAtOnce) {
  ::setenv("https_proxy", "socks5://user:hunter2-hunter2@proxy", 1);
  const std::string error = ask("https://api.example.invalid");
  EXPECT_TRUE(holds(error, "the environment variable https_proxy does not name a usable proxy: SOCKS"));
  EXPECT_EQ(error.find(kPassword), std::string::npos);
}

}  // namespace
}  // namespace bcda_test
