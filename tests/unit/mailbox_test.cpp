#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/json.hpp"
#include "runtime/event.hpp"
#include "support/errors.hpp"

namespace libbcda::runtime {
namespace {

constexpr Milliseconds kNow{0}, kForever{-1};

Event event(EventKind kind, std::string text = "", std::string type = "") {
  Event made;
  made.kind = kind;
  made.text = std::move(text);
  made.type = std::move(type);
  return made;
}

// All pending events, as "kind:text kind:text", and then "end" or "nothing".
std::string drain(Mailbox& mailbox) {
  std::string all;
  for (Event next;;) {
    switch (mailbox.next(kNow, next)) {
      case Mailbox::Got::event:
        all += std::string(event_kind_name(next.kind)) + ":" + next.text + " ";
        break;
      case Mailbox::Got::end:
        return all + "end";
      case Mailbox::Got::nothing_yet:
        return all + "nothing";
    }
  }
}

TEST(Mailbox, GivesEventsInOrderThenTheEnd) {
  Mailbox mailbox;
  EXPECT_EQ(drain(mailbox), "nothing");
  mailbox.push(event(EventKind::state, "a"));
  mailbox.push(event(EventKind::job, "b"));
  mailbox.push(event(EventKind::state, "c"));
  EXPECT_EQ(drain(mailbox), "state:a job:b state:c nothing");
  mailbox.push(event(EventKind::file, "d"));
  mailbox.finish(event(EventKind::finished, "e"), {});
  EXPECT_EQ(drain(mailbox), "file:d finished:e end");
  EXPECT_EQ(drain(mailbox), "end");
}

TEST(Mailbox, TakesNothingAfterTheEnd) {
  Mailbox mailbox;
  mailbox.finish(event(EventKind::finished, "e"), {});
  mailbox.push(event(EventKind::state, "a"));
  EXPECT_EQ(drain(mailbox), "finished:e end");
}

TEST(Mailbox, MakesTheEventOfAFileWhenItIsRead) {
  auto files = std::make_shared<FileList>();
  FileResult file;
  file.type = "Patient";
  file.path = "out/Patient.a.ndjson";
  file.facts.bytes = 7;
  Mailbox mailbox;
  mailbox.push(std::shared_ptr<const StoredFile>(files, &files->add(file)));
  files.reset();  // the event keeps the list alive
  Event read;
  ASSERT_EQ(mailbox.next(kNow, read), Mailbox::Got::event);
  EXPECT_EQ(read.json(), R"({"event":"file","type":"Patient","file":"out/Patient.a.ndjson","bytes_done":7})");
}

TEST(Mailbox, ProgressAndPollsReplaceUnreadOnes) {
  Mailbox mailbox;
  mailbox.push(event(EventKind::progress, "1"));
  mailbox.push(event(EventKind::file, "a"));
  mailbox.push(event(EventKind::progress, "2"));
  mailbox.push(event(EventKind::poll, "1", "Patient"));
  mailbox.push(event(EventKind::poll, "1", "Coverage"));
  mailbox.push(event(EventKind::poll, "2", "Patient"));
  EXPECT_EQ(drain(mailbox), "file:a progress:2 poll:1 poll:2 nothing");
  mailbox.push(event(EventKind::progress, "3"));
  EXPECT_EQ(drain(mailbox), "progress:3 nothing");
}

TEST(Mailbox, NothingElseIsReplaced) {
  for (auto kind :
       {EventKind::state, EventKind::job, EventKind::manifest, EventKind::file, EventKind::retry, EventKind::warning}) {
    Mailbox mailbox;
    mailbox.push(event(kind, "1"));
    mailbox.push(event(kind, "2"));
    std::string name = event_kind_name(kind);
    EXPECT_EQ(drain(mailbox), name + ":1 " + name + ":2 nothing");
  }
}

TEST(Mailbox, AMissingReaderBlocksNothing) {
  Mailbox mailbox;
  for (int i = 0; i < 100000; ++i) mailbox.push(event(EventKind::progress, std::to_string(i)));
  EXPECT_EQ(drain(mailbox), "progress:99999 nothing");
}

TEST(Mailbox, ReportsHowTheRunEnded) {
  Mailbox good, bad;
  EXPECT_FALSE(good.finished());
  EXPECT_FALSE(good.wait_finished(kNow));
  EXPECT_FALSE(good.failure());
  good.finish(event(EventKind::finished), {});
  bad.finish(event(EventKind::finished), Error(Status::JOB_FAILED, "it failed"));
  EXPECT_TRUE(good.finished());
  EXPECT_TRUE(good.wait_finished(kNow));
  EXPECT_TRUE(good.wait_finished(kForever));
  EXPECT_FALSE(good.failure());
  ASSERT_TRUE(bad.failure());
  EXPECT_EQ(bad.failure()->status, Status::JOB_FAILED);
}

TEST(Mailbox, AnAbsurdTimeoutDoesNotOverflow) {
  Mailbox mailbox;
  mailbox.push(event(EventKind::state));
  Event next;
  EXPECT_EQ(mailbox.next(Milliseconds::max(), next), Mailbox::Got::event);
  mailbox.finish(event(EventKind::finished), {});
  EXPECT_TRUE(mailbox.wait_finished(Milliseconds::max()));
  EXPECT_EQ(mailbox.next(Milliseconds::min(), next), Mailbox::Got::event);
}

TEST(Mailbox, WakesAReaderThatWaits) {
  Mailbox mailbox;
  auto reader = std::async(std::launch::async, [&] {
    Event next;
    std::string texts;
    while (mailbox.next(kForever, next) == Mailbox::Got::event) texts += next.text;
    return texts;
  });
  auto waiter = std::async(std::launch::async, [&] { return mailbox.wait_finished(kForever); });
  for (const char* text : {"a", "b", "c"}) mailbox.push(event(EventKind::file, text));
  mailbox.finish(event(EventKind::finished, "!"), {});
  EXPECT_EQ(reader.get(), "abc!");
  EXPECT_TRUE(waiter.get());
}

bool readable(int descriptor) {
  pollfd polled{descriptor, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1 && polled.revents == POLLIN;
}

TEST(Mailbox, ItsDescriptorIsReadableWhileAnEventWaitsAndFromTheEndOn) {
  Mailbox mailbox;
  const int descriptor = mailbox.descriptor();
  EXPECT_EQ(mailbox.descriptor(), descriptor);
  EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(readable(descriptor));
  for (int i = 0; i < 3; ++i) mailbox.push(event(EventKind::progress));
  mailbox.push(event(EventKind::file));
  Event next;
  EXPECT_TRUE(readable(descriptor));
  EXPECT_EQ(mailbox.next(kNow, next), Mailbox::Got::event);
  EXPECT_TRUE(readable(descriptor));
  EXPECT_EQ(mailbox.next(kNow, next), Mailbox::Got::event);
  EXPECT_FALSE(readable(descriptor));
  EXPECT_EQ(mailbox.next(kNow, next), Mailbox::Got::nothing_yet);
  mailbox.finish(event(EventKind::finished), {});
  EXPECT_TRUE(readable(descriptor));
  EXPECT_EQ(drain(mailbox), "finished: end");
  EXPECT_TRUE(readable(descriptor));
}

TEST(Mailbox, ALateDescriptorReflectsEarlierEvents) {
  Mailbox waiting, finished;
  waiting.push(event(EventKind::file));
  EXPECT_TRUE(readable(waiting.descriptor()));
  EXPECT_EQ(drain(waiting), "file: nothing");
  EXPECT_FALSE(readable(waiting.descriptor()));
  finished.finish(event(EventKind::finished), {});
  EXPECT_EQ(drain(finished), "finished: end");
  EXPECT_TRUE(readable(finished.descriptor()));
}

TEST(Mailbox, ManyWritersLoseNothing) {
  Mailbox mailbox;
  constexpr int kWriters = 4, kEach = 500;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w)
    writers.emplace_back([&mailbox, w] {
      for (int i = 0; i < kEach; ++i) mailbox.push(event(EventKind::file, std::to_string(i), std::to_string(w)));
    });
  std::map<std::string, int> next_of;
  Event next;
  for (int i = 0; i < kWriters * kEach; ++i) {
    ASSERT_EQ(mailbox.next(kForever, next), Mailbox::Got::event);
    EXPECT_EQ(next.text, std::to_string(next_of[next.type]++));
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(drain(mailbox), "nothing");
}

// A reader that has just had many events is not woken for the next one at once. It gets it all the same, and the end.
TEST(Mailbox, AReaderThatRestsGetsWhatComes) {
  Mailbox mailbox;
  Event next;
  for (int i = 0; i < 100; ++i) {
    mailbox.push(event(EventKind::file));
    ASSERT_EQ(mailbox.next(kNow, next), Mailbox::Got::event);
  }
  EXPECT_EQ(mailbox.next(kNow, next), Mailbox::Got::nothing_yet);
  EXPECT_EQ(mailbox.next(Milliseconds(1), next), Mailbox::Got::nothing_yet);
  auto reader = std::async(std::launch::async, [&] {
    std::string texts;
    while (mailbox.next(kForever, next) == Mailbox::Got::event) texts += next.text;
    return texts;
  });
  mailbox.push(event(EventKind::file, "a"));
  mailbox.finish(event(EventKind::finished, "!"), {});
  EXPECT_EQ(reader.get(), "a!");
}

TEST(MailboxNotify, IsCalledAfterEachEvent) {
  Mailbox mailbox;
  std::vector<std::string> seen;
  mailbox.set_notify([&] { seen.push_back(drain(mailbox)); });
  EXPECT_TRUE(seen.empty());
  mailbox.push(event(EventKind::state, "a"));
  mailbox.push(event(EventKind::progress, "b"));
  mailbox.finish(event(EventKind::finished, "c"), {});
  EXPECT_EQ(seen, (std::vector<std::string>{"state:a nothing", "progress:b nothing", "finished:c end"}));
}

TEST(MailboxNotify, SetLateIsCalledForPendingEvents) {
  for (bool over : {false, true}) {
    Mailbox mailbox;
    if (over)
      mailbox.finish(event(EventKind::finished), {});
    else
      mailbox.push(event(EventKind::state));
    int calls = 0;
    mailbox.set_notify([&] { ++calls; });
    EXPECT_EQ(calls, 1);
  }
}

TEST(MailboxNotify, SetAfterTheEndWasReadIsStillCalled) {
  Mailbox mailbox;
  mailbox.finish(event(EventKind::finished), {});
  drain(mailbox);
  int calls = 0;
  mailbox.set_notify([&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(MailboxNotify, AfterRemovalIsNotCalledAnyMore) {
  Mailbox mailbox;
  int first = 0, second = 0;
  mailbox.set_notify([&] { ++first; });
  mailbox.push(event(EventKind::state));
  mailbox.set_notify([&] { ++second; });  // the event is still pending
  mailbox.push(event(EventKind::state));
  mailbox.set_notify(nullptr);
  mailbox.push(event(EventKind::state));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

TEST(MailboxNotify, RemovingItWaitsForACurrentCall) {
  Mailbox mailbox;
  std::promise<void> entered, leave;
  std::atomic<bool> left{false};
  mailbox.set_notify([&] {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  std::thread writer([&] { mailbox.push(event(EventKind::state)); });
  entered.get_future().wait();
  auto taken = std::async(std::launch::async, [&] {
    mailbox.set_notify(nullptr);
    return left.load();
  });
  EXPECT_EQ(taken.wait_for(Milliseconds(20)), std::future_status::timeout);
  leave.set_value();
  EXPECT_TRUE(taken.get());
  writer.join();
}

TEST(EventJson, LeavesOutWhatDoesNotApply) {
  EXPECT_EQ(Event().json(), R"({"event":"state"})");
  EXPECT_EQ(event(EventKind::finished).json(), R"({"event":"finished","status":"OK"})");
  Event failed = event(EventKind::finished, "why");
  failed.status = Status::TIMEOUT;
  EXPECT_EQ(failed.json(), R"({"event":"finished","text":"why","status":"TIMEOUT"})");
}

TEST(EventJson, HoldsEverythingOnOneLine) {
  Event full = event(EventKind::retry, "line\nbreak \"quoted\" \xE2\x82\xAC", "Patient");
  full.file = "a.ndjson";
  full.url = "https://h/$export";
  full.status = Status::NETWORK;
  full.percent = 12.5;
  full.bytes_done = 5000000000;
  full.bytes_total = 0;
  full.files_done = 1;
  full.files_total = 2;
  full.wait_ms = 1500;
  std::string text = full.json();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  auto parsed = parse_json(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (json::value{{"event", "retry"},
                                  {"text", full.text},
                                  {"type", "Patient"},
                                  {"file", "a.ndjson"},
                                  {"url", "https://h/$export"},
                                  {"status", "NETWORK"},
                                  {"percent", 12.5},
                                  {"bytes_done", 5000000000},
                                  {"bytes_total", 0},
                                  {"files_done", 1},
                                  {"files_total", 2},
                                  {"wait_ms", 1500}}));
}

TEST(EventKinds, HaveNames) {
  const char* names[] = {"state", "job", "poll", "manifest", "progress", "file", "retry", "warning", "finished"};
  for (int i = 0; i < 9; ++i) EXPECT_STREQ(event_kind_name(static_cast<EventKind>(i)), names[i]);
}

}  // namespace
}  // namespace libbcda::runtime
