// An OpenSSL BIO over a ByteStream, so that TLS runs over the connections of any world, real or simulated.
#pragma once
#include "world/net.hpp"

typedef struct bio_st BIO;

namespace libbcda::http {

// Makes a BIO that passes bytes directly between OpenSSL and `stream`, without a buffer. `stream` must outlive the BIO.
// Throws std::bad_alloc.
BIO* make_bio(world::ByteStream& stream);

}  // namespace libbcda::http
