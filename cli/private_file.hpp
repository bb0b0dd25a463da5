// A file of a command's own, with data of beneficiaries: mode 0600, and under its name only when it is whole.
#pragma once
#include <string>
#include <string_view>

namespace cli {

class PrivateFile {
 public:
  // Throws Failure if `path` exists or cannot be created.
  explicit PrivateFile(std::string path);
  ~PrivateFile();  // removes what was not published
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  const std::string& path() const { return path_; }
  void write(std::string_view text);  // throws Failure
  void publish();                     // makes it durable and gives it its name; throws Failure

 private:
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_, partial_;
  int fd_ = -1;
};

}  // namespace cli
