#include "runtime/deleted.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/json_items.hpp"
#include "ndjson/reader.hpp"
#include "runtime/digest_check.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kLongestId = 64;

bool is_type(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); });
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

// "Patient/1", or the same behind the base of the server, or with a version.
DeletedResource resource_of(std::string_view url) {
  url = url.substr(0, url.find("/_history/"));
  const std::size_t slash = url.rfind('/');
  if (slash == url.npos) throw Malformed{"an entry has no URL such as Patient/1"};
  const std::string_view id = url.substr(slash + 1);
  std::string_view type = url.substr(0, slash);
  if (const std::size_t before = type.rfind('/'); before != type.npos) type.remove_prefix(before + 1);
  if (!is_type(type) || !is_id(id)) throw Malformed{"an entry has no URL such as Patient/1"};
  return {std::string(type), std::string(id)};
}

DeletedResource deletion_of(const json::value& entry) {
  const json::value* request = entry.is_object() ? entry.get_object().if_contains("request") : nullptr;
  if (!request || !request->is_object()) throw Malformed{"an entry has no request"};
  if (string_member(request->get_object(), "method") != "DELETE") throw Malformed{"an entry is no deletion"};
  return resource_of(string_member(request->get_object(), "url"));
}

[[noreturn]] void refuse(const std::string& path, std::int64_t line, const std::string& why) {
  throw std::move(
      Error(Status::PROTOCOL, path + ", line " + std::to_string(line) + ": not a Bundle of deletions: " + why)
          .at_file(path));
}

}  // namespace

std::vector<DeletedResource> read_bundle(std::string_view bundle) {
  const std::optional<json::value> parsed = parse_json(bundle);
  if (!parsed || !parsed->is_object()) throw Malformed{"it is no JSON object"};
  const json::object& fields = parsed->get_object();
  if (string_member(fields, "resourceType") != "Bundle") throw Malformed{"it is another resource"};
  std::vector<DeletedResource> resources;
  const json::value* entries = fields.if_contains("entry");
  if (!entries || entries->is_null()) return resources;
  if (!entries->is_array()) throw Malformed{"entry is no list"};
  for (const json::value& entry : entries->get_array()) resources.push_back(deletion_of(entry));
  return resources;
}

json::array read_deleted(const RunResult& result) {
  const FileList& listing = *result.files;
  json::array listed;
  std::set<DeletedResource> seen;
  for (std::size_t i = 0; i < listing.size(); ++i) {
    if (listing[i].kind() != FileKind::deleted) continue;
    const std::string path = listing[i].path();
    if (result.directory.empty())
      throw Error(Status::STATE, "the files went to a sink, so what they delete is not known; read " + path + " there");
    const auto changed = [path] {
      return std::move(
          Error(Status::VERIFICATION,
                path + " was changed after it was verified; restore it, or export again into another directory")
              .at_file(path));
    };
    ndjson::Reader reader(files::open_system_file(path), path, DigestCheck(listing[i].sha256(), changed));
    while (const auto line = reader.next()) {
      try {
        for (const DeletedResource& resource : read_bundle(*line))
          if (seen.insert(resource).second) listed.push_back({{"type", resource.type}, {"id", resource.id}});
      } catch (const Malformed& malformed) {
        refuse(path, reader.line(), malformed.what());
      }
    }
  }
  return listed;
}

}  // namespace libbcda::runtime
