// Exports that go on with what an interrupted one left, in a world without threads, sockets and real time.
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "runtime/series.hpp"
#include "runtime/unfinished.hpp"
#include "support/errors.hpp"
#include "support/gzip.hpp"
#include "support/run_test.hpp"
#include "transfer/owner.hpp"

namespace libbcda::runtime {
namespace {

using test::error_of;
using test::holds;
using test::http_answer;
using test::kOneFile;
using test::kRecord;
using test::kTwoFiles;
using test::Names;
using test::names_in;
using test::slurp;

class Resumed : public test::RunTest {
 protected:
  void SetUp() override { know_steady(""); }

  // A server whose manifests do not grow, with these further fields of a profile.
  void know_steady(const std::string& fields) {
    know(R"("manifest_may_grow":false)" + (fields.empty() ? "" : "," + fields));
    service_.settings.set("retries", "0");
  }
  // One of two files came; the other one is refused.
  void leave_one_of_two() {
    service_.answer_job(kTwoFiles);
    service_.answer("GET /data/1/a", {http_answer(200, "", kRecord)});
    service_.answer("GET /data/1/b", {http_answer(403)});
    ASSERT_TRUE(run());
    service_.answer("GET /data/1/b", {http_answer(200, "", kRecord)});
  }
  std::string head_of(const std::string& request) const {
    const auto& net = service_.world->net();
    for (std::size_t i = 0; i < net.requests.size(); ++i)
      if (net.requests[i].starts_with(request)) return net.heads[i];
    return "";
  }
  bool told(const std::string& text) {
    bool found = false;
    for (const std::string& event : events()) found = found || holds(event, text);
    return found;
  }
  std::string journal() const { return slurp(out() + "/.bcda/journal.ndjson"); }
};

// ---- Jobs

TEST_F(Resumed, OnlyWhatIsMissingIsRequested) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET /data/1/b"), 1u);
  EXPECT_EQ(service_.count("GET "), 1u) << "neither a kick-off nor a status request";
  EXPECT_EQ(run_->result().files->size(), 2u);
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
}

TEST_F(Resumed, ItIsToldOnceWithWhatIsHere) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  std::vector<Event> tellings;
  Event event;
  while (run_->mailbox().next(Milliseconds(0), event) == Mailbox::Got::event)
    if (holds(event.text, "going on")) tellings.push_back(event);
  ASSERT_EQ(tellings.size(), 1u);
  EXPECT_EQ(tellings[0].text, "going on with the export in " + out() + ": 1 of 2 files is here");
  EXPECT_EQ(tellings[0].files_done, 1);
  EXPECT_EQ(tellings[0].files_total, 2);
  EXPECT_EQ(event.files_done, 2) << "the last event";
}

TEST_F(Resumed, WithoutAManifestTheNumberOfFilesIsNotKnown) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(403)});
  ASSERT_TRUE(run());
  EXPECT_FALSE(told("going on with the export"));
  ASSERT_TRUE(again());
  EXPECT_TRUE(told("going on with the export in " + out() + ": 0 files are here"));
}

TEST_F(Resumed, FilesThatWereHereCountAlsoIfTheRunEndsBeforeItLooksAtThem) {
  leave_one_of_two();
  run_.reset();
  RunRequest request;
  request.settings = service_.settings;
  request.settings.set("out", out());
  run_ = Run::start(service_.session(), std::move(request));
  run_->cancel();
  service_.world->run_until([&] { return run_->mailbox().finished(); });
  Event event;
  while (run_->mailbox().next(Milliseconds(0), event) == Mailbox::Got::event) continue;
  EXPECT_EQ(event.status, Status::CANCELED);
  EXPECT_EQ(event.files_done, 1);
}

TEST_F(Resumed, TheLogSaysNothingTwice) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  run_.reset();
  const std::string log = slurp(out() + "/log.ndjson");
  const auto lines = [&](const std::string& event) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("\"" + event + "\"", at)) != log.npos; ++at) ++count;
    return count;
  };
  for (const char* once : {"kickoff", "status_complete", "manifest_complete", "export_complete"})
    EXPECT_EQ(lines(once), 1u) << once;
  EXPECT_EQ(lines("download_complete"), 2u) << "one for each file";
}

TEST_F(Resumed, NothingIsRequestedWhenNothingIsLeft) {
  leave_one_of_two();
  const std::string work = out() + "/.bcda";
  std::filesystem::copy(work, temp_ / "work");
  EXPECT_FALSE(again());
  // As a crash leaves it that came before the work directory was removed.
  std::filesystem::remove_all(work);
  std::filesystem::copy(temp_ / "work", work);
  transfer::JournalState state = transfer::read_journals(files::Directory::open_or_create(work));
  ASSERT_EQ(state.files.size(), 1u);
  const std::string line = transfer::journal_line(
      transfer::file_record({{"Patient.b.ndjson", "http://localhost/data/1/b.ndjson", "Patient", "", ""},
                             state.files.at("Patient.a.ndjson").facts}),
      1);
  test::spill(work + "/journal-2.ndjson", line + "\n");
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.world->net().requests.size(), 0u);
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
}

TEST_F(Resumed, AFileThatHasChangedIsNamedAndFetchedAgainOnceItIsGone) {
  std::string flipped = kRecord;
  flipped[3] ^= 1;
  for (const auto& [text, what] : {std::pair{flipped, "its SHA-256"}, {flipped.substr(1), "its size"}}) {
    SCOPED_TRACE(what);
    std::filesystem::remove_all(out());
    run_.reset();
    leave_one_of_two();
    test::spill(out() + "/Patient.a.ndjson", text);
    const auto failure = resume();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->status, Status::FILESYSTEM);
    EXPECT_EQ(failure->file, out() + "/Patient.a.ndjson");
    EXPECT_TRUE(holds(failure->message, "Patient.a.ndjson has changed since it was verified (" + std::string(what)))
        << failure->message;
    EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
    std::filesystem::remove(out() + "/Patient.a.ndjson");
    EXPECT_FALSE(resume());
    EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kRecord);
  }
}

