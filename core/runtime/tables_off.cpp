// Stands for table_parts.cpp in a build without tables.
#include "base/error.hpp"
#include "runtime/table_parts.hpp"

namespace libbcda::runtime {

std::unique_ptr<TableParts> make_table_parts(world::World&, const Settings& settings, const json::object&,
                                             transfer::Workspace&, const Outcome&) {
  if (settings.list("tables").empty()) return nullptr;
  throw Error(Status::STATE, "the setting tables: this library was built without tables (-DBCDA_TABLES=OFF)");
}

}  // namespace libbcda::runtime
