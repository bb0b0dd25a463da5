// The display of a run's progress. The tests provide the events and the time.
#include "progress.hpp"

#include <gtest/gtest.h>
#include <array>

#include "text.hpp"

namespace {

using namespace std::chrono_literals;
using cli::Progress;
using cli::Shown;

struct Screen {
  Progress::Clock::time_point time{1h};
  std::vector<std::string> lines;
  std::string redrawn;
  std::size_t columns = 200;

  Progress::Surroundings surroundings() {
    Progress::Surroundings all;
    all.now = [this] { return time; };
    all.line = [this](std::string_view text) { lines.emplace_back(text.substr(0, text.size() - 1)); };
    all.redraw = [this](std::string_view text) { redrawn = text; };
    all.columns = [this] { return columns; };
    return all;
  }
};

Shown event(bcda::EventKind kind, const std::string& type, const std::string& text) {
  Shown shown;
  shown.kind = kind;
  shown.type = type;
  shown.text = text;
  return shown;
}

Shown manifest(const std::string& type, std::int64_t files) {
  Shown shown = event(BCDA_EVENT_MANIFEST, type, "");
  shown.files_total = files;
  return shown;
}

Shown progress(std::int64_t bytes, std::int64_t bytes_total, std::int64_t files, std::int64_t files_total) {
  Shown shown = event(BCDA_EVENT_PROGRESS, "", "");
  shown.bytes_done = bytes, shown.bytes_total = bytes_total, shown.files_done = files, shown.files_total = files_total;
  return shown;
}

Shown warning(const std::string& text, bcda::Status status) {
  Shown shown = event(BCDA_EVENT_WARNING, "Patient", text);
  shown.status = status;
  return shown;
}

TEST(ProgressLines, SayHowAllJobsStandOnOneLineEveryTenSeconds) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(event(BCDA_EVENT_STATE, "", "waiting"));
  for (const char* type : {"Coverage", "Patient"}) shown.show(event(BCDA_EVENT_JOB, type, ""));
  screen.lines.clear();
  for (int second = 1; second <= 25; ++second) {
    screen.time += 1s;
    shown.show(event(BCDA_EVENT_POLL, "Coverage", "in progress (40%)"));
    shown.show(event(BCDA_EVENT_POLL, "Patient", "in progress (12%)"));
  }
  EXPECT_EQ(screen.lines,
            (std::vector<std::string>{"waiting  10 s  Coverage: in progress (40%)  Patient: in progress (12%)",
                                      "waiting  20 s  Coverage: in progress (40%)  Patient: in progress (12%)"}));
}

TEST(ProgressLines, ComeWithoutEventsToo) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(event(BCDA_EVENT_STATE, "", "waiting"));
  screen.time += 11s;
  shown.tick();
  EXPECT_EQ(screen.lines.back(), "waiting  11 s");
}

TEST(ProgressLines, SayWhichJobsStillRunWhileFilesCome) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(manifest("Patient", 4));
  shown.show(event(BCDA_EVENT_POLL, "Coverage", "in progress (40%)"));
  shown.show(progress(0, 1024, 0, 4));
  screen.time += 10s;
  shown.show(progress(512, 1024, 2, 4));
  EXPECT_EQ(screen.lines.back(), "2/4 files  512 bytes  51 bytes/s  Coverage: in progress (40%)");
}

TEST(ProgressLines, SayForHowLongAJobCannotBeAsked) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(event(BCDA_EVENT_STATE, "", "waiting"));
  shown.show(event(BCDA_EVENT_POLL, "Patient", "in progress (50%)"));
  for (int minute = 0; minute <= 4; ++minute) {
    shown.show(event(BCDA_EVENT_RETRY, "Patient", "cannot connect"));
    screen.time += 1min;
  }
  shown.tick();
  EXPECT_EQ(screen.lines.back(), "waiting  5 min 0 s  Patient: retrying for 5 min 0 s");
  shown.show(event(BCDA_EVENT_POLL, "Patient", "in progress (60%)"));
  screen.time += 10s;
  shown.tick();
  EXPECT_EQ(screen.lines.back(), "waiting  5 min 10 s  Patient: in progress (60%)");
}

TEST(ProgressLines, HaveNoPercentageWhileTheWholeIsNotKnown) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(manifest("Patient", 12));
  shown.show(progress(0, -1, 0, 12));
  screen.time += 10s;
  shown.show(progress(1024, -1, 4, 12));
  EXPECT_EQ(screen.lines.back().substr(0, 20), "4/12 files  1.0 KiB ");
  screen.time += 10s;
  shown.show(progress(1024, 4096, 4, 12));
  EXPECT_EQ(screen.lines.back().substr(0, 15), "25%  4/12 files");
}

TEST(ProgressLines, AShortDownloadHasNone) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(progress(0, 100, 0, 1));
  shown.show(progress(100, 100, 1, 1));
  shown.show(event(BCDA_EVENT_STATE, "", "finished"));
  EXPECT_EQ(screen.lines, std::vector<std::string>());
}

TEST(ProgressLines, TheLastOneSaysThatAllIsThere) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  shown.show(progress(0, 100, 0, 1));
  screen.time += 10s;
  shown.show(progress(50, 100, 0, 1));
  EXPECT_EQ(screen.lines.back().substr(0, 13), "50%  0/1 file");
  shown.show(progress(100, 100, 1, 1));
  shown.show(event(BCDA_EVENT_STATE, "", "finished"));
  EXPECT_EQ(screen.lines.back().substr(0, 14), "100%  1/1 file");
}