TEST_F(Resumed, ByItsDirectoryAlone) {
  leave_one_of_two();
  service_.settings.unset("types");
  EXPECT_FALSE(resume());
  EXPECT_EQ(service_.count("GET "), 1u);
  EXPECT_EQ(run_->result().files->size(), 2u);
}

TEST_F(Resumed, AFinishedExportIsItsResultAndNothingIsRequested) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  const std::string receipt = slurp(out() + "/export.json");
  for (const char* name : {"types", "client_id", "client_secret"}) service_.settings.unset(name);
  const Names before = names_in(out());
  EXPECT_FALSE(resume());
  EXPECT_EQ(service_.world->net().requests.size(), 0u);
  EXPECT_EQ(names_in(out()), before);
  EXPECT_TRUE(told("is complete (export.json)"));
  const RunResult result = run_->result();
  EXPECT_EQ(result.files->size(), 2u);
  EXPECT_EQ((*result.files)[0].path(), out() + "/Patient.a.ndjson");
  EXPECT_EQ(result.types, std::vector<std::string>{"Patient"});
  EXPECT_EQ(result.directory, out());
  EXPECT_EQ(result.receipt(), receipt);
}

TEST_F(Resumed, AFinishedExportOfOtherSettingsIsNamed) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  EXPECT_FALSE(resume());
  const std::pair<const char*, const char*> others[] = {{"types", "Coverage"},
                                                        {"elements", "id"},
                                                        {"until", "2020-01-01T00:00:00Z"},
                                                        {"url", "http://127.0.0.1"},
                                                        {"since", "2019-01-01T00:00:00Z"}};
  for (const auto& [name, value] : others) {
    SCOPED_TRACE(name);
    const Settings settings = service_.settings;
    know_steady(R"("parameters":["_type","_until","_elements"])");
    service_.settings.set(name, value);
    const Error failure = error_of([&] { resume(); });
    EXPECT_EQ(failure.status, Status::FILESYSTEM) << failure.message;
    EXPECT_TRUE(holds(failure.message, std::string("finished export with other settings: ") + name)) << failure.message;
    service_.settings = settings;
  }
}

TEST_F(Resumed, AResumeDiscardsNothing) {
  leave_one_of_two();
  service_.settings.set("restart", "true");
  EXPECT_TRUE(holds(error_of([&] { resume(); }).message, "restart"));
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kRecord);
}

TEST_F(Resumed, AJobThatRunsIsPolledAndNotStartedAgain) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), ""});  // then the service is gone
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  ASSERT_TRUE(run());
  EXPECT_EQ(names_in(out()), (Names{".bcda/", ".bcda/journal.ndjson", "log.ndjson"}));
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), http_answer(200, "", kOneFile)});
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 2u);
}

TEST_F(Resumed, AJobThatHasExpiredWithoutFilesIsStartedAnew) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), ""});
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  ASSERT_TRUE(run());
  service_.answer("GET /api/v1/jobs/1", {http_answer(410)});
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::JOB_GONE);
  EXPECT_FALSE(std::filesystem::exists(out() + "/.bcda")) << "nothing in it is of use";
  service_.answer_job(kOneFile);
  EXPECT_FALSE(again());
}

TEST_F(Resumed, AJobThatHasExpiredIsSaidWithWhatIsHere) {
  const std::string signed_files =
      R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson?sig=1"},{"type":"Patient","url":"/data/1/b.ndjson?sig=2"}]})";
  leave_one_of_two();
  std::filesystem::remove_all(out());
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", signed_files)});
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(again());
  for (const auto& entry : names_in(out())) EXPECT_EQ(entry.find("manifest"), std::string::npos) << "it has signatures";
  service_.answer("GET /api/v1/jobs/1", {http_answer(410)});
  for (int i = 0; i < 2; ++i) {  // also when it is known to be dead
    const auto failure = again();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->status, Status::JOB_GONE);
    EXPECT_TRUE(holds(failure->message, "expired")) << failure->message;
    EXPECT_TRUE(holds(failure->message, "1 of its files is here already")) << failure->message;
    EXPECT_TRUE(holds(failure->message, "set restart")) << failure->message;
    EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
    EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kRecord);
  }
}

TEST_F(Resumed, AJobOfAnotherOriginIsNotAsked) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), ""});
  ASSERT_TRUE(run());
  transfer::JournalState state = transfer::read_journals(files::Directory::open_or_create(out() + "/.bcda"));
  test::spill(out() + "/.bcda/journal.ndjson",
              transfer::journal_line(transfer::intent_record(*state.intent), 1) + "\n" +
                  transfer::journal_line(transfer::job_record("Patient", "http://elsewhere/jobs/1", false), 2) + "\n");
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::PROTOCOL);
  EXPECT_TRUE(holds(failure->message, "another origin"));
  EXPECT_EQ(service_.world->net().requests.size(), 0u);
}

TEST_F(Resumed, AnotherTypeIsRefusedAndNothingIsSent) {
  leave_one_of_two();
  run_.reset();
  service_.settings.set("types", "Coverage");
  const std::size_t before = service_.world->net().requests.size();
  const Error failure = error_of([&] { run(); });
  EXPECT_EQ(failure.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(failure.message, R"(types (then ["Patient"], now ["Coverage"]))")) << failure.message;
  EXPECT_EQ(service_.world->net().requests.size(), before);
}

