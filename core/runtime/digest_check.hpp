// Compares the bytes of a file, while they are read, with the SHA-256 that its receipt has.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "crypto/digest.hpp"

namespace libbcda::runtime {

// An ndjson::Reader::Watch. It throws at the end of the file.
class DigestCheck {
 public:
  // `changed` makes the error for another digest.
  DigestCheck(std::string sha256, std::function<Error()> changed)
      : sha256_(std::move(sha256)), changed_(std::move(changed)) {}

  void operator()(ByteView block) {
    if (is_done_) return;
    is_done_ = block.empty();
    if (!is_done_) return digest_->update(block);
    if (to_hex(digest_->finish()) != sha256_) throw changed_();
  }

 private:
  std::string sha256_;
  std::function<Error()> changed_;
  std::shared_ptr<crypto::Sha256> digest_ = std::make_shared<crypto::Sha256>();  // so that a check can be copied
  bool is_done_ = false;
};

}  // namespace libbcda::runtime
