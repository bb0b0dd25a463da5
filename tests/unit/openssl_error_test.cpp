#include "base/openssl_error.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace libbcda {
namespace {

TEST(OpensslErrors, WantOfMemoryIsNotTakenForAnythingElse) {
  ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
  ERR_raise(ERR_LIB_X509, ERR_R_INTERNAL_ERROR);
  const Error error = openssl_error("OpenSSL could not write a key as PEM");
  EXPECT_EQ(error.status, Status::NO_MEMORY);
  EXPECT_EQ(error.message, "out of memory");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OpensslErrors, OtherFailuresHaveTheirText) {
  ERR_raise(ERR_LIB_X509, ERR_R_INTERNAL_ERROR);
  const Error error = openssl_error("OpenSSL could not write a key as PEM");
  EXPECT_EQ(error.status, Status::INTERNAL);
  EXPECT_EQ(error.message, "OpenSSL could not write a key as PEM");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace libbcda
