#include "transfer/workspace.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/syscalls.hpp"
#include "transfer/owner.hpp"

namespace libbcda::transfer {
namespace {

using namespace test;

constexpr auto kProcess = Durability::process;
const char* const kJob = "https://h/api/v1/jobs/42";
const char* const kDigest = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";  // of "{}\n"

class Workspaces : public testing::Test {
 protected:
  std::unique_ptr<Workspace> for_export(bool restart = false) {
    return Workspace::for_export(out_, {.intent = intent_, .restart = restart, .takes_over = takes_over_}, kProcess);
  }
  std::unique_ptr<Workspace> for_fetch() { return Workspace::for_fetch(out_, kProcess); }

  static void complete(Workspace& space, const std::string& receipt) {
    space.complete([&](const std::string&, const files::Directory::Append& append) { append(receipt); });
  }
  static FileRecord record(const std::string& path) {
    return {{path, "https://h/" + path, "Patient", "k", job_id(kJob)},
            {.bytes = 3, .records = 1, .sha256 = kDigest, .proof = Proof::gcm}};
  }
  static void write(Workspace& space, const std::string& name, FileKind kind = FileKind::data) {
    auto writer = space.destination()->begin(name, "Patient", kind);
    writer->write(as_bytes("{}\n"));
    space.journal().file_coming(record(published_path(name, kind)));
    writer->commit(3, kDigest);
  }
  // Creates the state after a run that was killed when it had published `names`.
  void leave_unfinished(const Names& names) {
    auto space = for_export();
    space->journal().job_accepted("Patient", kJob, false);
    for (const auto& name : names) write(*space, name);
  }

  static Owner on_another_host() {
    Owner other{world::this_process(), "5678"};
    other.process.host = "elsewhere";
    other.process.boot = "another";
    return other;
  }

