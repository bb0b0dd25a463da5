#include "transfer/destination.hpp"

#include "base/error.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::transfer {
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
  const std::size_t end = path.rfind('/');
  if (end != path.npos && end > kTablesDirectory.size() && path.starts_with(std::string(kTablesDirectory) + "/"))
    return {path.substr(0, end), path.substr(end + 1)};
  return {"", path};
}

std::string unique_name(const WorkDirectory& directory, std::string_view ending) {
  return writer_mark(directory.me()) + "-" + random_mark(directory.local().random) + std::string(ending);
}

class DirectoryDestination::FileWriter : public Writer {
 public:
  FileWriter(const WorkDirectory& directory, std::string name, FileKind kind)
      : directory_(directory),
        name_(std::move(name)),
        kind_(kind),
        file_(*directory.work(), unique_name(directory, kPartialEnding), directory.durability()) {}

  void expect(std::int64_t size) override { file_.expect(size); }
  void write(ByteView bytes) override { file_.write(bytes); }

  std::string commit(std::int64_t, const std::string&) override {
    directory_.check_still_ours();
    const Directory& out = *directory_.out();
    if (const std::string_view directory = directory_of(kind_); !directory.empty()) {
      const Directory sub = out.sub(std::string(directory));
      if (directory_.durability() == Durability::power) out.sync();  // the directory may be new
      file_.publish(sub, name_);
    } else {
      file_.publish(out, name_);
    }
    return published_path(name_, kind_);
  }

  files::Stamp stamp() const override { return file_.stamp(); }
  Partial partial() const override { return {file_.partial(), file_.size()}; }
  void sync() override { file_.sync(); }
  void leave() override { file_.leave(); }

 private:
  const WorkDirectory& directory_;
  std::string name_;
  FileKind kind_;
  files::OutputFile file_;
};

std::unique_ptr<Writer> DirectoryDestination::begin(const std::string& name, const std::string&, FileKind kind) {
  return std::make_unique<FileWriter>(directory_, name, kind);
}

}  // namespace libbcda::transfer
