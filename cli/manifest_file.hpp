// A manifest that the user named on the command line.
#pragma once
#include <string>

namespace cli {

class ManifestFile {
 public:
  // Reads the file, or standard input for "-". Throws Failure, also when it is empty.
  explicit ManifestFile(const std::string& path);

  const std::string& text() const { return text_; }

  // `message` of the library, which knows the text alone, with the file's name where it speaks of the manifest.
  std::string named_in(std::string message) const;

 private:
  std::string name_, text_;
};

}  // namespace cli
