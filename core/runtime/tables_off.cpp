// Stands for table_parts.cpp in a build without tables.
#include "base/error.hpp"
#include "runtime/table_parts.hpp"

namespace libbcda::runtime {

void check_tables(const Settings& settings) {
  if (!settings.list("tables").empty())
    throw Error(Status::STATE, "the setting tables: this library was built without tables (-DBCDA_TABLES=OFF)");
}

std::unique_ptr<TableParts> make_table_parts(world::World&, const Settings&, const json::object&, transfer::Workspace&,
                                             const Outcome&) {
  return nullptr;
}

}  // namespace libbcda::runtime