  test::TempDir temp_;
  std::string out_ = temp_ / "out";
  json::object intent_{{"types", "Patient"}};
  bool takes_over_ = false;
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
  auto writer = space->destination()->begin("a.ndjson", "Patient", FileKind::data);
  writer->write(as_bytes("unverified"));
  for (const auto& name : names_in(out_)) EXPECT_TRUE(name.starts_with(".bcda/")) << name;
  writer.reset();
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/owner.json"}));
}

// A loss of power can leave a log with its length and without its text.
TEST_F(Workspaces, ARestartDiscardsTheLogOfTheExportWhateverIsLeftOfIt) {
  leave_unfinished({"Patient.a.ndjson"});
  spill(out_ + "/log.ndjson", std::string(300, '\0'));
  for_export(true);
  EXPECT_FALSE(exists(out_ + "/log.ndjson"));
}

TEST_F(Workspaces, AnEmptyPathIsRefused) {
  Error error = error_of([] { Workspace::for_export("", {}, kProcess); });
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
  write(*space, "a.ndjson", FileKind::error);
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "{}\n");
  EXPECT_EQ(slurp(out_ + "/error/a.ndjson"), "{}\n");
  EXPECT_EQ(mode_of(out_ + "/error"), 0700);
  EXPECT_TRUE(space->published().has("a.ndjson"));
  EXPECT_TRUE(space->published().has("error/a.ndjson"));
  EXPECT_FALSE(space->published().has("b.ndjson"));
  EXPECT_FALSE(space->published().has("error/b.ndjson"));
}

TEST_F(Workspaces, AFinishedRunLeavesFilesReceiptAndLog) {
  {
    auto space = for_export();
    write(*space, "a.ndjson");
    space->log("{\"line\":1}");
    space->log("{\"line\":2}");
    complete(*space, "{\"receipt\":true}");
  }
  EXPECT_EQ(names_in(out_), (Names{"a.ndjson", "export.json", "log.ndjson"}));
  EXPECT_EQ(slurp(out_ + "/export.json"), "{\"receipt\":true}");
  EXPECT_EQ(slurp(out_ + "/log.ndjson"), "{\"line\":1}\n{\"line\":2}\n");
  EXPECT_EQ(mode_of(out_ + "/export.json"), 0600);
}

TEST_F(Workspaces, AFinishedDirectoryIsRefused) {
  complete(*for_export(), "{}");
  for (bool restart : {false, true}) {
    Error error = error_of([&] { for_export(restart); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "finished export"));
    EXPECT_EQ(error.message.find("restart discards only an unfinished export") != std::string::npos, restart);
    EXPECT_EQ(error.file, out_);
    EXPECT_EQ(names_in(out_), Names{"export.json"});
  }
}

TEST_F(Workspaces, AnUnfinishedExportIsGoneOnWith) {
  leave_unfinished({"a.ndjson"});
  for (int i = 2; i < 4; ++i) {
    auto space = for_export();
    EXPECT_TRUE(space->goes_on());
    EXPECT_EQ(space->earlier().files.at("a.ndjson").facts.sha256, kDigest);
    EXPECT_EQ(space->earlier().jobs.at("Patient").status_url, kJob);
    EXPECT_TRUE(exists(out_ + "/.bcda/journal-" + std::to_string(i) + ".ndjson"));
  }
  complete(*for_export(), "{}");
  EXPECT_EQ(names_in(out_), (Names{"a.ndjson", "export.json"}));
}

TEST_F(Workspaces, AnUnfinishedExportWithOtherSettingsIsRefusedAndKept) {
  intent_ = {{"types", json::array{"Patient"}}, {"since", ""}, {"private_key", "0123"}};
  leave_unfinished({"a.ndjson"});
  const Names before = names_in(out_);
  intent_ = {{"types", json::array{"Coverage"}}, {"since", ""}, {"private_key", "4567"}};
  const Error error = error_of([&] { for_export(); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, R"(types (then ["Patient"], now ["Coverage"]), private_key (it was another one))"));
  EXPECT_EQ(error.message.find("since"), std::string::npos);
  EXPECT_EQ(error.message.find("0123"), std::string::npos);
  EXPECT_EQ(names_in(out_), before);
  intent_["private_key"] = "";
  EXPECT_TRUE(holds(error_of([&] { for_export(); }).message, "private_key (none is given now)"));
}

// Most likely it was the wrong one. The job is still good.
TEST_F(Workspaces, AKeyThatHasOpenedNoFileMayBeChanged) {
  intent_ = {{"types", json::array{"Patient"}}, {"private_key", "0123"}};
  leave_unfinished({});
  intent_["private_key"] = "4567";
  auto space = for_export();
  EXPECT_TRUE(space->goes_on());
  EXPECT_EQ(space->earlier().jobs.at("Patient").status_url, kJob);
  space.reset();
  leave_unfinished({"a.ndjson"});
  intent_["private_key"] = "0123";
  EXPECT_TRUE(holds(error_of([&] { for_export(); }).message, "private_key (it was another one)"));
}

// A crash came between the receipt and the removal of the journal.
TEST_F(Workspaces, AnExportWithReceiptAndJournalIsGoneOnWith) {
  leave_unfinished({"a.ndjson"});
  spill(out_ + "/export.json", "{}");
  EXPECT_TRUE(for_export()->goes_on());
  EXPECT_TRUE(holds(error_of([&] { for_export(true); }).message, "restart discards only an unfinished export"));
}

TEST_F(Workspaces, ADamagedJournalIsRefusedUnlessItIsDiscarded) {
  leave_unfinished({"a.ndjson", "b.ndjson"});
  std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  journal[journal.find("Patient")] = 'p';
  spill(out_ + "/.bcda/journal.ndjson", journal);
  for (int i = 0; i < 2; ++i) {
    const Error error = error_of([&] { i == 0 ? for_export() : for_fetch(); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "damaged journal (.bcda/journal.ndjson, line 1)"));
    EXPECT_TRUE(holds(error.message, "restart"));
  }
  EXPECT_TRUE(exists(out_ + "/a.ndjson"));
  const auto space = for_export(true);
  EXPECT_FALSE(exists(out_ + "/a.ndjson"));
  EXPECT_TRUE(holds(space->discarded(), "2 published files"));
}

// A crash came while the journals of another export were removed.
TEST_F(Workspaces, AJournalWithoutTheFirstOneSaysNothing) {
  leave_unfinished({});
  ASSERT_EQ(::rename((out_ + "/.bcda/journal.ndjson").c_str(), (out_ + "/.bcda/journal-2.ndjson").c_str()), 0);
  EXPECT_FALSE(for_export()->goes_on());
  EXPECT_FALSE(exists(out_ + "/.bcda/journal-2.ndjson"));
}

TEST_F(Workspaces, ADecryptionOfOneFileKeepsWhatAnExportLeft) {
  leave_unfinished({"a.ndjson"});
  const std::string partial = writer_mark(world::this_process()) + "-1.partial";
  spill(out_ + "/.bcda/" + partial, "part");
  PartRecord part;
  part.path = "b.ndjson";
  part.bytes_file = partial;
  spill(out_ + "/.bcda/journal-2.ndjson", journal_line(part_record(part), 1) + "\n");
  Workspace::for_file(out_, kProcess);
  EXPECT_TRUE(exists(out_ + "/.bcda/" + partial));
}

// It may be one that is being written.
TEST_F(Workspaces, AnOwnerFileThatIsNotWholeCountsAsOneWhereLocksDoNotWork) {
  leave_unfinished({});
  spill(out_ + "/.bcda/owner.json", "");
  EXPECT_NO_THROW(for_export()) << "the lock proves that nobody writes it";
  spill(out_ + "/.bcda/owner.json", "");
  const test::Failing lock(test::Call::flock, ENOLCK);
  EXPECT_TRUE(holds(error_of([&] { for_export(); }).message, "in use by another run"));
}

TEST_F(Workspaces, RestartSaysWhatItDiscards) {
  leave_unfinished({"a.ndjson"});
  EXPECT_EQ(for_export(true)->discarded(),
            "restart discarded an unfinished export with 1 published file; its job goes on at the service: " +
                std::string(kJob));
}

TEST_F(Workspaces, AManifestIsKeptAndReadAgain) {
  const http::Url url = http::parse_url("https://h/api/v1/jobs/42", "the test");
  {
    auto space = for_export();
    space->journal().job_accepted("Patient", kJob, false);
    space->keep_manifest("Patient",
                         {bulk::parse_manifest(R"({"output":[{"type":"Patient","url":"/data/a.ndjson"}]})", url)});
  }
  auto space = for_export();
  const JobState& job = space->earlier().jobs.at("Patient");
  const auto anywhere = [](const http::Url&) { return true; };
  const bulk::Manifests pages = space->kept_manifest(job, anywhere);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0]->entry(0).url.text(), "https://h/data/a.ndjson");
  EXPECT_TRUE(space->kept_manifest(job, [](const http::Url&) { return false; }).empty());
  spill(out_ + "/.bcda/" + job.pages[0].file, R"({"output":[]})");
  EXPECT_TRUE(space->kept_manifest(job, anywhere).empty()) << "it is not as it was written";
}

