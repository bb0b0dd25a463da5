#include "transfer/workspace.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::transfer {
namespace {

using test::error_of;
using test::exists;
using test::holds;
using test::mode_of;
using test::Names;
using test::names_in;
using test::slurp;
using test::spill;

constexpr auto kProcess = Durability::process;

class Workspaces : public testing::Test {
 protected:
  std::unique_ptr<Workspace> for_export(bool restart = false) { return Workspace::for_export(out_, restart, kProcess); }
  std::unique_ptr<Workspace> for_fetch() { return Workspace::for_fetch(out_, kProcess); }

  static void write(Workspace& space, const std::string& name, bool is_error = false) {
    auto writer = space.destination()->begin(name, "Patient", is_error);
    writer->write(as_bytes("{}\n"));
    std::string path = writer->commit(3, "");
    space.file_published("https://h/" + name, path, Facts{});
  }
  // What a run leaves that was killed after it published `names`.
  void leave_unfinished(const Names& names) {
    auto space = for_export();
    space->job_accepted("Patient", "https://h/api/v1/jobs/42");
    for (const auto& name : names) write(*space, name);
  }

  test::TempDir temp_;
  std::string out_ = temp_ / "out";
};

TEST_F(Workspaces, ARunThatDidNothingLeavesNothing) {
  for_export();
  EXPECT_FALSE(exists(out_));
  for_fetch();
  EXPECT_FALSE(exists(out_));
}

TEST_F(Workspaces, ADirectoryThatWasThereStaysAsItWas) {
  ASSERT_EQ(::mkdir(out_.c_str(), 0755), 0);
  spill(out_ + "/mine.txt", "x");
  for_export();
  for_fetch();
  EXPECT_EQ(names_in(out_), Names{"mine.txt"});
}

TEST_F(Workspaces, WorkInPrivateWhileTheyRun) {
  auto space = for_export();
  EXPECT_EQ(space->path(), out_);
  EXPECT_EQ(mode_of(out_), 0700);
  EXPECT_EQ(mode_of(out_ + "/.bcda"), 0700);
  auto writer = space->destination()->begin("a.ndjson", "Patient", false);
  writer->write(as_bytes("unverified"));
  for (const auto& name : names_in(out_)) EXPECT_TRUE(name.starts_with(".bcda/")) << name;
  writer.reset();
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson"}));
}

TEST_F(Workspaces, AnUnnamedDirectoryIsAskedFor) {
  Error error = error_of([] { Workspace::for_export("", false, kProcess); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "the setting out"));
}

TEST_F(Workspaces, AFileInTheirPlaceIsNamed) {
  spill(out_, "x");
  EXPECT_EQ(error_of([&] { for_export(); }).status, Status::FILESYSTEM);
  EXPECT_EQ(slurp(out_), "x");
}

TEST_F(Workspaces, PublishDataAndErrorFilesApart) {
  auto space = for_export();
  write(*space, "a.ndjson");
  write(*space, "a.ndjson", true);
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "{}\n");
  EXPECT_EQ(slurp(out_ + "/error/a.ndjson"), "{}\n");
  EXPECT_EQ(mode_of(out_ + "/error"), 0700);
  EXPECT_TRUE(space->has("a.ndjson", false));
  EXPECT_TRUE(space->has("a.ndjson", true));
  EXPECT_FALSE(space->has("b.ndjson", false));
  EXPECT_FALSE(space->has("b.ndjson", true));
}

TEST_F(Workspaces, AFinishedRunLeavesFilesReceiptAndLog) {
  {
    auto space = for_export();
    write(*space, "a.ndjson");
    space->log("{\"line\":1}");
    space->log("{\"line\":2}");
    space->complete("{\"receipt\":true}");
  }
  EXPECT_EQ(names_in(out_), (Names{"a.ndjson", "export.json", "log.ndjson"}));
  EXPECT_EQ(slurp(out_ + "/export.json"), "{\"receipt\":true}");
  EXPECT_EQ(slurp(out_ + "/log.ndjson"), "{\"line\":1}\n{\"line\":2}\n");
  EXPECT_EQ(mode_of(out_ + "/export.json"), 0600);
}

