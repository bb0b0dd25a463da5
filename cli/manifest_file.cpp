#include "manifest_file.hpp"

#include "text.hpp"

namespace cli {

ManifestFile::ManifestFile(const std::string& path)
    : name_(path == "-" ? "standard input" : path), text_(read_text(path)) {
  const std::string_view mark = "\xEF\xBB\xBF";
  const std::size_t begin = text_.compare(0, mark.size(), mark) == 0 ? mark.size() : 0;
  if (text_.find_first_not_of(" \t\r\n", begin) == text_.npos)
    throw Failure(BCDA_INVALID_ARGUMENT, name_ + " is empty; it must contain the output of bcda manifest");
}

std::string ManifestFile::named_in(std::string message) const {
  for (const std::string_view known : {"the manifest given", "the manifest"}) {
    const std::size_t at = message.find(known);
    if (at != message.npos) return message.replace(at, known.size(), "the manifest " + name_);
  }
  return message;
}

}  // namespace cli
