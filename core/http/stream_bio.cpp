#include "http/stream_bio.hpp"

#include <openssl/bio.h>

#include <cerrno>
#include <new>

namespace libbcda::http {
namespace {

world::ByteStream& stream_of(BIO* bio) { return *static_cast<world::ByteStream*>(BIO_get_data(bio)); }

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = stream_of(bio).read({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
  if (n < 0 && would_wait()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n =
      stream_of(bio).write({reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)});
  if (n < 0 && would_wait()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH;  // flushing always succeeds, because there is no buffer
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {  // leaked, because connections may exist until the process ends
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bcda connection");
    if (!fresh) throw std::bad_alloc();
    BIO_meth_set_read(fresh, read);
    BIO_meth_set_write(fresh, write);
    BIO_meth_set_ctrl(fresh, control);
    return fresh;
  }();
  return made;
}

}  // namespace

BIO* make_bio(world::ByteStream& stream) {
  BIO* bio = BIO_new(method());
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, &stream);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace libbcda::http