// A fetch holds the exclusive lock while it starts. Another fetch must not mistake it for an export, which would refuse
// it.
TEST_F(Workspaces, FetchesThatStartTogetherDoNotRefuseEachOther) {
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
      complete(*first, "{}");
      ::unlink((out_ + "/export.json").c_str());
    }
  }
}

TEST_F(Workspaces, ARunOfThisMachineThatUsesTheDirectoryIsNamed) {
  const auto first = for_export();
  const std::string process = "in use by another run (process " + std::to_string(::getpid());
  for (int i = 0; i < 2; ++i) {
    const Error error = error_of([&] { i == 0 ? for_export() : for_fetch(); });
    EXPECT_TRUE(holds(error.message, process)) << error.message;
    EXPECT_TRUE(error.retriable);
  }
}

TEST_F(Workspaces, ADirectoryIsFreeAgainAfterARun) {
  for_export();
  EXPECT_NO_THROW(for_export());
}

TEST_F(Workspaces, TheJournalHasWhatALaterRunNeeds) {
  auto space = for_export();
  space->journal().job_accepted("Patient", kJob, false);
  Facts facts;
  facts.bytes = 5000000000;
  facts.records = 7;
  facts.sha256 = "abc";
  facts.proof = Proof::gcm;
  space->journal().file_coming({{"error/a.ndjson", "https://h/data/a.ndjson", "Patient", "0123", ""}, facts});
  JournalState state;
  fold(state, slurp(out_ + "/.bcda/journal.ndjson"), "journal.ndjson");
  EXPECT_EQ(state.damage, "");
  EXPECT_EQ(*state.intent, intent_);
  EXPECT_EQ(state.jobs.at("Patient").status_url, kJob);
  const FileRecord& file = state.files.at("error/a.ndjson");
  EXPECT_EQ(file.facts.bytes, 5000000000);
  EXPECT_EQ(file.facts.sha256, "abc");
  EXPECT_EQ(file.facts.proof, Proof::gcm);
}

