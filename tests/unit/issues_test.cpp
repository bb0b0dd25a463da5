// The issues of error files: read while the bytes come, and from published files.
#include "bulk/issues.hpp"

#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "runtime/issue_collector.hpp"
#include "runtime/receipt.hpp"
#include "support/files.hpp"

namespace libbcda {
namespace {

using bulk::Issue;
using bulk::IssueList;
using bulk::IssueReader;
using bulk::Severity;

std::string outcome(const std::string& issues) {
  return R"({"resourceType":"OperationOutcome","issue":)" + issues + "}";
}

std::string issue(const std::string& severity, const std::string& code, const std::string& text) {
  return R"({"severity":")" + severity + R"(","code":")" + code + R"(","diagnostics":")" + text + R"("})";
}

// Fed in pieces of `piece` bytes.
IssueList issues_in(const std::string& file, std::size_t piece = std::string::npos) {
  IssueReader reader;
  for (std::size_t at = 0; at < file.size(); at += std::min(piece, file.size() - at))
    reader.feed(as_bytes(file).subspan(at, std::min(piece, file.size() - at)));
  return reader.finish();
}

std::string shown(const IssueList& list) {
  std::string text;
  for (const Issue& one : list.entries())
    text += std::to_string(one.count) + " " + one.severity + "|" + one.code + "|" + one.text + "\n";
  return text;
}

TEST(Issues, AreGroupedAndCounted) {
  const std::string file =
      outcome("[" + issue("warning", "informational", "w") + "," + issue("error", "not-found", "a") + "]") + "\n" +
      outcome("[" + issue("error", "not-found", "a") + "]") + "\r\n\n" +
      outcome("[" + issue("error", "not-found", "b") + "]");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const IssueList list = issues_in(file, piece);
    EXPECT_EQ(shown(list), "1 warning|informational|w\n2 error|not-found|a\n1 error|not-found|b\n");
    EXPECT_EQ(list.counts()[Severity::error], 3);
    EXPECT_EQ(list.counts()[Severity::warning], 1);
    EXPECT_EQ(list.counts().all(), 4);
    EXPECT_TRUE(list.counts().partial());
  }
  EXPECT_EQ(shown(issues_in("")), "");
  EXPECT_FALSE(issues_in("\n \n").counts().partial());
}

TEST(Issues, OnlySomeSeveritiesMakeAResultPartial) {
  struct {
    const char *severity, *shown;
    bool partial;
  } const cases[] = {{"fatal", "fatal", true},
                     {"error", "error", true},
                     {"warning", "warning", false},
                     {"information", "information", false},
                     {"success", "success", false},
                     {"Error", "error", true},
                     {"WARNING", "warning", false},
                     {"critical", "critical", true},
                     {"", "", true},
                     {"other", "other", true},
                     {"errors", "errors", true},
                     {"err\\nor", "err or", true}};
  for (const auto& c : cases) {
    const IssueList list = issues_in(outcome("[" + issue(c.severity, "x", "t") + "]"));
    EXPECT_EQ(shown(list), std::string("1 ") + c.shown + "|x|t\n");
    EXPECT_EQ(list.counts().partial(), c.partial) << c.severity;
  }
}

TEST(Issues, TheTextIsTheDiagnosticsOrTheDetailsOrTheCode) {
  EXPECT_EQ(
      shown(issues_in(outcome(R"([{"severity":"error","code":"x","diagnostics":"d","details":{"text":"t"}},)"
                              R"({"severity":"error","code":"x","details":{"text":"t"}},)"
                              R"({"severity":"error","code":"x","details":[]},{"code":"x","diagnostics":7},{}])"))),
      "1 error|x|d\n1 error|x|t\n1 error|x|x\n1 |x|x\n1 ||\n");
}

TEST(Issues, ALineThatIsNoOutcomeIsAnError) {
  struct {
    std::string line, why;
  } const cases[] = {
      {"<html>", "a line is not JSON"},
      {outcome("[]").substr(1), "a line is not JSON"},
      {outcome("[" + issue("warning", "x", "y") + "]") + "{}", "a line is not JSON"},
      {outcome("[" + issue("warning", "x", "\xFF") + "]"), "a line is not JSON"},
      {std::string(2000, '[') + std::string(2000, ']'), "a line is not JSON"},
      {"[]", "a line is not an OperationOutcome"},
      {"null", "a line is not an OperationOutcome"},
      {R"({"resourceType":"Patient","issue":[{"severity":"warning"}]})", "a line is not an OperationOutcome"},
      {R"({"resourceType":7})", "a line is not an OperationOutcome"},
      {R"({"resourceType":"OperationOutcome"})", "an OperationOutcome has no issues"},
      {outcome("[]"), "an OperationOutcome has no issues"},
      {outcome("null"), "an OperationOutcome has no issues"},
      {outcome("{}"), "an OperationOutcome has no issues"},
      {outcome("[7]"), "an issue is not a JSON object"},
  };
  for (const auto& c : cases) {
    const IssueList list = issues_in(c.line + "\n");
    EXPECT_EQ(shown(list), "1 error|unreadable|" + c.why + "\n") << c.line;
    EXPECT_TRUE(list.counts().partial());
  }
  EXPECT_EQ(shown(issues_in("\xEF\xBB\xBF" + outcome("[" + issue("warning", "x", "t") + "]"))), "1 warning|x|t\n");
}

TEST(Issues, ALongLineIsNotRead) {
  const std::string good = outcome("[" + issue("warning", "x", "t") + "]");
  const std::string within = good + std::string(IssueReader::kLongestLine - good.size(), ' ');
  EXPECT_EQ(shown(issues_in(within + "\n" + good, 4096)), "2 warning|x|t\n");
  EXPECT_EQ(shown(issues_in(within + " \n" + good, 4096)),
            "1 error|unreadable|a line is longer than 4 MiB\n1 warning|x|t\n");
  EXPECT_EQ(shown(issues_in(within + " ")), "1 error|unreadable|a line is longer than 4 MiB\n");
}

TEST(Issues, TextsAreOneLineOfLimitedLength) {
  const auto entries = issues_in(outcome("[" + issue("error", std::string(500, 'c'), std::string(9000, 't')) + "," +
                                         issue("error", "a\\u001b[2Jb", "one\\ntwo\\u202e") + "]"))
                           .entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].code.size(), 100u);
  EXPECT_EQ(entries[0].text.size(), 4000u);
  EXPECT_EQ(entries[1].code, "a [2Jb");
  EXPECT_EQ(entries[1].text, "one two?");
}

