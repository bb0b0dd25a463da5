// Calls that are done although their answer says that they failed, as on NFS.
#include <gtest/gtest.h>

#include "files/directory.hpp"
#include "simulation/sim_disk.hpp"
#include "world/world.hpp"

namespace libbcda::simulation {
namespace {

TEST(LostAnswers, OfTheRenameOfAReplacedFileAreNoFailure) {
  SimDisk disk;
  const world::Local system = world::system_local();
  disk.use(system.clock);
  const files::Directory out = files::Directory::open_or_create("/out", disk);
  DiskFaults faults;
  faults.lost = 1;
  disk.fail(faults, Dice(1));
  files::replace_file(out, "export.json", "{}", files::Durability::power);
  ASSERT_TRUE(disk.content("/out/export.json"));
  EXPECT_EQ(*disk.content("/out/export.json"), "{}");
  EXPECT_EQ(disk.files().size(), 1u);
}

}  // namespace
}  // namespace libbcda::simulation