TEST_F(Workspaces, RestartRemovesWhatTheJournalListsAndNothingElse) {
  {
    auto space = for_export();
    write(*space, "a.ndjson");
    write(*space, "b.ndjson");
    write(*space, "e.ndjson", FileKind::error);
    space->log(R"({"exportId":"https://h/api/v1/jobs/42"})");
  }
  spill(out_ + "/mine.txt", "mine");
  spill(out_ + "/error/mine.txt", "mine");
  auto space = for_export(true);
  EXPECT_EQ(names_in(out_),
            (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/owner.json", "error/", "error/mine.txt", "mine.txt"}));
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"), journal_line(intent_record(intent_), 1) + "\n");
}

TEST_F(Workspaces, UnknownFilesAreRefused) {
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
  spill(out_ + "/a.ndjson", "in the way");
  EXPECT_THROW(write(*space, "a.ndjson"), Error);
  EXPECT_TRUE(holds(slurp(out_ + "/.bcda/journal.ndjson"), "\"path\":\"a.ndjson\""));
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "in the way");
}

TEST_F(Workspaces, WritersOfOneNameDoNotMixTheirBytes) {
  auto space = for_fetch();
  auto data = space->destination()->begin("a.ndjson", "Patient", FileKind::data);
  auto error = space->destination()->begin("a.ndjson", "Patient", FileKind::error);
  error->write(as_bytes("errors"));
  data->write(as_bytes("data"));
  data->commit(4, "");
  EXPECT_EQ(slurp(out_ + "/a.ndjson"), "data");
  error->commit(6, "");
  EXPECT_EQ(slurp(out_ + "/error/a.ndjson"), "errors");
}

TEST_F(Workspaces, PartialFilesOfAKilledRunAreRemoved) {
  leave_unfinished({});
  const std::string ours = out_ + "/.bcda/" + writer_mark(world::this_process()) + "-0123.partial";
  const std::string foreign = out_ + "/.bcda/00000000-00000000-0123.partial", stale = out_ + "/.bcda/0-0-0123.partial";
  for (const std::string& partial : {ours, foreign, stale}) spill(partial, "unverified");
  std::filesystem::last_write_time(stale, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  for_fetch();
  EXPECT_FALSE(exists(ours));
  EXPECT_TRUE(exists(foreign));  // a partial file of another host, which may still write it
  EXPECT_FALSE(exists(stale));
  EXPECT_TRUE(exists(out_ + "/.bcda/journal.ndjson"));
}

TEST_F(Workspaces, RestartWithNothingToDiscardIsAnOrdinaryStart) {
  EXPECT_NO_THROW(for_export(true));
  EXPECT_FALSE(exists(out_));
}

TEST_F(Workspaces, RestartNeverReachesOutsideTheDirectory) {
  leave_unfinished({});
  spill(temp_ / "outside", "{}\n");
  ASSERT_EQ(::mkdir((temp_ / "elsewhere").c_str(), 0700), 0);
  spill(temp_ / "elsewhere/x", "{}\n");
  ASSERT_EQ(::mkdir((out_ + "/sub").c_str(), 0700), 0);
  spill(out_ + "/sub/x", "{}\n");
  ASSERT_EQ(::mkdir((out_ + "/error").c_str(), 0700), 0);
  spill(out_ + "/listed", "{}\n");
  ASSERT_EQ(::symlink((temp_ / "elsewhere").c_str(), (out_ + "/link").c_str()), 0);
  std::string journal;
  std::int64_t seq = 0;
  for (const std::string& path :
       {std::string("../outside"), temp_ / "outside", std::string("error/../../outside"),
        std::string("error/../listed2"), std::string("sub/x"), std::string("./listed2"), std::string("link/x"),
        std::string("."), std::string(".."), std::string(""), std::string("error/"), std::string("error/.."),
        std::string("error/."), std::string("sub"), std::string("error"), std::string(".bcda"), std::string("missing"),
        std::string("listed")})
    journal += journal_line(file_record(record(path)), ++seq) + "\n";
  for (const json::value& path : json::array{7, nullptr, json::array()})
    journal += journal_line({{"event", "file"}, {"path", path}}, ++seq) + "\n";
  journal += "not json\n\n[]\n";
  spill(out_ + "/listed2", "{}\n");
  spill(out_ + "/.bcda/journal.ndjson", journal);
  auto space = for_export(true);
  EXPECT_EQ(slurp(temp_ / "outside"), "{}\n");
  EXPECT_EQ(slurp(temp_ / "elsewhere/x"), "{}\n");
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/owner.json", "error/", "link", "listed2",
                                   "sub/", "sub/x"}));
}

