#include "transfer/decrypt_file.hpp"

#include <sys/stat.h>

#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "world/active_threads.hpp"
#include "world/faults.hpp"
#include "world/thread_pool.hpp"
#include "world/threads.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kChunk = 1 << 20;

Error cannot_read(const std::string& path, const std::string& why) {
  return std::move(Error(Status::FILESYSTEM, "cannot read the downloaded file " + path + ": " + why).at_file(path));
}

void feed_all(Downloaded& input, Decoder& decoder, const Progress& progress) {
  // The first chunk is longer by the nonce and the tag. So the plaintext is written in whole pages, which is faster.
  Bytes buffer(kChunk + crypto::kOverhead);
  for (std::int64_t done = 0;;) {
    bool interrupted = false;
    const std::size_t n = input.read(MutableBytes(buffer).first(done == 0 ? buffer.size() : kChunk), interrupted);
    if (n == 0 && !interrupted) return;
    decoder.feed({buffer.data(), n});
    done += static_cast<std::int64_t>(n);
    if (progress) progress(done, input.size());  // also after a signal, so that the caller can stop
  }
}

// A thread that digests a file while the caller's thread decrypts and writes its next bytes. A small file has none.
class DigestThread {
 public:
  explicit DigestThread(std::int64_t size) {
    if (size >= 0 && size < kWorthAThread) return;
    try {
      thread_.emplace(1, "bcda-digest", active_threads_, faults_);
    } catch (const Error&) {
      // No thread could be started. The caller's does all.
    }
  }

  world::Aside::Post post() {
    if (!thread_) return {};
    return [this](std::function<void()> work) {
      asio::post(thread_->executor(), [this, work = std::move(work)] { thread_->perform(work); });
    };
  }

 private:
  static constexpr std::int64_t kWorthAThread = 4 << 20;
  world::ActiveThreads active_threads_;
  world::Faults faults_;
  std::optional<world::ThreadPool> thread_;
  world::StopAtExit at_exit_{
      [this] { active_threads_.close(std::chrono::seconds(1)); }};  // a digest takes milliseconds
};

}  // namespace

Downloaded::Downloaded(std::string path) : path_(std::move(path)), fd_(files::open_system_file(path_)) {
  struct stat info {};
  if (!fd_ || fd_.status(info) != 0) throw cannot_read(path_, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) throw cannot_read(path_, "it is a directory");
  if (S_ISREG(info.st_mode)) size_ = info.st_size;
}

std::size_t Downloaded::read(MutableBytes out, bool& interrupted) {
  const ssize_t n = fd_.read(out);
  interrupted = n < 0 && errno == EINTR;
  if (n < 0 && !interrupted) throw cannot_read(path_, std::strerror(errno));
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

Facts decrypt_into(Workspace& space, const std::string& name, FileKind kind, Downloaded& input,
                   const std::optional<crypto::FileKey>& key, const Progress& progress,
                   const std::function<void(const Facts&)>& keep) {
  const std::string path = published_path(name, kind), full = space.path() + "/" + path;
  if (space.published().has(path))
    throw std::move(
        Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
  const auto writer = space.destination()->begin(name, "", kind);
  const Coding coding{.key = key};
  writer->expect(coding.plain_size(input.size()));
  DigestThread digest_thread(input.size());
  Decoder decoder(coding, *writer, digest_thread.post());
  try {
    feed_all(input, decoder, progress);
    const Facts facts = decoder.finish();
    if (keep) keep(facts);
    writer->commit(facts.bytes, facts.sha256);
    return facts;
  } catch (Error& e) {
    if (e.file.empty() && e.status != Status::CANCELED) {
      e.message = input.path() + ": " + e.message;
      e.at_file(input.path());
    }
    throw;
  }
}

Facts decrypt_file(Downloaded input, const std::optional<crypto::FileKey>& key, const std::string& output,
                   Durability durability, const Progress& progress) {
  const std::size_t slash = output.rfind('/');
  const std::string name = output.substr(slash + 1);  // npos + 1 is 0
  if (name.empty())
    throw std::move(Error(Status::INVALID_ARGUMENT, "the output " + output + " names no file").at_file(output));
  const auto space = Workspace::for_file(slash == std::string::npos ? "."
                                         : slash == 0               ? "/"
                                                                    : output.substr(0, slash),
                                         durability);
  return decrypt_into(*space, name, FileKind::data, input, key, progress);
}

Bytes wrapped_key_from_hex(std::string_view hex, const std::string& file) {
  auto bytes = from_hex(hex);
  if (!bytes || bytes->empty())
    throw std::move(
        Error(Status::DECRYPTION, "the wrapped key of " + file + " is not hex text (two digits 0-9 a-f for each byte)")
            .at_file(file));
  return *bytes;
}

std::optional<crypto::FileKey> key_of(const bulk::Entry& entry, const std::optional<crypto::PrivateKey>& private_key,
                                      bool allow_plaintext) {
  if (entry.encrypted_key.empty()) {
    if (entry.kind == FileKind::data && !allow_plaintext)
      throw std::move(
          Error(Status::VERIFICATION, "the manifest gives no key for the file " + entry.shown() +
                                          ", so it would come in plaintext; set allow_plaintext to accept that")
              .at_file(entry.name));
    return std::nullopt;
  }
  if (!private_key)
    throw std::move(Error(Status::PRIVATE_KEY,
                          "the file " + entry.shown() + " is encrypted, and the setting private_key is missing")
                        .at_file(entry.name));
  return private_key->unwrap(wrapped_key_from_hex(entry.encrypted_key, entry.name), entry.name);
}

}  // namespace libbcda::transfer
