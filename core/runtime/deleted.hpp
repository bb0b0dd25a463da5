// What the files of the kind "deleted" say (Bulk Data IG, "Response - Complete Status"): Bundles whose entries name
// resources that no longer exist.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "runtime/receipt.hpp"

namespace libbcda::runtime {

// "Type/id".
struct DeletedResource {
  std::string type, id;
  auto operator<=>(const DeletedResource&) const = default;
};

// The resources that one Bundle names. Throws Malformed, which quotes nothing, because an id may name a beneficiary.
std::vector<DeletedResource> read_bundle(std::string_view bundle);

// The resources that the result's files of that kind name, as objects with `type` and `id`: in the order of the files,
// each once. Throws Error{FILESYSTEM, LIMIT, PROTOCOL} and, if a sink has those files, Error{STATE}.
json::array read_deleted(const RunResult& result);

}  // namespace libbcda::runtime