TEST_F(Workspaces, RestartKeepsALinkThatReplacedAFile) {
  leave_unfinished({"a.ndjson"});
  spill(temp_ / "outside", "{}\n");
  ::unlink((out_ + "/a.ndjson").c_str());
  ASSERT_EQ(::symlink((temp_ / "outside").c_str(), (out_ + "/a.ndjson").c_str()), 0);
  EXPECT_TRUE(holds(error_of([&] { for_export(true); }).message, "a.ndjson"));
  EXPECT_TRUE(exists(out_ + "/a.ndjson"));
  EXPECT_EQ(slurp(temp_ / "outside"), "{}\n");
}

// Another program replaced a published file while the export ran.
TEST_F(Workspaces, ARestartThatMeetsAChangedFileDiscardsNothing) {
  for (const std::string& text : {std::string("MY OWN FILE"), std::string("{ }")}) {
    std::filesystem::remove_all(out_);
    leave_unfinished({"a.ndjson", "b.ndjson", "c.ndjson"});
    spill(out_ + "/b.ndjson", text);
    const Names before = names_in(out_);
    const Error error = error_of([&] { for_export(true); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_EQ(error.file, out_ + "/b.ndjson");
    EXPECT_TRUE(holds(error.message, "b.ndjson has changed since it was verified")) << error.message;
    EXPECT_EQ(names_in(out_), before);
    EXPECT_EQ(slurp(out_ + "/b.ndjson"), text);
    std::filesystem::remove(out_ + "/b.ndjson");
    EXPECT_TRUE(holds(for_export(true)->discarded(), "2 published files"));
  }
}

TEST_F(Workspaces, ARestartThatMeetsAnUnknownFileDiscardsNothing) {
  leave_unfinished({"a.ndjson"});
  spill(out_ + "/x.ndjson", "whose?");
  const Names before = names_in(out_);
  EXPECT_TRUE(holds(error_of([&] { for_export(true); }).message, "x.ndjson"));
  EXPECT_EQ(names_in(out_), before);
}

TEST_F(Workspaces, UnknownErrorFilesAreRefused) {
  ASSERT_EQ(::mkdir(out_.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((out_ + "/error").c_str(), 0700), 0);
  spill(out_ + "/error/Unknown.old.ndjson", "{}");
  EXPECT_TRUE(holds(error_of([&] { for_export(); }).message, "error/Unknown.old.ndjson"));
}

TEST_F(Workspaces, AForeignLogIsNeitherChangedNorRemoved) {
  ASSERT_EQ(::mkdir(out_.c_str(), 0700), 0);
  spill(out_ + "/log.ndjson", "{\"mine\":1}\n");
  for (bool restart : {false, true}) EXPECT_TRUE(holds(error_of([&] { for_export(restart); }).message, "log.ndjson"));
  EXPECT_EQ(slurp(out_ + "/log.ndjson"), "{\"mine\":1}\n");
}

TEST_F(Workspaces, AForeignFileInTheWorkDirectoryIsKept) {
  {
    auto space = for_export();
    spill(out_ + "/.bcda/mine.txt", "mine");
    spill(out_ + "/.export.json.new", "mine");
    complete(*space, "{}");
  }
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/mine.txt", ".export.json.new", "export.json"}));
  EXPECT_EQ(mode_of(out_ + "/export.json"), 0600);
}

TEST_F(Workspaces, APipeInTheDirectoryDoesNotBlock) {
  ASSERT_EQ(::mkdir(out_.c_str(), 0700), 0);
  ASSERT_EQ(::mkfifo((out_ + "/export.json").c_str(), 0600), 0);
  EXPECT_TRUE(holds(error_of([&] { for_fetch()->receipt(); }).message, "not a regular file"));
}

TEST_F(Workspaces, ARestartThatIsRefusedKeepsTheJournal) {
  leave_unfinished({"a.ndjson"});
  spill(out_ + "/a.ndjson", "changed");
  const std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  EXPECT_THROW(for_export(true), Error);
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"), journal);
}

TEST_F(Workspaces, ADirectoryThatIsMovedAwayGetsNoReceipt) {
  auto space = for_export();
  write(*space, "a.ndjson");
  ASSERT_EQ(::rename(out_.c_str(), (temp_ / "moved").c_str()), 0);
  ASSERT_EQ(::mkdir(out_.c_str(), 0700), 0);
  EXPECT_TRUE(holds(error_of([&] { complete(*space, "{}"); }).message, "moved or replaced"));
  space.reset();
  EXPECT_EQ(names_in(out_), Names{});
  EXPECT_FALSE(exists(temp_ / "moved/export.json"));
}

TEST_F(Workspaces, AProcessThatChangesItsDirectoryKeepsItsOutput) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(temp_.path());
  auto space = Workspace::for_export("out", {}, kProcess);
  std::filesystem::current_path("/");
  EXPECT_NO_THROW(complete(*space, "{}"));
  std::filesystem::current_path(before);
  EXPECT_TRUE(exists(out_ + "/export.json"));
}

TEST_F(Workspaces, WithoutLocksARunOfThisProcessIsStillSeen) {
  for (int code : {ENOLCK, ENOSYS, ENOTSUP}) {
    const test::Failing lock(test::Call::flock, code);
    auto first = for_export();
    spill(out_ + "/.bcda/" + writer_mark(world::this_process()) + "-1.partial", "unverified");
    const Names before = names_in(out_);
    for (bool restart : {false, true})
      EXPECT_TRUE(holds(error_of([&] { for_export(restart); }).message, "in use by another run"));
    EXPECT_EQ(names_in(out_), before);
    complete(*first, "{}");
    first.reset();
    EXPECT_EQ(names_in(out_), Names{"export.json"});
    ::unlink((out_ + "/export.json").c_str());
  }
}

// The lock of the other host is not visible here, as on NFS with locks that work only within one host.
TEST_F(Workspaces, ARunOnAnotherHostIsSeenByWhatItWrites) {
  leave_unfinished({"a.ndjson"});
  const Owner other = on_another_host();
  spill(out_ + "/.bcda/owner.json", to_json(other));
  spill(out_ + "/.bcda/00000000-00000000-1.partial", "unverified");
  const Names before = names_in(out_);
  for (bool restart : {false, true}) EXPECT_TRUE(holds(error_of([&] { for_export(restart); }).message, "on elsewhere"));
  EXPECT_EQ(names_in(out_), before);
  takes_over_ = true;  // the user knows better
  EXPECT_NO_THROW(for_export());
  takes_over_ = false;
  spill(out_ + "/.bcda/owner.json", to_json(other));
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::minutes(6);
  for (const auto& entry : std::filesystem::directory_iterator(out_ + "/.bcda"))
    std::filesystem::last_write_time(entry, long_ago);
  EXPECT_NO_THROW(for_export(true));
}

TEST_F(Workspaces, ARunThatWasTakenOverEnds) {
  auto space = for_export();
  auto writer = space->destination()->begin("a.ndjson", "Patient", FileKind::data);
  EXPECT_NO_THROW(space->renew());
  spill(out_ + "/.bcda/owner.json", to_json({world::this_process(), "5678"}));
  EXPECT_TRUE(holds(error_of([&] { space->renew(); }).message, "taken over"));
  EXPECT_TRUE(holds(error_of([&] { writer->commit(0, ""); }).message, "taken over"));
  EXPECT_TRUE(holds(error_of([&] { complete(*space, "{}"); }).message, "taken over"));
  writer.reset();
  space.reset();
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/owner.json"})) << "they are the other's";
}

TEST_F(Workspaces, AFetchThatWasTakenOverEnds) {
  auto fetch = for_fetch();
  write(*fetch, "a.ndjson");
  EXPECT_NO_THROW(fetch->renew());
  Names owners = names_in(out_ + "/.bcda");
  std::erase_if(owners, [](const std::string& name) { return !name.starts_with("owner-"); });
  ASSERT_EQ(owners.size(), 1u);
  std::filesystem::remove(out_ + "/.bcda/" + owners[0]);  // as a run on another host does it
  EXPECT_TRUE(holds(error_of([&] { fetch->renew(); }).message, "taken over"));
  EXPECT_TRUE(holds(error_of([&] { write(*fetch, "b.ndjson"); }).message, "taken over"));
  fetch.reset();
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", "a.ndjson"}));
}

TEST_F(Workspaces, ATakeOverIsToldToTheFetchesOfOtherHosts) {
  leave_unfinished({"a.ndjson"});
  const Owner other = on_another_host();
  spill(out_ + "/.bcda/owner-5678.json", to_json(other));
  EXPECT_TRUE(holds(error_of([&] { for_export(); }).message, "on elsewhere"));
  EXPECT_TRUE(exists(out_ + "/.bcda/owner-5678.json"));
  takes_over_ = true;
  for_export();
  EXPECT_FALSE(exists(out_ + "/.bcda/owner-5678.json"));
}

TEST_F(Workspaces, ARunThatWasTakenOverLogsNothingMore) {
  const auto space = for_export();
  space->log("{\"exportId\":\"1\"}");
  spill(out_ + "/.bcda/owner.json", to_json({world::this_process(), "5678"}));
  space->log("{\"exportId\":\"2\"}");
  EXPECT_EQ(slurp(out_ + "/log.ndjson"), "{\"exportId\":\"1\"}\n");
}

// The end of a run reports nothing, so a failure there must not end the process either.
TEST_F(Workspaces, ARunWhoseOwnerFileCannotBeReadEnds) {
  auto space = for_export();
  auto writer = space->destination()->begin("a.ndjson", "Patient", FileKind::data);
  std::filesystem::remove(out_ + "/.bcda/owner.json");
  std::filesystem::create_directory(out_ + "/.bcda/owner.json");
  EXPECT_EQ(error_of([&] { space->renew(); }).status, Status::FILESYSTEM);
  writer.reset();
  space.reset();
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", ".bcda/owner.json/"})) << "they stay";
}

TEST_F(Workspaces, AFetchKnowsWhatAnEarlierRunPublished) {
  leave_unfinished({"a.ndjson"});
  auto space = for_fetch();
  ASSERT_EQ(space->earlier().files.size(), 1u);
  const FileRecord& known = space->earlier().files.at("a.ndjson");
  EXPECT_EQ(known.facts.sha256, kDigest);
  EXPECT_EQ(known.facts.bytes, 3);
  EXPECT_EQ(known.source_id, "k");
  EXPECT_TRUE(known.facts.decrypted());
  EXPECT_TRUE(space->published().open("a.ndjson").has_value());
  EXPECT_FALSE(space->published().open("b.ndjson").has_value());
}

TEST_F(Workspaces, AFetchThatIsNotCompleteLeavesItsJournal) {
  write(*for_fetch(), "a.ndjson");
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", "a.ndjson"}));
  auto again = for_fetch();
  EXPECT_EQ(again->earlier().files.count("a.ndjson"), 1u);
  complete(*again, "{}");
  again.reset();
  EXPECT_EQ(names_in(out_), (Names{"a.ndjson", "export.json"}));
}

TEST_F(Workspaces, RestartReadsAJournalWhoseLastLineIsTruncated) {
  leave_unfinished({"a.ndjson", "b.ndjson"});
  std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  ::unlink((out_ + "/b.ndjson").c_str());
  for (std::size_t cut : {1u, 2u, 10u, 40u, 80u}) {
    spill(out_ + "/a.ndjson", "{}\n");
    spill(out_ + "/.bcda/journal.ndjson", journal.substr(0, journal.size() - cut));
    {
      auto space = for_export(true);
      EXPECT_FALSE(exists(out_ + "/a.ndjson")) << cut;
    }
    ASSERT_EQ(::mkdir(out_.c_str(), 0700) == 0 || errno == EEXIST, true);
    ASSERT_EQ(::mkdir((out_ + "/.bcda").c_str(), 0700), 0);
  }
}

// A link with the name "error" is not followed. The restart fails, and the journal must be kept for the next try.
TEST_F(Workspaces, ARestartThatFailsKeepsTheJournal) {
  {
    auto space = for_export();
    write(*space, "e.ndjson", FileKind::error);
  }
  std::filesystem::remove_all(out_ + "/error");
  ASSERT_EQ(::symlink(temp_.path().c_str(), (out_ + "/error").c_str()), 0);
  spill(temp_ / "e.ndjson", "{}\n");
  std::string journal = slurp(out_ + "/.bcda/journal.ndjson");
  EXPECT_EQ(error_of([&] { for_export(true); }).status, Status::FILESYSTEM);
  EXPECT_EQ(slurp(temp_ / "e.ndjson"), "{}\n");
  ASSERT_TRUE(exists(out_ + "/.bcda/journal.ndjson"));
  EXPECT_EQ(slurp(out_ + "/.bcda/journal.ndjson"), journal);
}

TEST_F(Workspaces, ASingleFileLeavesNothingElse) {
  {
    auto space = Workspace::for_file(out_, kProcess);
    auto writer = space->destination()->begin("a.ndjson", "Patient", FileKind::data);
    writer->write(as_bytes("{}\n"));
    writer->commit(3, kDigest);
    space->log("no log for a single file");
  }
  EXPECT_EQ(names_in(out_), Names{"a.ndjson"});
}

TEST_F(Workspaces, AFetchIntoAFinishedDirectoryIsFine) {
  complete(*for_export(), "{}");
  write(*for_fetch(), "a.ndjson");
  EXPECT_EQ(names_in(out_), (Names{".bcda/", ".bcda/journal.ndjson", "a.ndjson", "export.json"}));
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
