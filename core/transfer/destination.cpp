#include "transfer/destination.hpp"

namespace libbcda::transfer {
namespace {

constexpr const char* kErrorDirectory = "error";

class FileWriter : public Writer {
 public:
  FileWriter(std::shared_ptr<const Directory> out, std::shared_ptr<const Directory> work, std::string name, bool is_error,
             Durability durability)
      : out_(std::move(out)), work_(std::move(work)), name_(std::move(name)), is_error_(is_error), file_(*work_, name_ + ".partial", durability) {}

  void write(ByteView bytes) override { file_.write(bytes); }

  std::string commit(std::int64_t, const std::string&) override {
    if (!is_error_) {
      file_.publish(*out_, name_);
      return name_;
    }
    Directory errors = out_->sub(kErrorDirectory);
    file_.publish(errors, name_);
    return std::string(kErrorDirectory) + "/" + name_;
  }

 private:
  std::shared_ptr<const Directory> out_, work_;
  std::string name_;
  bool is_error_;
  OutputFile file_;
};

}  // namespace

std::unique_ptr<Writer> DirectoryDestination::begin(const std::string& name, const std::string&, bool is_error) {
  return std::make_unique<FileWriter>(out_, work_, name, is_error, durability_);
}

}  // namespace libbcda::transfer
