#include "transfer/destination.hpp"

#include "base/error.hpp"
#include "transfer/owner.hpp"

namespace libbcda::transfer {
namespace {

// A random name, which no other writer uses. So the published file has exactly the bytes that were written here.
std::string partial_name(world::Random& source) {
  std::uint8_t random[12];
  source.fill(random);
  return writer_mark() + "-" + to_hex(random) + std::string(kPartialEnding);
}

}  // namespace

std::string published_path(const std::string& name, bool is_error) {
  return is_error ? std::string(kErrorDirectory) + "/" + name : name;
}

class DirectoryDestination::FileWriter : public Writer {
 public:
  FileWriter(const DirectoryDestination& to, std::string name, bool is_error)
      : out_(to.out_),
        work_(to.work_),
        name_(std::move(name)),
        is_error_(is_error),
        durability_(to.durability_),
        file_(*work_, partial_name(to.random_), to.durability_) {}

  void write(ByteView bytes) override { file_.write(bytes); }

  std::string commit(std::int64_t, const std::string&) override {
    if (is_error_) {
      const Directory errors = out_->sub(kErrorDirectory);
      if (durability_ == Durability::power) out_->sync();  // the directory error/ may be new
      file_.publish(errors, name_);
    } else {
      file_.publish(*out_, name_);
    }
    return published_path(name_, is_error_);
  }

 private:
  std::shared_ptr<const Directory> out_, work_;
  std::string name_;
  bool is_error_;
  Durability durability_;
  files::OutputFile file_;
};

std::unique_ptr<Writer> DirectoryDestination::begin(const std::string& name, const std::string&, bool is_error) {
  return std::make_unique<FileWriter>(*this, name, is_error);
}

}  // namespace libbcda::transfer
