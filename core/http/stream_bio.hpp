// An OpenSSL BIO over a ByteStream, so that TLS runs over whatever the world has for a connection.
#pragma once
#include "world/net.hpp"

typedef struct bio_st BIO;

namespace libbcda::http {

// Bytes go from OpenSSL straight to the stream, without a buffer in between. `stream` must outlive the BIO. Throws
// bad_alloc.
BIO* make_bio(world::ByteStream& stream);

}  // namespace libbcda::http
