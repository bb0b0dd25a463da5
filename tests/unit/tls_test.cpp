// TLS handshakes in memory: which servers the client trusts, and its messages about the others.
#include "http/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <cstdlib>
#include <iostream>

#include "support/certificate.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::http {
namespace {

using test::CertificateOptions;
using test::holds;
using test::kDay;

struct Result {
  bool trusted = false;
  bool asked = false;          // the server requested a client certificate
  bool refused_later = false;  // the server refused the missing certificate after the client's side of the handshake
  std::string failure;         // the message about the handshake
  std::string server_name;     // the name that the server received
};

class Handshake {
 public:
  explicit Handshake(const CertificateOptions& options) : certificate_(options) { certificate_.write(dir_ / "ca.pem"); }

  Result with(const std::string& host) const { return run(host, certificate_.server(), dir_ / "ca.pem"); }
  Result demanding_certificate(int version) const {
    return run("bcda.test", certificate_.server(version, true), dir_ / "ca.pem");
  }
  Result trusting(const Handshake& other) const {
    return run("bcda.test", certificate_.server(), other.dir_ / "ca.pem");
  }

 private:
  static Result run(const std::string& host, const test::ServerContext& context, const std::string& ca_file) {
    TlsContext tls(ca_file);
    SslPtr client = tls.connect_to(host, "https://" + host);
    test::ServerSsl server(SSL_new(context.get()));
    SSL_set_accept_state(server.get());
    BIO *ours = nullptr, *theirs = nullptr;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL_set_bio(client.get(), ours, ours);
    SSL_set_bio(server.get(), theirs, theirs);

    Result result;
    int connected = 0;
    for (int round = 0; round < 10 && connected != 1; ++round) {
      ERR_clear_error();
      connected = SSL_connect(client.get());
      if (connected != 1 && SSL_get_error(client.get(), connected) != SSL_ERROR_WANT_READ) {
        result.failure = handshake_failure(client.get(), host);
        break;
      }
      ERR_clear_error();
      SSL_accept(server.get());
    }
    result.trusted = connected == 1;
    result.asked = asked_for_certificate(client.get());
    SSL_accept(server.get());
    char byte;
    ERR_clear_error();
    if (result.trusted && SSL_read(client.get(), &byte, 1) <= 0)
      result.refused_later = refused_certificate(client.get());
    if (const char* name = SSL_get_servername(server.get(), TLSEXT_NAMETYPE_host_name)) result.server_name = name;
    ERR_clear_error();
    return result;
  }

  test::TempDir dir_;
  test::SelfSigned certificate_;
};

std::string day(long seconds_from_now) {
  const std::time_t time = std::time(nullptr) + seconds_from_now;
  std::tm parts{};
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", gmtime_r(&time, &parts));
  return text;
}

TEST(Tls, TrustsACertificateWithTheHostsName) {
  Result result = Handshake({}).with("bcda.test");
  EXPECT_TRUE(result.trusted) << result.failure;
  EXPECT_EQ(result.server_name, "bcda.test");
  EXPECT_FALSE(result.asked);
  EXPECT_FALSE(result.refused_later);
  EXPECT_TRUE(Handshake({.names = "IP:127.0.0.1"}).with("127.0.0.1").trusted);
}

TEST(Tls, NothingOlderThanVersion12IsOffered) {
  TlsContext tls("");
  const SslPtr ssl = tls.connect_to("bcda.test", "https://bcda.test");
  EXPECT_EQ(SSL_get_min_proto_version(ssl.get()), TLS1_2_VERSION);
}

TEST(Tls, ACertificateOutOfItsDatesPointsToTheClockAndTheServiceAlone) {
  struct {
    long from, to;
    const char* what;
  } const cases[] = {{2 * kDay, 9 * kDay, "not valid yet"}, {-9 * kDay, -2 * kDay, "has expired"}};
  for (const auto& c : cases) {
    Result result = Handshake({.from = c.from, .to = c.to}).with("bcda.test");
    EXPECT_FALSE(result.trusted);
    EXPECT_TRUE(holds(result.failure, c.what));
    EXPECT_TRUE(holds(result.failure, "valid from " + day(c.from)));
    EXPECT_TRUE(holds(result.failure, "to " + day(c.to)));
    EXPECT_TRUE(holds(result.failure, "the clock of this machine says " + day(0)));
    EXPECT_TRUE(holds(result.failure, "renew"));
    EXPECT_FALSE(holds(result.failure, "ca_file"));
  }
}

TEST(Tls, AnUnknownIssuerPointsToTheSetting) {
  Result result = Handshake({}).trusting(Handshake({.common_name = "another"}));
  EXPECT_FALSE(result.trusted);
  EXPECT_TRUE(holds(result.failure, "ca_file"));
  EXPECT_FALSE(holds(result.failure, "clock"));
}

TEST(Tls, ACommonNameNamesNoHost) {
  for (const char* names : {"", "DNS:other.test", "email:a@bcda.test"}) {
    Result result = Handshake({.names = names}).with("bcda.test");
    EXPECT_FALSE(result.trusted) << names;
    EXPECT_TRUE(holds(result.failure, *names ? "another host" : "subjectAltName")) << names;
    EXPECT_FALSE(holds(result.failure, "ca_file"));
  }
  EXPECT_FALSE(Handshake({.common_name = "127.0.0.1", .names = ""}).with("127.0.0.1").trusted);
}

TEST(Tls, ARequiredClientCertificateIsReported) {
  Result old = Handshake({}).demanding_certificate(TLS1_2_VERSION);
  EXPECT_FALSE(old.trusted);
  EXPECT_TRUE(holds(old.failure, "client certificate"));
  Result now = Handshake({}).demanding_certificate(TLS1_3_VERSION);
  EXPECT_TRUE(now.trusted);
  EXPECT_TRUE(now.asked);
  EXPECT_TRUE(now.refused_later);
}

// OpenSSL reads its configuration once in each process, so each case runs in its own process.
class OpenSslConfiguration : public testing::Test {
 protected:
  void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
  void TearDown() override { ::unsetenv("OPENSSL_CONF"); }

  // Exits with 0 after an Error{TLS}, whose message goes to standard error.
  [[noreturn]] void make_context() {
    int code = 2;
    try {
      TlsContext context("");
    } catch (const Error& e) {
      std::cerr << e.message;
      code = e.status == Status::TLS ? 0 : 1;
    }
    std::filesystem::remove_all(dir_.path());  // the directory of the child process, whose destructors do not run
    ::_exit(code);
  }

  // The child process of the death test runs this too, with its own directory.
  void configure(const char* text) {
    test::spill(dir_ / "openssl.cnf", text);
    ::setenv("OPENSSL_CONF", (dir_ / "openssl.cnf").c_str(), 1);
  }
  test::TempDir dir_;
};

TEST_F(OpenSslConfiguration, ThatTakesTheAlgorithmsAwayIsNamed) {
  for (const char* text : {"openssl_conf = o\n[o]\nproviders = p\n[p]\nlegacy = l\n[l]\nactivate = 1\n",
                           "openssl_conf = o\n[o]\nalg_section = a\n[a]\ndefault_properties = fips=yes\n"}) {
    configure(text);
    EXPECT_EXIT(make_context(), testing::ExitedWithCode(0), "lacks SHA2-256.*OPENSSL_CONF") << text;
  }
}

}  // namespace
}  // namespace libbcda::http
