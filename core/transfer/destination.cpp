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

std::string_view directory_of(FileKind kind) {
  return kind == FileKind::error ? kErrorDirectory : kind == FileKind::deleted ? kDeletedDirectory : "";
}

std::string published_path(const std::string& name, FileKind kind) {
  const std::string_view directory = directory_of(kind);
  return directory.empty() ? name : std::string(directory) + "/" + name;
}

std::pair<std::string, std::string> split_published(const std::string& path) {
  for (const std::string_view directory : {kErrorDirectory, kDeletedDirectory})
    if (path.starts_with(std::string(directory) + "/"))
      return {std::string(directory), path.substr(directory.size() + 1)};
  return {"", path};
}

class DirectoryDestination::FileWriter : public Writer {
 public:
  FileWriter(const DirectoryDestination& to, std::string name, FileKind kind)
      : out_(to.out_),
        work_(to.work_),
        name_(std::move(name)),
        kind_(kind),
        durability_(to.durability_),
        file_(*work_, partial_name(to.random_), to.durability_) {}

  void write(ByteView bytes) override { file_.write(bytes); }

  std::string commit(std::int64_t, const std::string&) override {
    if (const std::string_view directory = directory_of(kind_); !directory.empty()) {
      const Directory sub = out_->sub(std::string(directory));
      if (durability_ == Durability::power) out_->sync();  // the directory may be new
      file_.publish(sub, name_);
    } else {
      file_.publish(*out_, name_);
    }
    return published_path(name_, kind_);
  }

 private:
  std::shared_ptr<const Directory> out_, work_;
  std::string name_;
  FileKind kind_;
  Durability durability_;
  files::OutputFile file_;
};

std::unique_ptr<Writer> DirectoryDestination::begin(const std::string& name, const std::string&, FileKind kind) {
  return std::make_unique<FileWriter>(*this, name, kind);
}

}  // namespace libbcda::transfer