TEST_F(Resumed, FilesThatAreGoneAreNotAskedForAgain) {
  leave_one_of_two();
  service_.answer("GET /data/1/b", {http_answer(410)});
  ASSERT_TRUE(again());
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::JOB_GONE);
  EXPECT_TRUE(holds(failure->message, "1 of its files is here already")) << failure->message;
  EXPECT_EQ(service_.world->net().requests.size(), 0u);
}

// A service may hide a job from the credentials of another client.
TEST_F(Resumed, AJobThatIsUnknownIsNotGivenUp) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), ""});
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  ASSERT_TRUE(run());
  service_.answer("GET /api/v1/jobs/1", {http_answer(404)});
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "check client_id")) << failure->message;
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile)});
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
}

// A service that has just been restarted may not know its jobs for a moment.
TEST_F(Resumed, AJobThatIsUnknownForAMomentIsAskedForAgain) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202), ""});
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  ASSERT_TRUE(run());
  service_.settings.set("retries", "5");
  service_.answer("GET /api/v1/jobs/1", {http_answer(404), http_answer(404), http_answer(200, "", kOneFile)});
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 3u);
}

// Its manifest takes the place of that of the job before, which cannot be gone on with.
TEST_F(Resumed, TheManifestOfANewJobIsKeptToo) {
  leave_one_of_two();
  transfer::JournalState state = transfer::read_journals(files::Directory::open_or_create(out() + "/.bcda"));
  ASSERT_EQ(state.jobs.at("Patient").pages.size(), 1u);
  test::spill(out() + "/.bcda/journal-2.ndjson", transfer::journal_line(transfer::dead_record("Patient"), 1) + "\n");
  std::filesystem::remove(out() + "/Patient.a.ndjson");
  std::string first = journal();  // without its file
  first.erase(first.rfind('\n', first.find(R"("event":"file")")) + 1);
  test::spill(out() + "/.bcda/journal.ndjson", first);
  service_.answer("GET /api/v1/Patient/$export", {http_answer(202, "Content-Location: /api/v1/jobs/2\r\n")});
  service_.answer("GET /api/v1/jobs/2", {http_answer(200, "", kTwoFiles)});
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(again());
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
  state = transfer::read_journals(files::Directory::open_or_create(out() + "/.bcda"));
  EXPECT_EQ(state.jobs.at("Patient").pages.size(), 1u);
  service_.answer("GET /data/1/b", {http_answer(200, "", kRecord)});
  EXPECT_FALSE(again());
  EXPECT_EQ(service_.count("GET "), 1u) << "neither a kick-off nor a status request";
}

TEST_F(Resumed, AKeptManifestThatWasChangedIsAskedForAndKeptAgain) {
  leave_one_of_two();
  transfer::JournalState state = transfer::read_journals(files::Directory::open_or_create(out() + "/.bcda"));
  const std::string page = out() + "/.bcda/" + state.jobs.at("Patient").pages.at(0).file;
  const std::string manifest = slurp(page);
  test::spill(page, "{}");
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(again());
  EXPECT_EQ(service_.count("GET /api/v1/jobs/1"), 1u);
  EXPECT_EQ(slurp(page), manifest);
}

TEST_F(Resumed, ASyncLeavesASingleExportAsItIs) {
  leave_one_of_two();
  run_.reset();
  const Names before = names_in(out());
  RunRequest request;
  request.settings = service_.settings;
  request.settings.set("out", out());
  request.sync = true;
  know_steady(R"("parameters":["_type","_since"])");
  const Error failure = error_of([&] { Run::start(service_.session(), std::move(request)); });
  EXPECT_EQ(failure.status, Status::FILESYSTEM) << failure.message;
  EXPECT_TRUE(holds(failure.message, "single export")) << failure.message;
  EXPECT_EQ(names_in(out()), before);
}

class ResumedSync : public Resumed {
 protected:
  void SetUp() override { know_steady(R"("parameters":["_type","_since"])"); }

  std::optional<Error> sync() {
    run_.reset();
    RunRequest request;
    request.settings = service_.settings;
    request.settings.set("out", temp_ / "series");
    request.sync = true;
    run_ = Run::start(service_.session(), std::move(request));
    service_.world->run_until([&] { return run_->mailbox().finished(); });
    return run_->mailbox().failure();
  }
  std::vector<std::filesystem::path> runs() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(temp_ / "series"))
      if (is_run_name(entry.path().filename())) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  // One of two files came.
  void leave_one_of_two() {
    service_.answer_job(kTwoFiles);
    service_.answer("GET /data/1/a", {http_answer(200, "", kRecord)});
    service_.answer("GET /data/1/b", {http_answer(403)});
    ASSERT_TRUE(sync());
    run_.reset();
    service_.answer("GET /data/1/b", {http_answer(200, "", kRecord)});
    ASSERT_EQ(runs().size(), 1u);
  }
};

TEST_F(ResumedSync, ARestartDiscardsTheInterruptedRun) {
  leave_one_of_two();
  service_.settings.set("restart", "true");
  const auto failure = sync();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_TRUE(told("restart discarded an unfinished export with 1 published file"));
  run_.reset();
  ASSERT_EQ(runs().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(runs()[0] / ".bcda"));
}

TEST_F(ResumedSync, ADamagedRunIsNotGoneOnWithAndItsRemedyIsTold) {
  leave_one_of_two();
  const std::string path = runs()[0] / ".bcda/journal.ndjson";
  std::string damaged = slurp(path);
  damaged[damaged.find("\"event\":\"job\"") + 9] = 'J';
  test::spill(path, damaged);
  const auto failure = sync();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_TRUE(told(runs()[0].string() + "; remove that directory if its files are not needed"));
  EXPECT_EQ(runs().size(), 2u);
}