TEST_F(Workspaces, AFinishedDirectoryIsRefused) {
  for_export()->complete("{}");
  for (bool restart : {false, true}) {
    Error error = error_of([&] { for_export(restart); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "finished export"));
    EXPECT_EQ(error.file, out_);
    EXPECT_EQ(names_in(out_), Names{"export.json"});
  }
}

TEST_F(Workspaces, AnUnfinishedDirectoryIsRefusedAndKept) {
  leave_unfinished({"a.ndjson"});
  Names before = names_in(out_);
  EXPECT_EQ(before, (Names{".bcda/", ".bcda/journal.ndjson", "a.ndjson"}));
  for (int i = 0; i < 2; ++i) {
    Error error = error_of([&] { for_export(); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "unfinished export"));
    EXPECT_TRUE(holds(error.message, "restart"));
    EXPECT_EQ(names_in(out_), before);
  }
}

// Each begins alone and then lets others in; nobody may take the beginning of one for an export that keeps others out.
TEST_F(Workspaces, FetchesThatBeginAtTheSameTimeDoNotKeepEachOtherOut) {
  std::atomic<int> refused{0};
  std::string first;
  auto begin_often = [&] {
    for (int i = 0; i < 300; ++i) {
      try {
        for_fetch();
      } catch (const Error& error) {
        if (refused++ == 0) first = error.message;
      }
    }
  };
  std::thread one(begin_often), two(begin_often);
  one.join();
  two.join();
  EXPECT_EQ(refused, 0) << first;
}

TEST_F(Workspaces, ASecondRunInTheSameDirectoryIsRefusedAndDoesNoHarm) {
  for (bool exporting : {true, false}) {
    SCOPED_TRACE(exporting);
    auto first = exporting ? for_export() : for_fetch();
    Names before = names_in(out_);
    for (bool restart : {false, true}) {
      Error error = error_of([&] { for_export(restart); });
      EXPECT_EQ(error.status, Status::FILESYSTEM);
      EXPECT_TRUE(holds(error.message, "in use by another run"));
    }
    if (exporting) {
      EXPECT_EQ(error_of([&] { for_fetch(); }).status, Status::FILESYSTEM);
    } else {
      EXPECT_NO_THROW(for_fetch());  // fetches share a directory
    }
    EXPECT_EQ(names_in(out_), before);
    write(*first, "a.ndjson");
    EXPECT_TRUE(exists(out_ + "/a.ndjson"));
    ::unlink((out_ + "/a.ndjson").c_str());
    if (exporting) {
      first->complete("{}");
      ::unlink((out_ + "/export.json").c_str());
    }
  }
}

TEST_F(Workspaces, ADirectoryIsFreeAgainAfterARun) {
  for_export();
  EXPECT_NO_THROW(for_export());
}

TEST_F(Workspaces, TheJournalTellsWhatALaterRunMustKnow) {
  auto space = for_export();
  space->job_accepted("Patient", "https://h/api/v1/jobs/42");
  Facts facts;
  facts.bytes = 5000000000;
  facts.records = 7;
  facts.sha256 = "abc";
  facts.decrypted = true;
  space->file_published("https://h/data/a.ndjson", "error/a.ndjson", facts);
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"),
            R"({"event":"job","type":"Patient","statusUrl":"https://h/api/v1/jobs/42"})"
            "\n"
            R"({"event":"file","url":"https://h/data/a.ndjson","path":"error/a.ndjson","bytes":5000000000,)"
            R"("records":7,"sha256":"abc","decrypted":true})"
            "\n");
}

