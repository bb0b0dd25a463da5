// An output directory after a crash at each change of the disk in turn.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "simulation/sim_disk.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::simulation {
namespace {

using files::Durability;

std::unique_ptr<transfer::Workspace> open_export(const world::Local& local, bool restart = false) {
  return transfer::Workspace::for_export("/out", {.restart = restart}, Durability::power, local);
}

// A directory with an unfinished export of two files.
void leave_unfinished(SimDisk& disk, const world::Local& local) {
  constexpr const char* kDigest = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";  // of "{}\n"
  const auto space = open_export(local);
  space->journal().job_accepted("Patient", "https://h/jobs/1", false);
  for (const auto& [name, kind] : {std::pair("Patient.a.ndjson", transfer::FileKind::data),
                                   std::pair("Patient.b.ndjson", transfer::FileKind::error)}) {
    const auto writer = space->destination()->begin(name, "Patient", kind);
    writer->write(as_bytes("{}\n"));
    space->journal().file_coming({{transfer::published_path(name, kind), "https://h/a", "Patient", "k", "j"},
                                  {.bytes = 3, .records = 1, .sha256 = kDigest, .proof = transfer::Proof::gcm}});
    writer->commit(3, kDigest);
  }
  space->log("{\"exportId\":\"1\"}");
  EXPECT_EQ(disk.files().size(), 5u);
}

// The loss of power comes before each change of the disk in turn.
TEST(Restarts, CanBeginAgainAfterALossOfPower) {
  Dice dice(11);
  const world::Local system = world::system_local();
  for (int at = 0, changes = 1; at < changes; ++at) {
    SimDisk disk;
    disk.use(system.clock);
    const world::Local local{system.clock, system.random, disk};
    leave_unfinished(disk, local);
    std::vector<std::unique_ptr<SimDisk>> survivors;
    changes = 0;
    disk.before_change([&] {
      for (int i = 0; changes == at && i < 30; ++i) survivors.push_back(disk.after(Crash::power, dice));
      ++changes;
    });
    open_export(local, true);
    for (const auto& survivor : survivors) {
      survivor->use(system.clock);
      EXPECT_NO_THROW(open_export({system.clock, system.random, *survivor}, true)) << "before change " << at;
    }
  }
}

TEST(OutputDirectories, SurviveALossOfPowerAlthoughTheRunThatMadeThemWasKilled) {
  Dice dice(5);
  SimDisk first;
  const world::Local system = world::system_local();
  first.use(system.clock);
  ASSERT_EQ(first.make_directory(AT_FDCWD, "/out"), 0);
  const auto disk = first.after(Crash::kill, dice);
  disk->use(system.clock);
  leave_unfinished(*disk, {system.clock, system.random, *disk});
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(disk->after(Crash::power, dice)->files().contains("/out/Patient.a.ndjson"));
}

TEST(Journals, SurviveALossOfPowerOnceARunHasReadThemAlthoughTheirWriterWasKilled) {
  Dice dice(3);
  const world::Local system = world::system_local();
  SimDisk disk;
  disk.use(system.clock);
  std::unique_ptr<SimDisk> killed;
  {
    const auto space = open_export({system.clock, system.random, disk});
    int changes = 0;
    disk.before_change([&] {
      if (++changes == 2) killed = disk.after(Crash::kill, dice);  // between the write of the record and its sync
    });
    space->journal().job_accepted("Patient", "https://h/jobs/1", false);
  }
  killed->use(system.clock);
  const auto space = open_export({system.clock, system.random, *killed});
  ASSERT_EQ(space->earlier().jobs.at("Patient").status_url, "https://h/jobs/1");
  for (int i = 0; i < 30; ++i) {
    const auto survivor = killed->after(Crash::power, dice);
    survivor->use(system.clock);
    EXPECT_EQ(open_export({system.clock, system.random, *survivor})->earlier().jobs.count("Patient"), 1u);
  }
}

TEST(Workspaces, AreDestroyedAlsoWhenNoFileCanBeOpened) {
  const world::Local system = world::system_local();
  SimDisk disk;
  disk.use(system.clock);
  auto space = open_export({system.clock, system.random, disk});
  DiskFaults faults;
  faults.open = 1;
  disk.fail(faults, Dice(1));
  space.reset();  // an exception would end the process
  EXPECT_EQ(disk.open_files(), 0u);
}

TEST(Receipts, LeaveNoTemporaryFileOutsideTheWorkDirectory) {
  SimDisk disk;
  const world::Local system = world::system_local();
  disk.use(system.clock);
  const auto space = open_export({system.clock, system.random, disk});
  int changes = 0;
  disk.before_change([&] {
    ++changes;
    for (const auto& [path, content] : disk.files())
      EXPECT_TRUE(path == "/out/export.json" || path.starts_with("/out/.bcda/")) << path << " at change " << changes;
  });
  space->complete([](const std::string&, const files::Directory::Append& append) { append("{}"); });
  EXPECT_GT(changes, 3);
}

}  // namespace
}  // namespace libbcda::simulation