TEST_F(ResumedSync, ItsDirectoryIsASeries) {
  leave_one_of_two();
  const json::object status = parse_json(directory_status(temp_ / "series"))->get_object();
  EXPECT_EQ(status.at("state"), "series");
  EXPECT_EQ(status.at("runs"), 1);
  Settings settings;
  settings.set("out", temp_ / "series");
  EXPECT_TRUE(holds(error_of([&] { resume_settings(settings, world::system_disk()); }).message, "a series of exports"));
}

TEST_F(Resumed, OnlyWhatAnExportAsksForIsTakenFromAJournal) {
  leave_one_of_two();
  test::spill(out() + "/.bcda/journal-2.ndjson",
              transfer::journal_line(transfer::intent_record({{"types", json::array{"Patient"}},
                                                              {"delete_job", true},
                                                              {"allow_plaintext", true},
                                                              {"take_over", true}}),
                                     1) +
                  "\n");
  Settings settings;
  settings.set("out", out());
  resume_settings(settings, world::system_disk());
  EXPECT_EQ(settings.text("types"), "Patient");
  for (const char* name : {"delete_job", "allow_plaintext", "take_over"}) EXPECT_FALSE(settings.boolean(name)) << name;
}

// Two files of one name, whose URLs have new signatures each time, cannot be told from those of an earlier answer.
TEST_F(Resumed, NoFileIsLeftTwice) {
  const auto manifest = [](const std::string& sig) {
    return R"({"transactionTime":"2026-11-01T00:00:00Z","output":[{"type":"Patient","url":"/data/1/x/a.ndjson?sig=)" +
           sig + R"("},{"type":"Patient","url":"/data/1/y/a.ndjson?sig=)" + sig + R"("}]})";
  };
  service_.answer_job(manifest("1"));
  service_.answer("GET /data/1/x", {http_answer(200, "", kRecord)});
  service_.answer("GET /data/1/y", {http_answer(403)});
  ASSERT_TRUE(run());
  service_.answer_job(manifest("2"));
  service_.answer("GET /data/1/y", {http_answer(200, "", "{\"resourceType\":\"Patient\",\"id\":\"2\"}\n")});
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  std::size_t files = 0;
  for (const std::string& name : names_in(out())) files += name.starts_with("Patient.") ? 1 : 0;
  EXPECT_EQ(files, 2u);
  EXPECT_EQ(run_->result().files->size(), 2u);
}

// A manifest with signed URLs is not kept, so the next run asks for it again.
TEST_F(Resumed, AFileThatTheNewManifestDoesNotListIsKeptAndAnError) {
  const auto item = [](const std::string& name) {
    return R"({"type":"Patient","url":"/data/1/)" + name + R"(.ndjson?sig=1"})";
  };
  const auto manifest = [](const std::string& items) {
    return R"({"transactionTime":"2026-11-01T00:00:00Z","output":[)" + items + "]}";
  };
  service_.answer_job(manifest(item("a") + "," + item("b")));
  service_.answer("GET /data/1/a", {http_answer(200, "", kRecord)});
  service_.answer("GET /data/1/b", {http_answer(403)});
  ASSERT_TRUE(run());
  service_.answer_job(manifest(item("b")));
  service_.answer("GET /data/1/b", {http_answer(200, "", "{\"resourceType\":\"Patient\",\"id\":\"2\"}\n")});
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::PROTOCOL);
  EXPECT_TRUE(holds(failure->message, "does not list the file Patient.a.ndjson any more")) << failure->message;
  EXPECT_TRUE(std::filesystem::exists(out() + "/Patient.a.ndjson"));
  EXPECT_FALSE(std::filesystem::exists(out() + "/export.json"));
}

// Two files of the same content are two files: one that is listed does not stand for one that is not.
TEST_F(Resumed, AFileOfEqualContentDoesNotStandForOneThatIsNoMoreListed) {
  const auto manifest = [](const std::string& other) {
    std::string text = R"({"transactionTime":"2026-11-01T00:00:00Z","output":[)";
    for (const std::string& name : {std::string("b"), other, std::string("d")})
      text += (text.back() == '[' ? "" : ",") + std::string(R"({"type":"Patient","url":"/data/1/)") + name +
              R"(.ndjson?sig=1"})";
    return text + "]}";
  };
  service_.answer_job(manifest("a"));
  service_.answer("GET /data/1/a", {http_answer(200, "", kRecord)});
  service_.answer("GET /data/1/b", {http_answer(200, "", kRecord)});
  service_.answer("GET /data/1/d", {http_answer(403)});
  service_.settings.set("parallel", "1");
  ASSERT_TRUE(run());
  const std::string another = "{\"resourceType\":\"Patient\",\"id\":\"2\"}\n";
  service_.answer_job(manifest("c"));
  for (const char* name : {"GET /data/1/c", "GET /data/1/d"}) service_.answer(name, {http_answer(200, "", another)});
  const auto failure = again();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "does not list the file Patient.a.ndjson any more")) << failure->message;
  EXPECT_TRUE(std::filesystem::exists(out() + "/Patient.a.ndjson"));
}

// ---- A kick-off whose answer was not heard

TEST_F(Resumed, AnUnheardKickOffIsToldAndSentAgain) {
  service_.answer("GET /api/v1/Patient/$export", {""});  // the connection is closed
  ASSERT_TRUE(run());
  EXPECT_TRUE(holds(journal(), R"("event":"kick-off")"));
  service_.answer_job(kOneFile);
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  EXPECT_FALSE(again());
  EXPECT_TRUE(told("a job may be running"));
}

