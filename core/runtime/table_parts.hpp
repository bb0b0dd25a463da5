// The tables that an export makes while it goes on: files OUT/tables/TABLE/NUMBER.arrow of about 128 MiB.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "runtime/file_list.hpp"
#include "settings/settings.hpp"
#include "transfer/workspace.hpp"
#include "world/world.hpp"

namespace libbcda::runtime {

class Outcome;

// Each part has the rows of whole files. So a later run knows which files a part holds, and makes all others again.
// Thread-safe.
class TableParts {
 public:
  virtual ~TableParts() = default;

  // Looks at what earlier runs made. Tables that are not whole, or others than those of this run, are removed. To be
  // called before the other functions.
  virtual Task<> take_up() = 0;
  // Whether tables have the rows of a file, so that the file itself is not needed any more (keep_ndjson=false).
  virtual bool stand_for(const transfer::FileRecord& file) const = 0;
  virtual std::vector<bool> stand_for(const FileList& files) const = 0;  // by file; empty: for none
  // Adds a published file, whose path is relative to OUT. Once enough files wait, it makes parts of them before it
  // returns. Throws Error{RECORD, LIMIT, FILESYSTEM, CANCELED}.
  virtual Task<> add(const std::string& path, const FileResult& file) = 0;
  // Makes parts of the files that are left of all that were published, and an empty part of a table without rows.
  virtual Task<> finish(const FileList& files) = 0;
  // JSON of the parts, for the receipt.
  virtual json::array describe() const = 0;
  // As Workers::replace_held, of its own workers.
  virtual bool replace_held(const world::Workers::Period& began) = 0;
};

// Throws Error{INVALID_ARGUMENT} if the setting `tables` names one that is unknown, and Error{STATE} if the library was
// built without tables.
void check_tables(const Settings& settings);

// Null if the setting `tables` names none. `request`: what the export asks for (bulk::describe_wish). The workspace and
// the outcome must outlive it, but not its destructor, stand_for and describe.
std::unique_ptr<TableParts> make_table_parts(world::World& world, const Settings& settings, const json::object& request,
                                             transfer::Workspace& space, const Outcome& outcome);

}  // namespace libbcda::runtime
