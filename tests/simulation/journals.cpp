#include "simulation/journals.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace libbcda::simulation {
namespace {

const std::string kRoot = "/out/";

bool is_whole(const json::value& part, const SimDisk& disk) {
  const std::string* content = disk.content(kRoot + string_member(part.as_object(), "path"));
  return content && crypto::hex_digest(*content) == string_member(part.as_object(), "sha256");
}

}  // namespace

std::vector<json::object> read_lines(const SimDisk& disk) {
  std::vector<json::object> lines;
  for (int number = 1;; ++number) {
    const std::string name = number == 1 ? "journal" : "journal-" + std::to_string(number);
    const std::string* text = disk.content(kRoot + ".bcda/" + name + ".ndjson");
    if (!text) return lines;
    for (std::size_t at = 0, end; (end = text->find('\n', at)) != std::string::npos; at = end + 1)
      if (auto line = parse_json(text->substr(at, end - at)); line && line->is_object())
        lines.push_back(std::move(line->get_object()));
  }
}

std::set<std::string> replaced_files(const SimDisk& disk) {
  std::set<std::string> replaced;
  for (const json::object& line : read_lines(disk)) {
    if (string_member(line, "event") != "tables") continue;
    const json::array& parts = line.at("parts").as_array();
    if (!std::all_of(parts.begin(), parts.end(), [&](const json::value& part) { return is_whole(part, disk); }))
      continue;
    for (const json::value& file : line.at("files").as_array())
      replaced.insert(string_member(file.as_object(), "path"));
  }
  return replaced;
}

}  // namespace libbcda::simulation