TEST_F(Resumed, ARefusedKickOffStartedNoJob) {
  service_.answer("GET /api/v1/Patient/$export", {http_answer(400)});
  ASSERT_TRUE(run());
  EXPECT_FALSE(std::filesystem::exists(out() + "/.bcda"));
}

std::string task(const std::string& id, const std::string& status, const std::string& start) {
  return R"({"resource":{"resourceType":"Task","status":")" + status + R"(","identifier":[{"value":")" + id +
         R"("}],"input":[{"valueString":"GET http://localhost/api/v1/Patient/$export"}],)" +
         R"("executionPeriod":{"start":")" + start + R"("}}})";
}

std::string job_list(const std::string& tasks) { return R"({"resourceType":"Bundle","entry":[)" + tasks + "]}"; }

TEST_F(Resumed, AnUnheardKickOffIsLookedUpInTheJobList) {
  know_steady(R"("jobs_path":"/jobs")");
  service_.answer("GET /api/v1/Patient/$export", {""});
  ASSERT_TRUE(run());
  const std::string manifest = R"({"request":"http://localhost/api/v1/Patient/$export",)" + std::string(kOneFile + 1);
  service_.answer("GET /api/v1/jobs/7", {http_answer(200, "", manifest)});
  service_.answer("GET /api/v1/jobs", {http_answer(200, "", job_list(task("7", "completed", "2019-09-20T14:47:40Z")))});
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
}

TEST_F(Resumed, AKickOffTakesANewConnectionSoThatItIsNotRepeatedUnseen) {
  service_.world->net().keeps_open = true;
  service_.answer_job(kOneFile);
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  EXPECT_FALSE(run());
  const auto& net = service_.world->net();
  std::set<int> before;
  for (std::size_t i = 0; i < net.requests.size(); ++i) {
    const bool is_kick_off = net.requests[i].find("$export") != std::string::npos;
    EXPECT_EQ(is_kick_off && before.contains(net.used[i]), false) << "an idle connection may be closed by now";
    before.insert(net.used[i]);
  }
  EXPECT_LT(net.connections, static_cast<int>(net.requests.size())) << "other requests share connections";
}

// A job that is of no use is not taken again, although the list still has it.
TEST_F(Resumed, AnUnheardKickOffDoesNotTakeAJobAgainThatWasOfNoUse) {
  know_steady(R"("jobs_path":"/jobs")");
  service_.settings.set("retries", "3");
  service_.answer("GET /api/v1/Patient/$export", {""});
  service_.answer("GET /api/v1/jobs/7", {http_answer(410)});
  service_.answer("GET /api/v1/jobs", {http_answer(200, "", job_list(task("7", "completed", "2019-09-20T14:47:40Z")))});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::NETWORK);
  EXPECT_TRUE(holds(failure->message, "the service may have received it")) << failure->message;
  EXPECT_EQ(service_.count("GET /api/v1/jobs/7"), 1u);
  EXPECT_LE(service_.count("GET /api/v1/Patient"), 6u);
}

class UnheardInItsRun : public Resumed {
 protected:
  // The answer to the kick-off is lost. The request for the job list is refused at first; then it has the job.
  std::optional<Error> run_with(int refusal) {
    know_steady(R"("jobs_path":"/jobs")");
    service_.settings.set("retries", "2");
    service_.answer("GET /api/v1/Patient/$export", {""});
    const std::string manifest = R"({"request":"http://localhost/api/v1/Patient/$export",)" + std::string(kOneFile + 1);
    service_.answer("GET /api/v1/jobs/7", {http_answer(200, "", manifest)});
    const std::string list = job_list(task("7", "completed", "2019-09-20T14:47:40Z"));
    service_.answer("GET /api/v1/jobs", {http_answer(refusal), http_answer(200, "", list)});
    service_.answer("GET /data/", {http_answer(200, "", kRecord)});
    return run();
  }
};

TEST_F(UnheardInItsRun, TheJobListIsAskedForWithANewTokenIfTheOldOneIsRefused) {
  const auto failure = run_with(401);
  EXPECT_FALSE(failure) << failure->message;
}

TEST_F(Resumed, AJobListThatIsRefusedNamesTheRemedy) {
  know_steady(R"("jobs_path":"/jobs")");
  service_.settings.set("retries", "2");
  service_.answer("GET /api/v1/Patient/$export", {""});
  service_.answer("GET /api/v1/jobs", {http_answer(403)});
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_TRUE(holds(failure->message, "set restart to begin anew without that job")) << failure->message;
  EXPECT_TRUE(holds(failure->message, "a job is running there")) << failure->message;
}

TEST_F(UnheardInItsRun, AKickOffIsLookedUp) {
  const auto failure = run_with(503);
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
  EXPECT_TRUE(told("the job of a kick-off whose answer is not known was found in the job list"));
}

TEST_F(Resumed, AnOlderJobIsNotTakenForAnUnheardOne) {
  know_steady(R"("jobs_path":"/jobs")");
  service_.answer("GET /api/v1/Patient/$export", {""});
  ASSERT_TRUE(run());
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs", {http_answer(200, "", job_list(task("7", "completed", "2019-09-20T14:40:00Z")))});
  service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile)});
  service_.answer("GET /data/", {http_answer(200, "", kRecord)});
  again();
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
}

class SeveralJobs : public Resumed {
 protected:
  void SetUp() override { know_steady(R"("jobs_path":"/jobs")"); }

