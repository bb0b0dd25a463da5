// The files of a job: their content, and the bytes to send, which are encrypted while they are read.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "clock.hpp"
#include "crypto/gcm.hpp"
#include "records.hpp"

namespace libbcda::sandbox {

// The source of all records of a sandbox. Immutable, and shared by its jobs.
class Archive {
 public:
  Archive(Population population, std::int64_t beneficiaries_per_file, std::int64_t files_per_type,
          std::int64_t bytes_per_type);

  std::int64_t file_count() const;  // the number of files of each type
  Slice slice(Resource resource, std::int64_t number, std::int64_t of, bool errors) const;
  bool has_errors(const Slice& slice) const;
  double failure_share(Resource resource) const;

  std::uint64_t size(const Slice& slice, std::int64_t of) const;
  std::unique_ptr<Plaintext> read(const Slice& slice, std::int64_t number, std::uint64_t size) const;
  const Population& population() const { return population_; }

 private:
  const Block& block(Resource resource) const;

  Population population_;
  std::int64_t beneficiaries_per_file_, files_per_type_, bytes_per_type_;
  mutable std::mutex mutex_;
  mutable std::array<std::unique_ptr<Block>, 3> blocks_;
};

// One file of a job. Its key and nonce are derived from the sandbox's secret, so its bytes are the same at every
// request.
class DataFile {
 public:
  DataFile(std::shared_ptr<const Archive> archive, std::string name, Slice slice, std::int64_t number, std::int64_t of,
           bool encrypted, ByteView secret);

  const std::string& name() const { return name_; }
  bool is_error() const { return slice_.errors; }
  bool encrypted() const { return encrypted_; }
  const crypto::FileKey& key() const { return key_; }
  std::uint64_t size(bool plain) const;  // the size of the body that is sent

  Time modified{};

 private:
  friend class FileStream;
  std::shared_ptr<const Archive> archive_;
  std::string name_;
  Slice slice_;
  std::int64_t number_, of_;
  bool encrypted_;
  crypto::FileKey key_;
  std::array<std::uint8_t, crypto::kNonceSize> nonce_{};
  mutable std::atomic<std::int64_t> plain_size_{-1};  // computed at the first request
};

// Reads the bytes of a file from its start. A Range request reads and discards the bytes before the range, because the
// GCM tag depends on all of them.
class FileStream {
 public:
  FileStream(std::shared_ptr<const DataFile> file, bool plain);

  std::uint64_t position() const { return position_; }
  std::size_t read(MutableBytes out);  // fewer than requested only at the end
  void flip_at(std::uint64_t byte) { flip_ = byte; }

 private:
  std::size_t produce(MutableBytes out);

  std::shared_ptr<const DataFile> file_;
  std::uint64_t plain_size_, position_ = 0;
  bool sealed_;
  std::unique_ptr<Plaintext> plain_;
  std::optional<crypto::Sealer> sealer_;
  std::array<std::uint8_t, crypto::kTagSize> tag_{};
  bool have_tag_ = false;
  std::optional<std::uint64_t> flip_;
};

}  // namespace libbcda::sandbox
