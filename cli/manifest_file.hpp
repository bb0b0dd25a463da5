// A manifest file that is named on the command line.
#pragma once
#include <string>

namespace cli {

class ManifestFile {
 public:
  // Reads the file, or standard input for "-". Throws Failure if that fails or the file is empty.
  explicit ManifestFile(const std::string& path);

  const std::string& text() const { return text_; }

  // A message of the library with the name of the file, because the library knows only the text of the manifest.
  std::string named_in(std::string message) const;

 private:
  std::string name_, text_;
};

}  // namespace cli
