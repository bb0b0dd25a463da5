#include "crypto/pem.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace libbcda::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----", kKey = "PRIVATE KEY";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kLineLength = 64;

struct Block {
  std::string_view label, body;
};

// Finds the first private key with its BEGIN and END lines.
std::optional<Block> find_key(std::string_view text) {
  for (std::size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + 1)) {
    const std::size_t label_at = at + kBegin.size(), label_end = text.find(kDashes, label_at);
    if (label_end == text.npos) return {};
    const std::string_view label = text.substr(label_at, label_end - label_at);
    if (!label.ends_with(kKey)) continue;
    const std::size_t body_at = label_end + kDashes.size();
    const std::size_t end = text.find(std::string(kEnd) + std::string(label) + std::string(kDashes), body_at);
    if (end == text.npos) return {};
    return Block{label, text.substr(body_at, end - body_at)};
  }
  return {};
}

// Replaces the literal character sequences \n and \r\n by line breaks. Valid PEM text has no backslashes.
SecretBytes unescaped(std::string_view text) {
  SecretBytes out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r');
    out.push_back(escape ? '\n' : text[i]);
    if (escape) ++i;
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == text.npos) return words;
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

bool is_base64(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' ||
           c == '=';
  });
}

void append(SecretBytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

struct SigDeleter {
  void operator()(X509_SIG* sig) const noexcept { X509_SIG_free(sig); }
};
struct Pbe2Deleter {
  void operator()(PBE2PARAM* parameters) const noexcept { PBE2PARAM_free(parameters); }
};

std::string name_if_missing(int cipher) {
  const char* name = cipher == NID_undef ? nullptr : OBJ_nid2sn(cipher);
  if (!name) return "";
  EVP_CIPHER* found = EVP_CIPHER_fetch(nullptr, name, nullptr);
  EVP_CIPHER_free(found);
  ERR_clear_error();
  return found ? "" : name;
}

// The missing algorithm of an encrypted PKCS#1 key, from "DEK-Info: DES-CBC,0123..." (RFC 1421, section 4.6.1.3).
std::string missing_of_dek_info(std::string_view body) {
  constexpr std::string_view kInfo = "DEK-Info:";
  const std::size_t at = body.find(kInfo);
  if (at == body.npos) return "";
  const auto words = words_of(body.substr(at + kInfo.size()));
  if (words.empty()) return "";
  const std::string name(words[0].substr(0, words[0].find(',')));
  const EVP_CIPHER* known = EVP_get_cipherbyname(name.c_str());
  return known ? name_if_missing(EVP_CIPHER_get_nid(known)) : "";
}

// The missing algorithm of an EncryptedPrivateKeyInfo (RFC 5958). PBES1 names cipher and digest together; PBES2 (RFC
// 8018) has the cipher as a parameter.
std::string missing_of_pkcs8(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                          BIO_free_all);
  const std::unique_ptr<X509_SIG, SigDeleter> info(bio ? PEM_read_bio_PKCS8(bio.get(), nullptr, nullptr, nullptr)
                                                       : nullptr);
  ERR_clear_error();
  if (!info) return "";
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(info.get(), &algorithm, nullptr);
  const ASN1_OBJECT* scheme = nullptr;
  int kind = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&scheme, &kind, &value, algorithm);
  int cipher = NID_undef;
  if (OBJ_obj2nid(scheme) != NID_pbes2) {
    int digest = NID_undef;
    EVP_PBE_find(EVP_PBE_TYPE_OUTER, OBJ_obj2nid(scheme), &cipher, &digest, nullptr);
    return name_if_missing(cipher);
  }
  if (kind != V_ASN1_SEQUENCE) return "";
  const std::unique_ptr<PBE2PARAM, Pbe2Deleter> parameters(
      static_cast<PBE2PARAM*>(ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(PBE2PARAM))));
  ERR_clear_error();
  if (!parameters) return "";
  const ASN1_OBJECT* encryption = nullptr;
  X509_ALGOR_get0(&encryption, nullptr, nullptr, parameters->encryption);
  return name_if_missing(OBJ_obj2nid(encryption));
}

}  // namespace

SecretBytes repair_pem(std::string_view text) {
  const SecretBytes plain = unescaped(text);
  const auto block = find_key({plain.data(), plain.size()});
  if (!block) return {};
  auto words = words_of(block->body);
  SecretBytes out;
  out.reserve(2 * plain.size() + kLineLength);
  append(out, kBegin);
  append(out, block->label);
  append(out, kDashes);
  append(out, "\n");
  std::size_t first = 0;
  if (words.size() > 4 && words[0] == "Proc-Type:" && words[2] == "DEK-Info:") {
    for (; first < 4; first += 2) {
      append(out, words[first]);
      append(out, " ");
      append(out, words[first + 1]);
      append(out, "\n");
    }
    append(out, "\n");
  }
  std::size_t column = 0;
  for (; first < words.size(); ++first) {
    if (!is_base64(words[first])) return {};
    for (char c : words[first]) {
      out.push_back(c);
      if (++column % kLineLength == 0) out.push_back('\n');
    }
  }
  if (column % kLineLength != 0) out.push_back('\n');
  append(out, kEnd);
  append(out, block->label);
  append(out, kDashes);
  append(out, "\n");
  return out;
}

std::string missing_algorithm(std::string_view pem) {
  const auto block = find_key(pem);
  if (!block) return "";
  return block->label.starts_with("ENCRYPTED") ? missing_of_pkcs8(pem) : missing_of_dek_info(block->body);
}

}  // namespace libbcda::crypto
