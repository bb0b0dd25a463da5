// OpenSSL's objects as owners, and what is written with them as PEM text.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <string>

#include "base/error.hpp"

namespace libbcda::sandbox {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;

// The text that `write` puts into a BIO. Throws Error{INTERNAL} if it does not return 1.
template <class Write>
std::string to_pem(Write&& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) {
    ERR_clear_error();
    throw Error(Status::INTERNAL, "OpenSSL could not write the sandbox's keys and certificates");
  }
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace libbcda::sandbox