TEST(Issues, OnlyTheFirstThousandAreKeptAndTheOthersCounted) {
  std::string file;
  for (int i = 0; i < 1500; ++i)
    file += outcome("[" + issue(i % 2 ? "error" : "warning", "x", std::to_string(i)) + "]") + "\n";
  file += outcome("[" + issue("error", "x", "1") + "]") + "\n";  // one that is kept
  const IssueList list = issues_in(file);
  const auto entries = list.entries();
  ASSERT_EQ(entries.size(), IssueList::kMost + 2);
  EXPECT_EQ(entries[1].count, 2);
  for (const std::size_t i : {IssueList::kMost, IssueList::kMost + 1}) {
    EXPECT_EQ(entries[i].severity, i == IssueList::kMost ? "error" : "warning");
    EXPECT_EQ(entries[i].code, "left-off");
    EXPECT_EQ(entries[i].text, "");
    EXPECT_EQ(entries[i].count, 250);
  }
  EXPECT_EQ(list.counts()[Severity::error], 751);
  EXPECT_EQ(list.counts()[Severity::warning], 750);

  IssueList all;  // of several files
  for (const char* path : {"b", "a"}) {
    IssueList one = issues_in(file);
    one.set_file(path);
    all.add(one);
  }
  const auto of_both = all.entries();
  ASSERT_EQ(of_both.size(), IssueList::kMost + 2);
  EXPECT_EQ(of_both[0].file, "b");
  EXPECT_EQ(of_both[IssueList::kMost].file, "");
  EXPECT_EQ(all.counts().all(), 3002);
  std::int64_t sum = 0;
  for (const Issue& one : of_both) sum += one.count;
  EXPECT_EQ(sum, 3002);
}

transfer::Facts facts_of(const std::string& text) {
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  transfer::Facts facts;
  facts.bytes = static_cast<std::int64_t>(text.size());
  facts.sha256 = to_hex(digest.finish());
  return facts;
}

