#include "files.hpp"

#include <algorithm>
#include <cstring>

#include "crypto/digest.hpp"

namespace libbcda::sandbox {
namespace {

constexpr std::int64_t kFilesOfBigData = 4;  // used if only bytes_per_type is given

std::array<std::uint8_t, 32> derive(ByteView secret, std::string_view purpose, std::string_view name) {
  crypto::Sha256 hash;
  hash.update(secret);
  hash.update(as_bytes(purpose));
  hash.update(as_bytes(name));
  return hash.finish();
}

}  // namespace

Archive::Archive(Population population, std::int64_t beneficiaries_per_file, std::int64_t files_per_type,
                 std::int64_t bytes_per_type)
    : population_(std::move(population)),
      beneficiaries_per_file_(beneficiaries_per_file),
      files_per_type_(files_per_type),
      bytes_per_type_(bytes_per_type) {
  if (bytes_per_type_ > 0) population_.error_rate = 0;  // repeated records have no beneficiaries that could fail
}

std::int64_t Archive::file_count() const {
  if (bytes_per_type_ > 0) return files_per_type_ > 0 ? files_per_type_ : kFilesOfBigData;
  if (files_per_type_ > 0) return std::min(files_per_type_, population_.beneficiaries);
  return (population_.beneficiaries + beneficiaries_per_file_ - 1) / beneficiaries_per_file_;
}

Slice Archive::slice(Resource resource, std::int64_t number, std::int64_t of, bool errors) const {
  std::int64_t all = population_.beneficiaries;
  if (of == file_count() && files_per_type_ == 0 && bytes_per_type_ == 0)
    return {resource, number * beneficiaries_per_file_, std::min(all, (number + 1) * beneficiaries_per_file_), errors};
  return {resource, all * number / of, all * (number + 1) / of, errors};
}

bool Archive::has_errors(const Slice& slice) const {
  if (population_.error_rate <= 0) return false;
  for (std::int64_t n = slice.first; n < slice.last; ++n)
    if (fails(population_, slice.resource, n)) return true;
  return false;
}

double Archive::failure_share(Resource resource) const {
  if (population_.error_rate <= 0 || population_.beneficiaries == 0) return 0;
  std::int64_t failed = 0;
  for (std::int64_t n = 0; n < population_.beneficiaries; ++n) failed += fails(population_, resource, n);
  return static_cast<double>(failed) / static_cast<double>(population_.beneficiaries);
}

const Block& Archive::block(Resource resource) const {
  std::lock_guard lock(mutex_);
  auto& slot = blocks_[static_cast<std::size_t>(resource)];
  if (!slot) slot = std::make_unique<Block>(population_, resource);
  return *slot;
}

std::uint64_t Archive::size(const Slice& slice, std::int64_t of) const {
  if (bytes_per_type_ == 0 || slice.errors) return slice_size(population_, slice);
  return block(slice.resource).fitting(static_cast<std::uint64_t>(bytes_per_type_ / of));
}

std::unique_ptr<Plaintext> Archive::read(const Slice& slice, std::int64_t number, std::uint64_t size) const {
  if (bytes_per_type_ == 0 || slice.errors) return read_slice(population_, slice, size);
  return block(slice.resource).read(size, static_cast<std::uint64_t>(number));
}

DataFile::DataFile(std::shared_ptr<const Archive> archive, std::string name, Slice slice, std::int64_t number,
                   std::int64_t of, bool encrypted, ByteView secret)
    : archive_(std::move(archive)),
      name_(std::move(name)),
      slice_(slice),
      number_(number),
      of_(of),
      encrypted_(encrypted) {
  auto key = derive(secret, "key ", name_);
  auto nonce = derive(secret, "nonce ", name_);
  std::memcpy(key_.bytes.data(), key.data(), key_.bytes.size());
  std::memcpy(nonce_.data(), nonce.data(), nonce_.size());
  wipe(key.data(), key.size());
}

std::uint64_t DataFile::size(bool plain) const {
  if (plain_size_ < 0) plain_size_ = static_cast<std::int64_t>(archive_->size(slice_, of_));
  auto size = static_cast<std::uint64_t>(plain_size_.load());
  return plain || !encrypted_ ? size : size + crypto::kOverhead;
}

FileStream::FileStream(std::shared_ptr<const DataFile> file, bool plain)
    : file_(std::move(file)),
      plain_size_(file_->size(true)),
      sealed_(file_->encrypted() && !plain),
      plain_(file_->archive_->read(file_->slice_, file_->number_, plain_size_)) {
  if (sealed_) sealer_.emplace(file_->key_, file_->nonce_);
}

std::size_t FileStream::read(MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size()) {
    std::size_t step = produce(out.subspan(done));
    if (step == 0) break;
    if (flip_ && *flip_ >= position_ && *flip_ - position_ < step) out[done + (*flip_ - position_)] ^= 1;
    position_ += step;
    done += step;
  }
  return done;
}

// Reads from the part of the file at `position_`: nonce, records or tag.
std::size_t FileStream::produce(MutableBytes out) {
  std::uint64_t start = sealed_ ? crypto::kNonceSize : 0, end = start + plain_size_;
  auto copy = [&](const std::uint8_t* from, std::uint64_t size) {
    std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(size, out.size()));
    std::memcpy(out.data(), from, step);
    return step;
  };
  if (position_ < start) return copy(file_->nonce_.data() + position_, start - position_);
  if (position_ < end) {
    MutableBytes part = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end - position_)));
    plain_->read(part);
    if (sealed_) sealer_->update(part, part);  // encrypts in place
    return part.size();
  }
  if (!sealed_ || position_ >= end + crypto::kTagSize) return 0;
  if (!have_tag_) tag_ = sealer_->finish();
  have_tag_ = true;
  return copy(tag_.data() + (position_ - end), end + crypto::kTagSize - position_);
}

}  // namespace libbcda::sandbox