  // The job list after a kick-off that was not heard. Each job has one file, and 1 is the job of another kick-off.
  std::optional<Error> run_with(const std::string& tasks) {
    service_.answer("GET /api/v1/Patient/$export", {""});
    EXPECT_TRUE(run());
    service_.answer_job(kOneFile);
    const std::string manifest = R"({"request":"http://localhost/api/v1/Patient/$export",)" + std::string(kOneFile + 1);
    for (const char* id : {"7", "8", "9"})
      service_.answer(std::string("GET /api/v1/jobs/") + id, {http_answer(200, "", manifest)});
    service_.answer("GET /api/v1/jobs", {http_answer(200, "", job_list(tasks))});
    service_.answer("GET /api/v1/jobs/1", {http_answer(200, "", kOneFile)});
    service_.answer("GET /data/", {http_answer(200, "", kRecord)});
    return again();
  }
};

TEST_F(SeveralJobs, TheNewestIsTakenForThatOfAnUnheardKickOff) {
  const auto failure =
      run_with(task("7", "completed", "2019-09-20T14:47:40Z") + "," + task("8", "in-progress", "2019-09-20T14:50:00Z") +
               "," + task("9", "in-progress", "2019-09-20T14:30:00Z"));
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 0u);
  EXPECT_EQ(service_.count("GET /api/v1/jobs/8"), 1u);
  EXPECT_TRUE(told("the newest; the others are http://localhost/api/v1/jobs/7, http://localhost/api/v1/jobs/9"));
}

TEST_F(SeveralJobs, OfTwoThatBeganTogetherTheSameIsTakenEachTime) {
  const std::string one = task("7", "in-progress", "2019-09-20T14:47:40Z"),
                    other = task("8", "completed", "2019-09-20T14:47:40Z");
  for (const std::string& tasks : {one + "," + other, other + "," + one}) {
    std::filesystem::remove_all(out());
    const auto failure = run_with(tasks);
    EXPECT_FALSE(failure) << failure->message;
    EXPECT_EQ(service_.count("GET /api/v1/jobs/7"), 1u);
    EXPECT_TRUE(told("together with another one; the others are http://localhost/api/v1/jobs/8"));
  }
}

TEST_F(SeveralJobs, OneThatBeganBeforeTheKickOffIsNotTakenEither) {
  run_with(task("7", "in-progress", "2019-09-20T14:40:00Z"));
  EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
  EXPECT_TRUE(told("http://localhost/api/v1/jobs/7"));
}

TEST_F(SeveralJobs, NoneIsTakenIfNoneIsKnownToHaveBegunSinceTheKickOff) {
  for (const char* start : {"2019-09-20T14:40:00Z", ""}) {
    std::filesystem::remove_all(out());
    run_with(task("7", "in-progress", start) + "," + task("8", "in-progress", start));
    EXPECT_EQ(service_.count("GET /api/v1/Patient"), 1u);
    EXPECT_TRUE(told("http://localhost/api/v1/jobs/7, http://localhost/api/v1/jobs/8"));
  }
}

// ---- Files under way

std::string long_text(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i)
    text += R"({"resourceType":"Patient","id":")" + std::to_string(i * 7919LL % 1'000'003) + "\"}\n";
  return text;
}

class ResumedFile : public Resumed {
 protected:
  void SetUp() override { know_steady(R"("ranges":"any","gzip":true)"); }

  // The connection breaks after `cut` bytes of `sent`, in the form that `headers` say.
  void leave(const std::string& sent, std::size_t cut, const std::string& headers = "") {
    service_.answer_job(kOneFile);
    service_.answer("GET /data/", {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n" + headers + "Content-Length: " +
                                   std::to_string(sent.size()) + "\r\n\r\n" + sent.substr(0, cut)});
    const auto failure = run();
    ASSERT_TRUE(failure);
    ASSERT_EQ(failure->status, Status::NETWORK) << failure->message;
  }
  // Answers the next request with the rest, from where the request says.
  void answer_rest(const std::string& sent, const std::string& headers = "", const std::string& tag = "\"v1\"") {
    service_.before_answer = [this, sent, headers, tag](const std::string& request) {
      if (!request.starts_with("GET /data/")) return;
      const std::size_t at = service_.last_request.find("Range: bytes=");
      if (at == std::string::npos) return;
      const std::size_t from = std::stoul(service_.last_request.substr(at + 13));
      asked_from_ = from;
      service_.answer("GET /data/", {http_answer(206,
                                                 "ETag: " + tag + "\r\n" + headers + "Content-Range: bytes " +
                                                     std::to_string(from) + "-" + std::to_string(sent.size() - 1) +
                                                     "/" + std::to_string(sent.size()) + "\r\n",
                                                 sent.substr(from))});
    };
  }
  transfer::PartRecord part() const {
    return transfer::read_journals(files::Directory::open_or_create(out() + "/.bcda")).parts.at("Patient.a.ndjson");
  }
  void change_part(const transfer::PartRecord& part) {
    test::spill(out() + "/.bcda/journal-2.ndjson", transfer::journal_line(transfer::part_record(part), 1) + "\n");
  }
  // How many bytes were asked for from their beginning on.
  std::size_t asked_from_ = 0;
  static constexpr std::size_t kLargestBlock = 1 << 20;  // what had not been decoded is lost
};

TEST_F(ResumedFile, APlainOneGoesOnWhereItBroke) {
  const std::string text = long_text(3 << 20);
  leave(text, 2 << 20);
  answer_rest(text);
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_GE(asked_from_, std::size_t{2 << 20} - kLargestBlock);
  EXPECT_EQ(service_.count("GET /data/"), 1u);
  EXPECT_TRUE(holds(head_of("GET /data/"), "If-Range: \"v1\"")) << head_of("GET /data/");
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
}

