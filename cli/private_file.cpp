#include "private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace cli {
namespace {

std::string partial_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, begin) + "." + path.substr(begin) + ".partial-" + std::to_string(::getpid());
}

}  // namespace

PrivateFile::PrivateFile(std::string path) : path_(std::move(path)), partial_(partial_of(path_)) {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0)
    throw Failure(BCDA_FILESYSTEM, path_ + " exists already; remove it or choose another name");
  fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd_ < 0) throw Failure(BCDA_FILESYSTEM, "cannot create " + path_ + ": " + std::strerror(errno));
}

PrivateFile::~PrivateFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void PrivateFile::fail(const std::string& what) const {
  throw Failure(BCDA_FILESYSTEM, "cannot " + what + " " + path_ + ": " + std::strerror(errno));
}

void PrivateFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PrivateFile::publish() {
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail("sync");
  if (const int fd = std::exchange(fd_, -1); ::close(fd) != 0) fail("close");
  // link() never replaces a file. Some file systems do not have it.
  if (::link(partial_.c_str(), path_.c_str()) == 0) return;
  if (errno == EEXIST || ::rename(partial_.c_str(), path_.c_str()) != 0) fail("publish");
  partial_.clear();
}

}  // namespace cli