TEST_F(Workspaces, RestartRemovesWhatTheJournalListsAndNothingElse) {
  {
    auto space = for_export();
    write(*space, "a.ndjson");
    write(*space, "b.ndjson");
    write(*space, "e.ndjson", true);
    space->log("{}");
  }
  spill(out_ + "/mine.txt", "mine");
  spill(out_ + "/error/mine.ndjson", "mine");
  auto space = for_export(true);
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", "error/", "error/mine.ndjson", "mine.txt"}));
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"), "");
}

TEST_F(Workspaces, ClaimsOfUnknownOriginAreNotMixedWith) {
  ASSERT_EQ(::mkdir(out_.c_str(), 0700), 0);
  spill(out_ + "/Patient.x.ndjson", "whose?");
  for (bool restart : {false, true}) {
    Error error = error_of([&] { for_export(restart); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "Patient.x.ndjson"));
  }
  EXPECT_EQ(names_in(out_), Names{"Patient.x.ndjson"});
}

TEST_F(Workspaces, AFileIsInTheJournalBeforeItIsThere) {
  auto space = for_export();
  auto writer = space->destination()->begin("a.ndjson", "Patient", false);
  writer->write(as_bytes("{}"));
  EXPECT_FALSE(holds(slurp(out_ + "/.bcda/journal.ndjson"), "a.ndjson"));
  spill(out_ + "/a.ndjson", "in the way");
  EXPECT_THROW(writer->commit(2, ""), Error);
  EXPECT_TRUE(holds(slurp(out_ + "/.bcda/journal.ndjson"), "\"path\":\"a.ndjson\""));
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "in the way");
}

TEST_F(Workspaces, WritersOfOneNameDoNotMixTheirBytes) {
  auto space = for_fetch();
  auto data = space->destination()->begin("a.ndjson", "Patient", false);
  auto error = space->destination()->begin("a.ndjson", "Patient", true);
  error->write(as_bytes("errors"));
  data->write(as_bytes("data"));
  data->commit(4, "");
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "data");
  error->commit(6, "");
  EXPECT_EQ(slurp(out_ + "/error/a.ndjson"), "errors");
}

TEST_F(Workspaces, WhatAKilledRunWasWritingIsClearedAway) {
  leave_unfinished({});
  spill(out_ + "/.bcda/0123.partial", "unverified");
  for_fetch();
  EXPECT_FALSE(exists(out_ + "/.bcda/0123.partial"));
  EXPECT_TRUE(exists(out_ + "/.bcda/journal.ndjson"));
}

TEST_F(Workspaces, RestartWithNothingToDiscardIsAnOrdinaryStart) {
  EXPECT_NO_THROW(for_export(true));
  EXPECT_FALSE(exists(out_));
}

TEST_F(Workspaces, RestartNeverReachesOutsideTheDirectory) {
  leave_unfinished({});
  spill(temp_ / "outside", "kept");
  ASSERT_EQ(::mkdir((temp_ / "elsewhere").c_str(), 0700), 0);
  spill(temp_ / "elsewhere/x", "kept");
  ASSERT_EQ(::mkdir((out_ + "/sub").c_str(), 0700), 0);
  spill(out_ + "/sub/x", "kept");
  ASSERT_EQ(::mkdir((out_ + "/error").c_str(), 0700), 0);
  spill(out_ + "/listed", "goes");
  ASSERT_EQ(::symlink((temp_ / "elsewhere").c_str(), (out_ + "/link").c_str()), 0);
  std::string journal;
  for (const std::string& path :
       {std::string("../outside"), temp_ / "outside", std::string("error/../../outside"),
        std::string("error/../listed2"), std::string("sub/x"), std::string("./listed2"), std::string("link/x"),
        std::string("."), std::string(".."), std::string(""), std::string("error/"), std::string("error/.."),
        std::string("error/."), std::string("sub"), std::string("error"), std::string(".bcda"), std::string("missing"),
        std::string("listed")})
    journal += "{\"event\":\"file\",\"path\":\"" + path + "\"}\n";
  journal += "not json\n\n[]\n{\"path\":7}\n{\"path\":null}\n";
  spill(out_ + "/listed2", "kept");
  spill(out_ + "/.bcda/journal.ndjson", journal);
  auto space = for_export(true);
  EXPECT_EQ(slurp(temp_ / "outside"), "kept");
  EXPECT_EQ(slurp(temp_ / "elsewhere/x"), "kept");
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", "error/", "link", "listed2", "sub/", "sub/x"}));
}

