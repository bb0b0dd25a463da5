#include "transfer/decrypt_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kChunk = 256 << 10;

constexpr const char* kWork = ".bcda";

// Another decryption into the same directory may remove the work directory, when it is empty, under our hands.
OutputFile open_partial(const Directory& dir, std::unique_ptr<Directory>& work, const std::string& name, Durability durability) {
  for (int tries = 1;; ++tries) {
    work = std::make_unique<Directory>(dir.sub(kWork));
    try {
      return OutputFile(*work, name + ".partial", durability);
    } catch (const Error&) {
      if (tries == 5) throw;
    }
  }
}

class PlainFile : public Writer {
 public:
  PlainFile(const Directory& dir, const std::string& name, Durability durability)
      : dir_(dir), name_(name), remove_work_{dir}, file_(open_partial(dir, work_, name, durability)) {}
  void write(ByteView bytes) override { file_.write(bytes); }
  std::string commit(std::int64_t, const std::string&) override {
    file_.publish(dir_, name_);
    return name_;
  }

 private:
  struct RemoveWork {
    const Directory& dir;
    ~RemoveWork() { ::unlinkat(dir.fd(), kWork, AT_REMOVEDIR); }  // when it is empty
  };
  const Directory& dir_;
  std::string name_;
  RemoveWork remove_work_;
  std::unique_ptr<Directory> work_;
  OutputFile file_;
};

}  // namespace

Facts decrypt_file(const std::string& input, const crypto::FileKey& key, const std::string& output, Durability durability) {
  auto input_error = [&](int code) {
    return std::move(Error(Status::FILESYSTEM, "cannot read the encrypted file " + input + ": " + std::strerror(code)).at_file(input));
  };
  Fd in(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) throw input_error(errno);
  std::size_t slash = output.rfind('/');
  std::string name = output.substr(slash + 1);  // npos + 1 is 0
  if (name.empty()) throw std::move(Error(Status::INVALID_ARGUMENT, "the output " + output + " names no file").at_file(output));
  Directory dir = Directory::open_or_create(slash == std::string::npos ? "." : slash == 0 ? "/" : output.substr(0, slash));
  if (dir.contains(name))
    throw std::move(Error(Status::FILESYSTEM, output + " exists already; move it away or choose another directory").at_file(output));

  PlainFile writer(dir, name, durability);
  Decoder decoder(key, writer);
  Bytes buffer(kChunk);
  for (;;) {
    ssize_t n = ::read(in.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw input_error(errno);
    if (n == 0) break;
    decoder.feed({buffer.data(), static_cast<std::size_t>(n)});
  }
  try {
    Facts facts = decoder.finish();
    writer.commit(facts.bytes, facts.sha256);
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
    throw std::move(Error(Status::DECRYPTION, "the wrapped key of " + file + " is not hex text (two digits 0-9 a-f for each byte)").at_file(file));
  return *bytes;
}

}  // namespace libbcda::transfer
