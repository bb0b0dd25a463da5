#include "http/client_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <new>
#include <vector>

#include "base/error.hpp"
#include "files/file.hpp"

namespace libbcda::http {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr const char* kSetting = "the setting client_certificate: ";
constexpr const char* kKeySetting = "the setting client_certificate_key: ";

Secret read(const std::string& path, const char* setting) {
  try {
    return files::read_secret_file(path, kLargestFile, "file");
  } catch (const Error& e) {
    throw std::move(Error(Status::TLS, setting + e.message).at_file(path));
  }
}

std::vector<std::shared_ptr<X509>> read_chain(std::string_view pem, const std::string& path) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(pem.empty() ? "" : pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  if (!bio) throw std::bad_alloc();
  std::vector<std::shared_ptr<X509>> chain;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    chain.emplace_back(one, [](X509* certificate) { X509_free(certificate); });
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!chain.empty() && at_end) return chain;
  const char* why = chain.empty() && at_end ? " contains no PEM certificate" : " contains a damaged certificate";
  throw std::move(Error(Status::TLS, kSetting + path + why).at_file(path));
}

crypto::NativeKey read_key(const Secret& pem, const std::string& path, const char* setting, const Secret& passphrase) {
  const crypto::KeyPlace place{std::string(setting) + "the key in", path,
                               "client_key_passphrase or client_key_passphrase_file"};
  try {
    const SecretBytes text = crypto::key_text(pem.reveal(), place);
    return crypto::read_private_pem({text.data(), text.size()}, passphrase, place);
  } catch (const Error& e) {
    throw std::move(Error(Status::TLS, e.message).at_file(path));
  }
}

}  // namespace

ClientCertificate::ClientCertificate(const std::string& path, const std::string& key_path, const Secret& passphrase) {
  const Secret pem = read(path, kSetting);
  chain_ = read_chain(pem.reveal(), path);
  const bool has_own_file = !key_path.empty();
  if (!has_own_file && pem.reveal().find("PRIVATE KEY-----") == std::string_view::npos)
    throw std::move(Error(Status::TLS, kSetting + path +
                                           " contains no private key; give its file in the setting "
                                           "client_certificate_key")
                        .at_file(path));
  key_ = has_own_file ? read_key(read(key_path, kKeySetting), key_path, kKeySetting, passphrase)
                      : read_key(pem, path, kSetting, passphrase);
  const bool match = X509_check_private_key(chain_.front().get(), key_.get()) == 1;
  ERR_clear_error();
  if (match) return;
  const std::string& key_file = has_own_file ? key_path : path;
  throw std::move(Error(Status::TLS, (has_own_file ? kKeySetting : kSetting) + ("the key in " + key_file) +
                                         " does not belong to the first certificate in " + path)
                      .at_file(key_file));
}

bool ClientCertificate::give_to(SSL* ssl) const noexcept {
  if (SSL_use_certificate(ssl, chain_.front().get()) != 1 || SSL_use_PrivateKey(ssl, key_.get()) != 1) return false;
  SSL_clear_chain_certs(ssl);
  for (std::size_t i = 1; i < chain_.size(); ++i)
    if (SSL_add1_chain_cert(ssl, chain_[i].get()) != 1) return false;
  return true;
}

}  // namespace libbcda::http