TEST(Issues, OfAPublishedFileAreReadOnlyIfItHasNotChanged) {
  const test::TempDir dir;
  const std::string path = dir / "o.ndjson", text = outcome("[" + issue("warning", "x", "t") + "]") + "\n";
  const auto read = [&](const transfer::Facts& facts) { return shown(runtime::read_issues(path, facts)); };
  EXPECT_EQ(read(facts_of(text)), "1 error|unreadable|the error file cannot be read\n");
  test::spill(path, text);
  EXPECT_EQ(read(facts_of(text)), "1 warning|x|t\n");
  EXPECT_EQ(runtime::read_issues(path, facts_of(text)).entries().at(0).file, path);
  for (const std::string& other : {text + text, text.substr(1), std::string()})
    EXPECT_EQ(read(facts_of(other)), "1 error|unreadable|the error file has changed\n");
}

// A destination in memory. Its commit fails if `fails` is set.
struct Memory : transfer::Destination {
  struct File : transfer::Writer {
    explicit File(Memory& memory) : memory_(memory) {}
    void write(ByteView bytes) override { memory_.text += as_text(bytes); }
    std::string commit(std::int64_t, const std::string&) override {
      if (memory_.fails) throw Error(Status::SINK, "no");
      return "error/o";
    }
    Memory& memory_;
  };
  std::unique_ptr<transfer::Writer> begin(const std::string&, const std::string&, bulk::FileKind) override {
    return std::make_unique<File>(*this);
  }
  std::string text;
  bool fails = false;
};

TEST(Issues, CountWhenTheirFileIsCommitted) {
  const auto memory = std::make_shared<Memory>();
  const auto collector = std::make_shared<runtime::IssueCollector>();
  const auto destination = runtime::collecting(memory, collector, "out/");
  const std::string text = outcome("[" + issue("fatal", "x", "t") + "]");
  const auto pass = [&](bulk::FileKind kind, bool commits) {
    const auto writer = destination->begin("o", "OperationOutcome", kind);
    writer->write(as_bytes(text));
    EXPECT_EQ(collector->counts().all(), 0) << "before the end";
    if (commits) {
      EXPECT_EQ(writer->commit(0, ""), "error/o");
    }
  };
  pass(bulk::FileKind::error, false);
  pass(bulk::FileKind::data, true);
  memory->fails = true;
  EXPECT_THROW(pass(bulk::FileKind::error, true), Error);
  EXPECT_FALSE(collector->counts().partial());
  memory->fails = false;
  pass(bulk::FileKind::error, true);
  EXPECT_TRUE(collector->counts().partial());
  ASSERT_EQ(collector->list().entries().size(), 1u);
  EXPECT_EQ(collector->list().entries()[0].file, "out/error/o");
  EXPECT_EQ(memory->text, text + text + text + text);
}

TEST(Issues, OfAReceiptAreCounts) {
  runtime::FileList files;
  runtime::FileResult file;
  file.kind = bulk::FileKind::error;
  file.path = "error/o";
  files.add(file);
  runtime::ReceiptFacts facts;
  facts.transaction_time = "2026-07-01T00:00:00Z";
  facts.issues = issues_in(outcome("[" + issue("error", "x", "A NAME") + "," + issue("odd", "x", "t") + "]")).counts();
  const std::string receipt = make_receipt(facts, files);
  EXPECT_NE(receipt.find(R"("issues":{"error":1,"other":1})"), std::string::npos) << receipt;
  EXPECT_EQ(receipt.find("NAME"), std::string::npos);
  const auto counts = [&](const std::string& text) { return runtime::read_receipt(text, "").issue_counts; };
  ASSERT_TRUE(counts(receipt));
  EXPECT_TRUE(counts(receipt)->partial());
  EXPECT_EQ(counts(receipt)->all(), 2);
  for (const char* other : {"{}", R"({"warning":2})"}) {
    std::string text = receipt;
    text.replace(text.find(R"({"error":1,"other":1})"), 21, other);
    ASSERT_TRUE(counts(text)) << other;
    EXPECT_FALSE(counts(text)->partial());
  }
  for (const char* odd : {"[]", "7", R"({"error":-1})", R"({"error":"1"})", R"({"Error":1})", R"({"many":1})"}) {
    std::string text = receipt;
    text.replace(text.find(R"({"error":1,"other":1})"), 21, odd);
    EXPECT_FALSE(counts(text)) << odd;
  }
  runtime::FileList none;
  EXPECT_EQ(make_receipt(facts, none).find("\"issues\""), std::string::npos);
}

}  // namespace
}  // namespace libbcda