TEST_F(ResumedFile, APackedOneGoesOnWithItsPackedBytes) {
  const std::string text = long_text(40 << 20);
  const std::string packed = test::gzip(text);
  ASSERT_GT(packed.size(), std::size_t{2 << 20});
  leave(packed, 2 << 20, "Content-Encoding: gzip\r\n");
  answer_rest(packed, "Content-Encoding: gzip\r\n");
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_GE(asked_from_, std::size_t{2 << 20} - kLargestBlock);
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
}

TEST_F(ResumedFile, OfAnotherVersionBeginsAnew) {
  const std::string text = long_text(3 << 20), other = long_text(1 << 20);
  leave(text, 2 << 20);
  service_.answer("GET /data/", {http_answer(200, "ETag: \"v2\"\r\n", other)});
  EXPECT_FALSE(again());
  EXPECT_TRUE(holds(head_of("GET /data/"), "If-Range: \"v1\""));
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), other);
}

TEST_F(ResumedFile, OfWhichLittleHadComeBeginsAnew) {
  const std::string text = long_text(3 << 20);
  leave(text, 300 << 10);
  service_.answer("GET /data/", {http_answer(200, "", text)});
  EXPECT_FALSE(again());
  EXPECT_FALSE(holds(head_of("GET /data/"), "Range:"));
}

TEST_F(ResumedFile, WhoseServerHasNoRangesBeginsAnew) {
  const std::string text = long_text(3 << 20);
  leave(text, 2 << 20);
  know_steady(R"("ranges":"","gzip":true)");
  service_.answer("GET /data/", {http_answer(200, "", text)});
  EXPECT_FALSE(again());
  EXPECT_FALSE(holds(head_of("GET /data/"), "Range:"));
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
}

// A loss of power may leave holes, so only what was synced counts.
TEST_F(ResumedFile, OfAnEarlierBootBeginsAnewUnlessItWasSynced) {
  const std::string text = long_text(3 << 20);
  leave(text, 2 << 20);
  transfer::PartRecord changed = part();
  EXPECT_EQ(changed.form, transfer::PartForm::plain);
  EXPECT_EQ(changed.synced, 0);
  changed.boot = "another";
  change_part(changed);
  service_.answer("GET /data/", {http_answer(200, "", text)});
  EXPECT_FALSE(again());
  EXPECT_FALSE(holds(head_of("GET /data/"), "Range:"));
}

TEST_F(ResumedFile, OfAnEarlierBootGoesOnFromWhatWasSynced) {
  const std::string text = long_text(3 << 20);
  leave(text, 2 << 20);
  transfer::PartRecord changed = part();
  changed.boot = "another";
  changed.synced = 1 << 20;
  change_part(changed);
  answer_rest(text);
  EXPECT_FALSE(again());
  EXPECT_EQ(asked_from_, std::size_t{1 << 20});
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
}

// The bytes on the disk were changed, so the whole does not fit its digest.
TEST_F(ResumedFile, ThatWasChangedIsFetchedAnew) {
  const std::string text = long_text(3 << 20);
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  const std::string manifest =
      R"({"output":[{"type":"Patient","url":"/data/1/a.ndjson","extension":[{"url":"https://example.org/checksum",)"
      R"("valueString":"sha256:)" +
      to_hex(digest.finish()) + R"("}]}]})";
  service_.answer_job(manifest);
  service_.answer("GET /data/", {"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(text.size()) +
                                 "\r\n\r\n" + text.substr(0, 2 << 20)});
  ASSERT_TRUE(run());
  const std::string partial = out() + "/.bcda/" + part().bytes_file;
  std::string changed = slurp(partial);
  changed[1000] = changed[1000] == 'x' ? 'y' : 'x';
  test::spill(partial, changed);
  answer_rest(text);
  const auto before = service_.before_answer;
  service_.before_answer = [&, before](const std::string& request) {
    const bool is_range = service_.last_request.find("Range: bytes=") != std::string::npos;
    if (request.starts_with("GET /data/") && !is_range) service_.answer("GET /data/", {http_answer(200, "", text)});
    before(request);
  };
  const auto failure = again();
  EXPECT_FALSE(failure) << failure->message;
  EXPECT_EQ(service_.count("GET /data/"), 2u);
  EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), text);
}

// ---- Owners

TEST_F(Resumed, ARunThatIsTakenOverEnds) {
  service_.answer_job(kOneFile);
  service_.answer("GET /api/v1/jobs/1", {http_answer(202, "Retry-After: 60\r\n")});
  std::size_t polls = 0;
  service_.before_answer = [&](const std::string& request) {
    if (!request.starts_with("GET /api/v1/jobs/1") || ++polls != 3) return;
    test::spill(out() + "/.bcda/owner.json", transfer::to_json({world::this_process(), "another run"}));
  };
  const auto failure = run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(failure->message, "taken over by another run"));
  EXPECT_LE(polls, 5u) << "a heartbeat comes every 30 seconds";
}

// ---- What a directory says

TEST_F(Resumed, TheStatusOfADirectoryIsTold) {
  leave_one_of_two();
  const json::object status = parse_json(directory_status(out()))->get_object();
  EXPECT_EQ(status.at("state"), "unfinished");
  EXPECT_EQ(status.at("request").as_object().at("types"), json::array{"Patient"});
  EXPECT_EQ(status.at("jobs").as_array().at(0).as_object().at("state"), "accepted");
  EXPECT_EQ(status.at("files").as_object().at("published"), 1);
  EXPECT_FALSE(again());
  run_.reset();
  const json::object done = parse_json(directory_status(out()))->get_object();
  EXPECT_EQ(done.at("state"), "finished");
  EXPECT_EQ(done.at("files").as_object().at("published"), 2);
  EXPECT_EQ(done.at("request").as_object().at("types"), json::array{"Patient"});
  ASSERT_EQ(done.at("jobs").as_array().size(), 1u);
  EXPECT_EQ(done.at("jobs").at(0).at("state"), "done");
  EXPECT_EQ(done.at("jobs").at(0).at("statusUrl"), "http://localhost/api/v1/jobs/1");
  EXPECT_EQ(done.at("jobs").at(0).at("files"), 2);
  EXPECT_EQ(done.at("partial"), false);
  EXPECT_EQ(error_of([&] { directory_status(temp_ / "nowhere"); }).status, Status::FILESYSTEM);
  EXPECT_FALSE(std::filesystem::exists(temp_ / "nowhere"));
}

