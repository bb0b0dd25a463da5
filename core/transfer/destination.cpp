#include "transfer/destination.hpp"

#include <openssl/rand.h>

namespace libbcda::transfer {
namespace {

constexpr const char* kErrorDirectory = "error";

// Nobody else's, so that what is published is what was written here.
std::string partial_name() {
  std::uint8_t random[12];
  RAND_bytes(random, sizeof random);
  return to_hex(random) + ".partial";
}

}  // namespace

class DirectoryDestination::FileWriter : public Writer {
 public:
  FileWriter(const DirectoryDestination& to, std::string name, bool is_error)
      : out_(to.out_),
        work_(to.work_),
        announce_(to.announce_),
        name_(std::move(name)),
        is_error_(is_error),
        file_(*work_, partial_name(), to.durability_) {}

  void write(ByteView bytes) override { file_.write(bytes); }

  std::string commit(std::int64_t, const std::string&) override {
    std::string path = is_error_ ? std::string(kErrorDirectory) + "/" + name_ : name_;
    announce_(path);
    if (is_error_) {
      file_.publish(out_->sub(kErrorDirectory), name_);
    } else {
      file_.publish(*out_, name_);
    }
    return path;
  }

 private:
  std::shared_ptr<const Directory> out_, work_;
  std::function<void(const std::string& path)> announce_;
  std::string name_;
  bool is_error_;
  OutputFile file_;
};

std::unique_ptr<Writer> DirectoryDestination::begin(const std::string& name, const std::string&, bool is_error) {
  return std::make_unique<FileWriter>(*this, name, is_error);
}

}  // namespace libbcda::transfer
