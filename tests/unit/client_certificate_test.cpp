// Client certificates: their files, and who gets to see them.
#include "http/client_certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "base/error.hpp"
#include "http/tls.hpp"
#include "support/certificate.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::http {
namespace {

using test::error_of;
using test::holds;
using test::SelfSigned;
using test::spill;
using test::TempDir;

const char* const kOrigin = "https://bcda.test";

class ClientCertificates : public testing::Test {
 protected:
  void SetUp() override {
    client_.write(dir_ / "client.pem");
    client_.write_key(dir_ / "client.key");
    client_.write(dir_ / "both.pem");
    client_.write_key(dir_ / "both.pem");
    server_.write(dir_ / "ca.pem");
  }

  std::string failure(const std::string& path, const std::string& key, const Secret& passphrase = {}) {
    const Error error = error_of([&] { ClientCertificate(path, key, passphrase); });
    EXPECT_EQ(error.status, Status::TLS);
    return error.message;
  }

  // Connects to a server that asks for a certificate. Returns the subject that it saw, "" if none, or the failure.
  std::string seen(TlsContext& tls, int version, bool demands = false) {
    const test::ServerContext context = server_.server(version);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | (demands ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    client_.let_in(context);
    const SslPtr client = tls.connect_to("bcda.test", kOrigin);
    const test::ServerSsl server(SSL_new(context.get()));
    SSL_set_accept_state(server.get());
    BIO *ours = nullptr, *theirs = nullptr;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL_set_bio(client.get(), ours, ours);
    SSL_set_bio(server.get(), theirs, theirs);
    int connected = 0, accepted = 0;
    for (int round = 0; round < 10 && (connected != 1 || accepted != 1); ++round) {
      ERR_clear_error();
      if (connected != 1) connected = SSL_connect(client.get());
      if (connected != 1 && SSL_get_error(client.get(), connected) != SSL_ERROR_WANT_READ)
        return handshake_failure(client.get(), "bcda.test");
      ERR_clear_error();
      if (accepted != 1) accepted = SSL_accept(server.get());
    }
    ERR_clear_error();
    char subject[256] = "";
    if (X509* certificate = SSL_get0_peer_certificate(server.get()))
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, subject, sizeof subject);
    return subject;
  }

  TempDir dir_;
  SelfSigned client_{{.common_name = "the client", .names = ""}}, other_{{}}, server_{{}};
};

TEST_F(ClientCertificates, AreOfferedToTheNamedOriginsOnly) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsContext tls(dir_ / "ca.pem", ClientCertificate(dir_ / "client.pem", dir_ / "client.key", {}));
    tls.offer_certificate_to("https://other.test");
    EXPECT_EQ(seen(tls, version), "");
    tls.offer_certificate_to(kOrigin);
    EXPECT_EQ(seen(tls, version), "the client");
    TlsContext with_one_file(dir_ / "ca.pem", ClientCertificate(dir_ / "both.pem", "", {}));
    with_one_file.offer_certificate_to(kOrigin);
    EXPECT_EQ(seen(with_one_file, version, true), "the client");
    TlsContext without(dir_ / "ca.pem");
    without.offer_certificate_to(kOrigin);
    EXPECT_EQ(seen(without, version), "");
  }
}

TEST_F(ClientCertificates, AServerThatTakesAnotherOneIsReported) {
  other_.write(dir_ / "other.pem");
  other_.write_key(dir_ / "other.pem");
  TlsContext tls(dir_ / "ca.pem", ClientCertificate(dir_ / "other.pem", "", {}));
  tls.offer_certificate_to(kOrigin);
  EXPECT_TRUE(holds(seen(tls, TLS1_2_VERSION), "may not take the one of the setting client_certificate"));
  TlsContext none(dir_ / "ca.pem");
  EXPECT_TRUE(holds(seen(none, TLS1_2_VERSION, true), "give it in the setting client_certificate"));
}

TEST_F(ClientCertificates, FilesThatCannotBeUsedNameTheirSetting) {
  const std::string good = dir_ / "client.pem", key = dir_ / "client.key";
  const auto begins = [](const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; };
  EXPECT_TRUE(begins(failure(dir_ / "none.pem", key), "the setting client_certificate: "));
  EXPECT_TRUE(holds(failure(dir_ / "none.pem", key), "No such file"));
  EXPECT_TRUE(holds(failure(key, key), "contains no PEM certificate"));
  spill(dir_ / "cut.pem", test::slurp(good).substr(0, 200) + "\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(holds(failure(dir_ / "cut.pem", key), "contains a damaged certificate"));
  spill(dir_ / "half.pem", test::slurp(good) + test::slurp(dir_ / "cut.pem"));
  EXPECT_TRUE(holds(failure(dir_ / "half.pem", key), "contains a damaged certificate"));
  EXPECT_TRUE(holds(failure(good, ""), "give its file in the setting client_certificate_key"));
  EXPECT_TRUE(begins(failure(good, dir_ / "none.key"), "the setting client_certificate_key: "));
  EXPECT_TRUE(holds(failure(good, good), "this is a certificate"));
  other_.write_key(dir_ / "other.key");
  EXPECT_TRUE(begins(failure(good, dir_ / "other.key"), "the setting client_certificate_key: "));
  EXPECT_TRUE(holds(failure(good, dir_ / "other.key"), "does not belong to the first certificate in"));
}

TEST_F(ClientCertificates, TheKeyMayBeEncrypted) {
  client_.write_key(dir_ / "locked.key", "open sesame");
  const std::string good = dir_ / "client.pem", locked = dir_ / "locked.key";
  EXPECT_NO_THROW(ClientCertificate(good, locked, Secret("open sesame")));
  EXPECT_TRUE(holds(failure(good, locked), "client_key_passphrase"));
  EXPECT_TRUE(holds(failure(good, locked, Secret("hunter2")), "the passphrase is wrong"));
  EXPECT_EQ(failure(good, locked, Secret("hunter2")).find("hunter2"), std::string::npos);
}

TEST_F(ClientCertificates, IssuersMayFollow) {
  other_.write(dir_ / "issuer.pem");
  spill(dir_ / "chain.pem", test::slurp(dir_ / "client.pem") + test::slurp(dir_ / "issuer.pem"));
  TlsContext tls(dir_ / "ca.pem", ClientCertificate(dir_ / "chain.pem", dir_ / "client.key", {}));
  tls.offer_certificate_to(kOrigin);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) EXPECT_EQ(seen(tls, version), "the client");
}

}  // namespace
}  // namespace libbcda::http