// What a finished export lacks is not vouched for. Its content is not read.
TEST_F(Resumed, AFileThatAFinishedExportLacksIsNamed) {
  leave_one_of_two();
  EXPECT_FALSE(again());
  run_.reset();
  const std::string path = out() + "/Patient.a.ndjson";
  for (const char* what : {"another size", "is missing"}) {
    if (std::string(what) == "is missing")
      std::filesystem::remove(path);
    else
      test::spill(path, "{}\n");
    const json::object status = parse_json(directory_status(out()))->get_object();
    EXPECT_EQ(status.at("state"), "damaged");
    EXPECT_EQ(status.at("files").as_object().at("published"), 1);
    const std::string damage(status.at("damage").as_string());
    EXPECT_TRUE(holds(damage, path) && holds(damage, what)) << damage;
    EXPECT_TRUE(holds(error_of([&] { resume(); }).message, damage));
  }
  test::spill(path, kRecord);
  EXPECT_FALSE(resume());
}

TEST_F(Resumed, APublishedFileIsNotUnderWayAnyMore) {
  leave_one_of_two();
  transfer::PartRecord part;
  part.path = "Patient.a.ndjson";
  part.bytes_file = "x.partial";
  test::spill(out() + "/.bcda/journal-2.ndjson", transfer::journal_line(transfer::part_record(part), 1) + "\n");
  const auto under_way = [&] { return parse_json(directory_status(out()))->at("files").at("underWay"); };
  EXPECT_EQ(under_way(), 0);
  test::spill(out() + "/.bcda/x.partial", "part");
  EXPECT_EQ(under_way(), 1);
}

TEST_F(Resumed, FilesOfAFetchAreNamedAsThat) {
  std::filesystem::create_directories(out() + "/.bcda");
  test::spill(
      out() + "/.bcda/journal.ndjson",
      transfer::journal_line(transfer::file_record({{"Patient.a.ndjson", "http://localhost/a", "Patient", "", ""},
                                                    {.bytes = 1, .sha256 = "ab"}}),
                             1) +
          "\n");
  test::spill(out() + "/mine.ndjson", "a fetch tolerates it");
  EXPECT_EQ(parse_json(directory_status(out()))->at("state"), "fetch");
  EXPECT_TRUE(holds(error_of([&] { resume(); }).message, "holds files of a fetch or of a decryption"));
}

// Status and resume say the same.
TEST_F(Resumed, ADamagedJournalIsToldByTheStatusAndByAResume) {
  leave_one_of_two();
  run_.reset();
  const std::string whole = journal();
  std::string first = whole, middle = whole;
  first[whole.find("Patient")] = 'p';
  middle[whole.find("\"event\":\"job\"") + 9] = 'J';
  const std::string lost = "NDJSON files that are not known (Patient.a.ndjson)";
  const std::pair<std::string, std::string> damages[] = {{first, "damaged journal (.bcda/journal.ndjson, line 1)"},
                                                         {middle, "damaged journal (.bcda/journal.ndjson, line "},
                                                         {whole.substr(0, whole.find("\"event\":\"manifest\"")), lost},
                                                         {std::string(300, 'x'), lost},
                                                         {"", lost}};
  for (const auto& [text, expected] : damages) {
    test::spill(out() + "/.bcda/journal.ndjson", text);
    const json::object status = parse_json(directory_status(out()))->get_object();
    EXPECT_EQ(status.at("state"), "damaged");
    const std::string damage(status.at("damage").as_string());
    EXPECT_TRUE(holds(damage, expected)) << damage;
    EXPECT_TRUE(holds(error_of([&] { resume(); }).message, damage));
    EXPECT_TRUE(holds(error_of([&] { again(); }).message, damage));
    EXPECT_EQ(slurp(out() + "/Patient.a.ndjson"), kRecord);
  }
  std::filesystem::remove(out() + "/.bcda/journal.ndjson");
  EXPECT_EQ(parse_json(directory_status(out()))->at("state"), "damaged");
  EXPECT_TRUE(holds(error_of([&] { resume(); }).message, lost));
}

// What a damage says to do.
TEST_F(Resumed, ADamagedExportIsGoneOnWithAsItsDamageSays) {
  leave_one_of_two();
  run_.reset();
  const std::string whole = journal();
  test::spill(out() + "/.bcda/journal.ndjson", whole.substr(0, whole.find("\"event\":\"manifest\"")));
  std::filesystem::remove(out() + "/Patient.a.ndjson");
  EXPECT_FALSE(resume());
  EXPECT_EQ(names_in(out()), (Names{"Patient.a.ndjson", "Patient.b.ndjson", "export.json", "log.ndjson"}));
}

TEST_F(Resumed, ADamagedJournalIsDiscardedByARestart) {
  leave_one_of_two();
  run_.reset();
  std::string damaged = journal();
  damaged[damaged.find("Patient")] = 'p';
  test::spill(out() + "/.bcda/journal.ndjson", damaged);
  service_.settings.set("restart", "true");
  EXPECT_FALSE(again());
  EXPECT_EQ(parse_json(directory_status(out()))->at("state"), "finished");
}

}  // namespace
}  // namespace libbcda::runtime