TEST_F(Workspaces, RestartTakesALinkAwayButNotWhatItPointsTo) {
  leave_unfinished({"a.ndjson"});
  spill(temp_ / "outside", "kept");
  ::unlink((out_ + "/a.ndjson").c_str());
  ASSERT_EQ(::symlink((temp_ / "outside").c_str(), (out_ + "/a.ndjson").c_str()), 0);
  auto space = for_export(true);
  EXPECT_FALSE(exists(out_ + "/a.ndjson"));
  EXPECT_EQ(slurp(temp_ / "outside"), "kept");
}

TEST_F(Workspaces, RestartUnderstandsAJournalWhoseLastLineWasCut) {
  leave_unfinished({"a.ndjson", "b.ndjson"});
  std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  for (std::size_t cut : {1u, 2u, 10u, 40u, 80u}) {
    spill(out_ + "/a.ndjson", "x");
    spill(out_ + "/b.ndjson", "x");
    spill(out_ + "/.bcda/journal.ndjson", journal.substr(0, journal.size() - cut));
    {
      auto space = for_export(true);
      EXPECT_FALSE(exists(out_ + "/a.ndjson")) << cut;
      EXPECT_FALSE(exists(out_ + "/b.ndjson")) << cut;  // an earlier line said that it was coming
    }
    ASSERT_EQ(::mkdir(out_.c_str(), 0700) == 0 || errno == EEXIST, true);
    ASSERT_EQ(::mkdir((out_ + "/.bcda").c_str(), 0700), 0);
  }
}

// An "error" that is a link is not followed; what the journal says must then survive for the next try.
TEST_F(Workspaces, ARestartThatFailsKeepsTheJournal) {
  {
    auto space = for_export();
    write(*space, "e.ndjson", true);
  }
  std::filesystem::remove_all(out_ + "/error");
  ASSERT_EQ(::symlink(temp_.path().c_str(), (out_ + "/error").c_str()), 0);
  spill(temp_ / "e.ndjson", "kept");
  std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  EXPECT_EQ(error_of([&] { for_export(true); }).status, Status::FILESYSTEM);
  EXPECT_EQ(slurp(temp_ / "e.ndjson"), "kept");
  ASSERT_TRUE(exists(out_ + "/.bcda/journal.ndjson"));
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"), journal);
}

TEST_F(Workspaces, AFetchLeavesFilesAndNothingElse) {
  {
    auto space = for_fetch();
    write(*space, "a.ndjson");
    space->log("no log for a fetch");
  }
  EXPECT_EQ(names_in(out_), Names{"a.ndjson"});
}

TEST_F(Workspaces, AFetchIntoAFinishedDirectoryIsFine) {
  for_export()->complete("{}");
  write(*for_fetch(), "a.ndjson");
  EXPECT_EQ(names_in(out_), (Names{"a.ndjson", "export.json"}));
}

TEST_F(Workspaces, AFetchKeepsTheJournalOfAnUnfinishedExport) {
  for (bool publishes : {true, false}) {
    SCOPED_TRACE(publishes);
    std::filesystem::remove_all(out_);
    leave_unfinished({"a.ndjson"});
    {
      auto space = for_fetch();
      if (publishes) write(*space, "f.ndjson");
    }
    EXPECT_TRUE(exists(out_ + "/.bcda/journal.ndjson"));
  }
}

}  // namespace
}  // namespace libbcda::transfer
