#include "transfer/decrypt_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kChunk = 256 << 10;

}  // namespace

Facts decrypt_file(const std::string& input, const crypto::FileKey& key, const std::string& output,
                   Durability durability, const std::function<void(std::int64_t, std::int64_t)>& progress) {
  auto input_error = [&](int code) {
    return std::move(Error(Status::FILESYSTEM, "cannot read the encrypted file " + input + ": " + std::strerror(code))
                         .at_file(input));
  };
  Fd in(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) throw input_error(errno);
  std::size_t slash = output.rfind('/');
  std::string name = output.substr(slash + 1);  // npos + 1 is 0
  if (name.empty())
    throw std::move(Error(Status::INVALID_ARGUMENT, "the output " + output + " names no file").at_file(output));
  auto space = Workspace::for_file(slash == std::string::npos ? "."
                                   : slash == 0               ? "/"
                                                              : output.substr(0, slash),
                                   durability);
  if (space->has(name))
    throw std::move(Error(Status::FILESYSTEM, output + " exists already; move it away or choose another directory")
                        .at_file(output));

  auto writer = space->destination()->begin(name, "", false);
  Decoder decoder(key, *writer);
  Bytes buffer(kChunk);
  struct stat info {};
  std::int64_t done = 0, total = ::fstat(in.get(), &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : -1;
  for (;;) {
    ssize_t n = ::read(in.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) {  // by a signal that may mean: stop
      if (progress) progress(done, total);
      continue;
    }
    if (n < 0) throw input_error(errno);
    if (n == 0) break;
    decoder.feed({buffer.data(), static_cast<std::size_t>(n)});
    if (progress) progress(done += n, total);
  }
  try {
    Facts facts = decoder.finish();
    writer->commit(facts.bytes, facts.sha256);
    return facts;
  } catch (Error& e) {
    if (e.file.empty()) {
      e.message = input + ": " + e.message;
      e.at_file(input);
    }
    throw;
  }
}

Bytes wrapped_key_from_hex(std::string_view hex, const std::string& file) {
  auto bytes = from_hex(hex);
  if (!bytes || bytes->empty())
    throw std::move(
        Error(Status::DECRYPTION, "the wrapped key of " + file + " is not hex text (two digits 0-9 a-f for each byte)")
            .at_file(file));
  return *bytes;
}

}  // namespace libbcda::transfer
