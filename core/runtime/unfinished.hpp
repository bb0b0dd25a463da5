// What an output directory says about the export in it: whether it is finished, and what an unfinished one asks for.
#pragma once
#include <optional>
#include <string>

#include "base/json.hpp"
#include "bulk/kick_off.hpp"
#include "runtime/receipt.hpp"
#include "runtime/session.hpp"
#include "settings/settings.hpp"
#include "transfer/journal.hpp"
#include "transfer/published.hpp"
#include "world/world.hpp"

namespace libbcda::runtime {

// What an export asks for, as its journal has it: bulk::describe_intent and, where files are encrypted, a digest of the
// public key.
json::object intent_of(const Session& session, const Settings& settings);

// What the journals of a directory say. It is empty if there is no such directory. Throws Error{FILESYSTEM}.
transfer::JournalState journals_of(const std::string& directory, world::Disk& disk);

// The result of the finished export in the directory `out`; nullopt: it is not finished, or there is none. Throws
// Error{FILESYSTEM} if the settings ask for something else.
std::optional<RunResult> finished_export(const Session& session, const Settings& settings);

// {"published", "bytes", "inTables"} of an unfinished export: see bcda_directory_status. May wait for the disk.
json::object describe_files(const transfer::JournalState& state, const transfer::Published& published);

// Sets what the unfinished export in the directory `out` asks for, where the settings do not say it themselves. Throws
// Error{FILESYSTEM} if there is none.
void resume_settings(Settings& settings, world::Disk& disk);

// JSON about a directory: see bcda_directory_status. Nothing in the directory is changed. Throws Error{FILESYSTEM}.
std::string directory_status(const std::string& directory, const world::Local& local = world::system_local());

}  // namespace libbcda::runtime