Shown job_failure(const std::string& type, const std::string& cause) {
  Shown shown = event(BCDA_EVENT_WARNING, type, "the kick-off for " + type + ": " + cause);
  shown.status = BCDA_NETWORK;
  return shown;
}

TEST(ProgressFailures, OfSeveralJobsAreSaidOnce) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  for (const char* type : {"Patient", "Coverage"}) shown.show(job_failure(type, "refused"));
  EXPECT_EQ(screen.lines, std::vector<std::string>{"warning: the kick-off for Patient: refused"});
  EXPECT_EQ(shown.failure("the kick-off for Coverage: refused"), "2 jobs are not done: Coverage, Patient");
  shown.show(job_failure("ExplanationOfBenefit", "reset"));
  EXPECT_EQ(screen.lines.back(), "warning: the kick-off for ExplanationOfBenefit: reset");
  EXPECT_EQ(shown.failure("canceled"), "canceled");
}

TEST(ProgressFailures, OfFilesKeepTheFirstCause) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  Shown file = warning("the file a failed", BCDA_VERIFICATION);
  file.file = "a";
  shown.show(file);
  EXPECT_EQ(screen.lines.back(), "warning: Patient: the file a failed");
  EXPECT_EQ(shown.failure("2 of 3 files failed; the first: the file a failed"),
            "2 of 3 files failed; the first: the file a failed");
}

TEST(ProgressWarnings, OfAKindTheFirstTenAndACount) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  for (int file = 0; file < 3000; ++file)
    shown.show(warning("the file " + std::to_string(file) + " failed", BCDA_VERIFICATION));
  shown.show(warning("another kind", BCDA_FILESYSTEM));
  ASSERT_EQ(screen.lines.size(), 11u);
  EXPECT_EQ(screen.lines[9], "warning: Patient: the file 9 failed");
  EXPECT_EQ(screen.lines[10], "warning: Patient: another kind");
  shown.finish();
  ASSERT_EQ(screen.lines.size(), 12u);
  EXPECT_EQ(screen.lines[11], "warning: 2,990 more warnings of this kind (VERIFICATION); --json prints all");
}

TEST(ProgressWarnings, TheSameOneOnce) {
  Screen screen;
  Progress shown(Progress::Style::none, screen.surroundings());  // --quiet prints warnings too
  for (int job = 0; job < 50; ++job) shown.show(warning("the same", BCDA_OK));
  shown.finish();
  EXPECT_EQ(screen.lines,
            (std::vector<std::string>{"warning: Patient: the same", "warning: 49 more times: Patient: the same"}));
}

TEST(ProgressWarnings, TheSameCauseOfSeveralFilesOnceWithACount) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  for (int number = 0; number < 3000; ++number) {
    Shown failed = event(BCDA_EVENT_WARNING, number % 2 ? "Patient" : "Coverage", "");
    failed.file = "f" + std::to_string(number);
    failed.text = "the file " + failed.file + ": the certificate is not trusted; give its CA";
    failed.status = BCDA_TLS;
    shown.show(failed);
  }
  shown.finish();
  EXPECT_EQ(screen.lines,
            (std::vector<std::string>{"warning: Coverage: the file f0: the certificate is not trusted; give its CA",
                                      "warning: 2,999 more files (f1, f2, f3, ...): the certificate is not trusted"}));
}

TEST(ProgressWarnings, TheSameCauseIsASentenceWithoutTheNamesOfTheFiles) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"the wrapped key of ", " does not open with this private key; check it",
       "the wrapped key of each does not open with this private key"},
      {"the file ", " was answered with a page (text/html) instead of data",
       "each was answered with a page (text/html) instead of data"}};
  for (const auto& [before, after, said] : cases) {
    Screen screen;
    Progress shown(Progress::Style::lines, screen.surroundings());
    for (const char* file : {"1.ndjson", "2.ndjson", "3.ndjson"}) {
      Shown failed = event(BCDA_EVENT_WARNING, "Patient", before + file + after);
      failed.file = file;
      failed.status = BCDA_DECRYPTION;
      shown.show(failed);
    }
    shown.finish();
    EXPECT_EQ(screen.lines.back(), "warning: 2 more files (2.ndjson, 3.ndjson): " + said);
  }
}

TEST(ProgressRetries, NameNoRemedyWhileTheRunTriesAgain) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  Shown retry = event(BCDA_EVENT_RETRY, "Patient", "the job was refused (HTTP 429); try again when it is done");
  retry.wait = 4s;
  shown.show(retry);
  EXPECT_EQ(screen.lines.back(), "Patient: the job was refused (HTTP 429); next try in 4.0 s");
}

TEST(ProgressRetries, ThousandsDoNotFillALog) {
  Screen screen;
  Progress shown(Progress::Style::lines, screen.surroundings());
  for (int file = 0; file < 3000; ++file) shown.show(event(BCDA_EVENT_RETRY, "Patient", "reset"));
  EXPECT_EQ(screen.lines.size(), 10u);
  screen.time += 10s;
  shown.show(event(BCDA_EVENT_RETRY, "Patient", "reset"));
  EXPECT_EQ(screen.lines.size(), 11u);
}

TEST(ProgressBar, StaysOnOneLineOfTheTerminal) {
  Screen screen;
  screen.columns = 20;
  Progress shown(Progress::Style::bar, screen.surroundings());
  shown.show(event(BCDA_EVENT_POLL, "Gr\xc3\xbc\xc3\x9f", "in\tprogress, and so on and on"));
  EXPECT_EQ(screen.redrawn, "\r\033[K  0 s  Gr\xc3\xbc\xc3\x9f: in pro");
  shown.clear();
  EXPECT_EQ(screen.redrawn, "\r\033[K");
}

}  // namespace
