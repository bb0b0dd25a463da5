// Partitions of manifests and of finished exports: all rows of all tokens together are the rows of the export, and no
// row of a file comes before the file was verified.
#include <bcda/arrow.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "integration/support.hpp"

namespace bcda_test {
namespace {

namespace json = boost::json;

using Rows = std::multiset<std::string>;

const std::string kKey(64, 'a'), kOtherKey(64, 'b');

// The rows of a table as lines of NDJSON.
Rows rows_of(bcda::Tables tables) {
  Rows rows;
  std::string text;
  std::string_view piece;
  for (std::int32_t table = 0; tables.encode("ndjson", table, piece);) text += piece;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) rows.insert(line);
  return rows;
}

Rows operator+(Rows all, const Rows& more) {
  all.insert(more.begin(), more.end());
  return all;
}

template <class Call>
bcda::Error failure_of(Call&& call) {
  try {
    call();
  } catch (const bcda::Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return bcda::Error(BCDA_OK, nullptr);
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> tokens(const json::value& made) {
  std::vector<std::string> all;
  for (const json::value& part : made.at("partitions").as_array()) all.emplace_back(part.at("token").as_string());
  return all;
}

class Partitions : public testing::TestWithParam<const char*> {
 protected:
  // A client without a private key has what an executor has.
  bcda::Config executor() const {
    bcda::Config config = quick_config(sandbox_);
    config.set("private_key", nullptr).set("private_key_pem", nullptr).set("partition_key", kKey);
    config.set("spool_directory", dir_.path());
    return config;
  }
  std::string manifest(const char* types = "Patient,ExplanationOfBenefit") {
    bcda::Run jobs = client_.start_manifest({{"types", types}});
    EXPECT_EQ(follow(jobs).status, BCDA_OK);
    return jobs.result().manifest();
  }
  std::string exported(const char* types = "Patient,ExplanationOfBenefit") {
    bcda::Run run = client_.start_export({{"out", dir_ / "out"}, {"types", types}});
    EXPECT_EQ(follow(run).status, BCDA_OK);
    return dir_ / "out";
  }
  json::value cut(const std::string& of, std::int32_t count, const bcda::Config& settings = {}) {
    bcda::Config sealed;
    sealed.set("partition_key", kKey);
    return json::parse(bcda::partitions(client_, of, count, settings.value("types").empty() ? sealed : settings));
  }

  bcda::Sandbox sandbox_ = quick_sandbox({{"profile", GetParam()}});
  TempDir dir_;
  bcda::Client client_{quick_config(sandbox_)};
};

TEST_P(Partitions, TogetherAreTheTablesOfOneMachine) {
  const std::string out = exported();
  const auto made = tokens(cut(manifest(), 4));
  ASSERT_EQ(made.size(), 4u);
  for (const char* table : {"claim", "claim_line", "beneficiary"}) {
    Rows together;
    for (const std::string& token : made) together = together + rows_of({bcda::Partition{token}, {table}, executor()});
    const Rows expected = rows_of({std::vector<std::string>{out}, {table}, {}});
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(together, expected) << table;
  }
}

TEST_P(Partitions, HaveTheRecordsAsTheyAre) {
  Rows expected, together, raw;
  for (const std::string& path : data_files(exported()))
    if (path.find('/') == std::string::npos)
      for (const std::string_view record : bcda::Reader(dir_ / ("out/" + path))) expected.emplace(record);
  for (const std::string& token : tokens(cut(manifest(), 3))) {
    bcda::Reader reader(bcda::Partition{token}, executor());
    for (const std::string_view record : reader) {
      together.emplace(record);
      EXPECT_TRUE(holds(reader.file(), reader.type())) << reader.file();
      EXPECT_GT(reader.line(), 0);
    }
    for (const std::string& row : rows_of({bcda::Partition{token}, {"raw"}, executor()})) {
      const json::value parsed = json::parse(row);
      raw.emplace(parsed.at("value").as_string());
      EXPECT_TRUE(holds(std::string(parsed.at("file").as_string()), std::string(parsed.at("type").as_string())));
    }
  }
  EXPECT_EQ(together, expected);
  EXPECT_EQ(raw, expected);
}

TEST_P(Partitions, StreamTheSameRows) {
  const std::string token = tokens(cut(manifest(), 1))[0];
  bcda::Config streams = executor();
  streams.set("verify", "stream");
  EXPECT_EQ(rows_of({bcda::Partition{token}, {"claim"}, streams}),
            rows_of({bcda::Partition{token}, {"claim"}, executor()}));
}

TEST_P(Partitions, ShareAClientAndLeaveNothing) {
  const std::int64_t handles = bcda_live_handles();
  {
    const auto made = tokens(cut(manifest(), 2));
    const bcda::Client shared(executor());
    const bcda::Config settings({{"spool_directory", dir_.path()}});
    Rows together;
    for (const std::string& token : made)
      together = together + rows_of({bcda::Partition{token, &shared}, {"beneficiary"}, settings});
    EXPECT_EQ(together.size(), 60u);
    bcda::Tables left(bcda::Partition{made[0], &shared}, {"claim"}, settings);  // one that stops early
    ArrowArray batch{};
    std::int32_t table = 0;
    ASSERT_TRUE(left.next(table, batch));
    batch.release(&batch);
  }
  EXPECT_EQ(bcda_live_handles(), handles);
  EXPECT_EQ(visible_files(dir_.path()), std::vector<std::string>());
}

TEST_P(Partitions, AskNothingBeforeTheFirstBatch) {
  const std::string token = tokens(cut(manifest(), 1))[0];
  const auto before = sandbox_.request_count("");
  bcda::Tables tables(bcda::Partition{token}, {"claim"}, executor());
  ArrowSchema schema{};
  tables.schema(0, schema);
  EXPECT_GT(schema.n_children, 10);
  schema.release(&schema);
  EXPECT_EQ(sandbox_.request_count(""), before);
  ArrowSchema planned{};
  bcda::Tables(bcda::Partition{""}, {"raw"}, {}).schema(0, planned);  // without a token
  ASSERT_EQ(planned.n_children, 4);
  EXPECT_STREQ(planned.children[0]->name, "value");
  EXPECT_STREQ(planned.children[3]->format, "l");
  planned.release(&planned);
  EXPECT_EQ(rows_of({bcda::Partition{""}, {"raw"}, {}}), Rows());
}

TEST_P(Partitions, TakeTheirFilesFromAFinishedExportWithoutTheService) {
  const std::string out = exported();
  const json::value made = json::parse(bcda::partitions({out}, 3));
  EXPECT_EQ(made.at("partitions").as_array().size(), 3u);
  EXPECT_TRUE(made.at("expires").is_null());
  const auto before = sandbox_.request_count("");
  Rows together, raw;
  for (const std::string& token : tokens(made)) {
    together = together + rows_of({bcda::Partition{token}, {"claim"}, {}});
    raw = raw + rows_of({bcda::Partition{token}, {"raw"}, {}});
  }
  EXPECT_EQ(together, rows_of({std::vector<std::string>{out}, {"claim"}, {}}));
  EXPECT_EQ(raw, rows_of({std::vector<std::string>{out}, {"raw"}, {}}));
  EXPECT_EQ(sandbox_.request_count(""), before);
}

TEST_P(Partitions, NoticeAFileAtHandThatHasChanged) {
  const std::string out = exported("Patient");
  const auto made = tokens(json::parse(bcda::partitions({out}, 1)));
  const std::string path(bcda::Result::open(out)[0].path());
  std::string content = read(path);
  content[content.size() / 2] ^= 1;
  std::ofstream(path, std::ios::binary) << content;
  for (const char* verify : {"before", "stream"}) {
    bcda::Tables tables(bcda::Partition{made[0]}, {"raw"}, {{"verify", verify}});
    ArrowArray batch{};
    std::int32_t table = 0;
    const bcda::Error error = failure_of([&] {
      while (tables.next(table, batch)) batch.release(&batch);
    });
    EXPECT_EQ(error.status(), BCDA_VERIFICATION) << error.what();
    EXPECT_TRUE(holds(error.what(), path)) << error.what();
    if (std::string(verify) == "before") {
      EXPECT_EQ(tables.rows(0), 0);
    }
  }
}

TEST_P(Partitions, SayWhetherUrlsAreSigned) {
  std::string of = manifest("Patient");
  EXPECT_FALSE(cut(of, 1).at("signed").as_bool());
  of.insert(of.find(".ndjson") + std::strlen(".ndjson"), "?signature=1");
  EXPECT_TRUE(cut(of, 1).at("signed").as_bool());
}

INSTANTIATE_TEST_SUITE_P(Services, Partitions, testing::Values("bcda-2019", "bcda-v3"),
                         [](const auto& test) { return std::string(test.param) == "bcda-v3" ? "v3" : "of2019"; });

class EncryptedPartitions : public Partitions {
 protected:
  std::string token(const char* types = "Patient") { return tokens(cut(manifest(types), 1))[0]; }
};

TEST_P(EncryptedPartitions, WantAKey) {
  const std::string of = manifest("Patient");
  const bcda::Error missing = failure_of([&] { bcda::partitions(client_, of); });
  EXPECT_EQ(missing.status(), BCDA_INVALID_ARGUMENT);
  EXPECT_TRUE(holds(missing.what(), "the setting partition_key is missing")) << missing.what();
  for (const char* bad : {"short", "zz"}) {
    const bcda::Error malformed = failure_of([&] { bcda::partitions(client_, of, 0, {{"partition_key", bad}}); });
    EXPECT_EQ(malformed.status(), BCDA_INVALID_ARGUMENT);
    EXPECT_TRUE(holds(malformed.what(), "partition_key")) << malformed.what();
    EXPECT_FALSE(holds(malformed.what(), bad)) << malformed.what();
  }
}

// So that it is known before there is a job.
TEST_P(EncryptedPartitions, WantAKeyForAManifestWithoutFilesToo) {
  const std::string empty =
      R"({"transactionTime":"2026-01-01T00:00:00Z","request":"","requiresAccessToken":true,"output":[]})";
  const bcda::Error missing = failure_of([&] { bcda::partitions(client_, empty); });
  EXPECT_EQ(missing.status(), BCDA_INVALID_ARGUMENT);
  EXPECT_TRUE(holds(missing.what(), "the setting partition_key is missing")) << missing.what();
  EXPECT_TRUE(tokens(cut(empty, 0)).empty());
}

TEST_P(EncryptedPartitions, OpenWithTheirKeyAlone) {
  const std::string sealed = token();
  const auto refused = [&](const char* key) {
    bcda::Config config = executor();
    config.set("partition_key", key);
    return failure_of([&] { bcda::Tables(bcda::Partition{sealed}, {"raw"}, config); });
  };
  EXPECT_EQ(refused(nullptr).status(), BCDA_INVALID_ARGUMENT);
  EXPECT_TRUE(holds(refused(nullptr).what(), "partition_key is missing"));
  EXPECT_EQ(refused(kOtherKey.c_str()).status(), BCDA_INVALID_ARGUMENT);
  EXPECT_TRUE(holds(refused(kOtherKey.c_str()).what(), "the setting partition_key is not the key"));
}

TEST_P(EncryptedPartitions, TakeTheirKeyFromAFileToo) {
  std::ofstream(dir_ / "key") << "'" << kKey << "'\n";
  bcda::Config config = executor();
  config.set("partition_key", nullptr).set("partition_key_file", dir_ / "key");
  EXPECT_EQ(rows_of({bcda::Partition{token()}, {"beneficiary"}, config}).size(), 60u);
}

TEST_P(EncryptedPartitions, ShowNothingSecret) {
  const std::string of = manifest("Patient"), sealed = token();
  const std::string wrapped(json::parse(of).at("output").at(0).at("encryptedKey").as_string());
  EXPECT_FALSE(holds(sealed, wrapped.substr(0, 32)));
  EXPECT_FALSE(holds(sealed, kKey));
}

TEST_P(EncryptedPartitions, AreForTheirServiceOnly) {
  const std::string sealed = token();
  bcda::Config config = executor();
  config.set("url", "https://127.0.0.1:9/api/v1");
  const bcda::Error error = failure_of([&] { bcda::Tables(bcda::Partition{sealed}, {"raw"}, config); });
  EXPECT_EQ(error.status(), BCDA_INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.what(), "the setting url")) << error.what();
}

TEST_P(EncryptedPartitions, GiveNoRowOfAFileWithAWrongTag) {
  const std::string sealed = token();
  sandbox_.control("fault", "flip:on=GET /data");
  bcda::Tables tables(bcda::Partition{sealed}, {"raw"}, executor());
  ArrowArray batch{};
  std::int32_t table = 0;
  const bcda::Error error = failure_of([&] { tables.next(table, batch); });
  EXPECT_EQ(error.status(), BCDA_DECRYPTION) << error.what();
  EXPECT_FALSE(error.file().empty());
  EXPECT_EQ(tables.rows(0), 0);
  EXPECT_FALSE(tables.next(table, batch)) << "it is at its end";
  bcda::Reader reader(bcda::Partition{sealed}, executor());
  std::string_view record;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(failure_of([&] { reader.next(record); }).status(), BCDA_DECRYPTION);
}

TEST_P(EncryptedPartitions, SayAtTheEndOfAStreamThatItsRowsAreNoGood) {
  const std::string sealed = token();
  sandbox_.control("fault", "flip:on=GET /data");
  bcda::Config streams = executor();
  streams.set("verify", "stream");
  const bcda::Error error = failure_of([&] { rows_of({bcda::Partition{sealed}, {"raw"}, streams}); });
  EXPECT_EQ(error.status(), BCDA_DECRYPTION) << error.what();
  EXPECT_TRUE(holds(error.what(), "discard them")) << error.what();
}

TEST_P(EncryptedPartitions, SurviveBrokenConnectionsAndRefusals) {
  const std::string sealed = token();
  for (const char* fault : {"reset:count=2:on=GET /data", "truncate:count=1:on=GET /data",
                            "status=503:count=2:on=GET /data", "status=429:count=1:on=GET /data"}) {
    sandbox_.control("fault", fault);
    EXPECT_EQ(rows_of({bcda::Partition{sealed}, {"beneficiary"}, executor()}).size(), 60u) << fault;
  }
}

TEST_P(EncryptedPartitions, SayThatOnlyANewExportHelpsWhenFilesAreGone) {
  const std::string sealed = token();
  sandbox_.control("fault", "status=410:on=GET /data");
  const bcda::Error error = failure_of([&] { rows_of({bcda::Partition{sealed}, {"raw"}, executor()}); });
  EXPECT_EQ(error.status(), BCDA_JOB_GONE) << error.what();
  EXPECT_EQ(std::string(error.what()).find("start a new export"), 0u) << error.what();
}

// The sandbox keeps files for a day, as BCDA does, and answers 404 afterwards.
TEST_P(EncryptedPartitions, TakeAMissingFileOfAnOldManifestForOneThatIsGone) {
  std::string of = manifest("Patient");
  const auto refused = [&](const std::string& text) {
    const std::string sealed = tokens(cut(text, 1))[0];
    return failure_of([&] { rows_of({bcda::Partition{sealed}, {"raw"}, executor()}); });
  };
  sandbox_.control("fault", "status=404:on=GET /data");
  EXPECT_EQ(refused(of).status(), BCDA_REFUSED);
  const std::size_t time = of.find("transactionTime") + std::strlen("transactionTime\":\"");
  of.replace(time, 4, "2020");
  const bcda::Error gone = refused(of);
  EXPECT_EQ(gone.status(), BCDA_JOB_GONE) << gone.what();
  EXPECT_EQ(std::string(gone.what()).find("start a new export"), 0u) << gone.what();
}

TEST_P(EncryptedPartitions, Expire) {
  const bcda::Config settings({{"partition_key", kKey}, {"partition_lifetime", "1ms"}});
  const json::value made = json::parse(bcda::partitions(client_, manifest("Patient"), 1, settings));
  EXPECT_FALSE(made.at("expires").is_null());
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const bcda::Error error = failure_of([&] { bcda::Tables(bcda::Partition{tokens(made)[0]}, {"raw"}, executor()); });
  EXPECT_EQ(error.status(), BCDA_JOB_GONE);
  EXPECT_TRUE(holds(error.what(), "expired")) << error.what();
}

TEST_P(EncryptedPartitions, AreDeterministicButForTheirSeal) {
  const std::string of = manifest();
  const json::value one = cut(of, 2), two = cut(of, 2);
  EXPECT_EQ(one.at("digest"), two.at("digest"));
  EXPECT_EQ(one.at("files").as_int64(), 6);
  EXPECT_TRUE(one.at("bytes").is_null());  // the service of 2019 does not say them
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(rows_of({bcda::Partition{tokens(one)[i]}, {"raw"}, executor()}),
              rows_of({bcda::Partition{tokens(two)[i]}, {"raw"}, executor()}));
}

TEST_P(EncryptedPartitions, EndAWaitWhenTheyAreCanceled) {
  const std::string sealed = token();
  sandbox_.control("fault", "delay=20s:on=GET /data");
  bcda::Tables tables(bcda::Partition{sealed}, {"raw"}, executor());
  std::thread canceler([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    tables.cancel();
  });
  ArrowArray batch{};
  std::int32_t table = 0;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of([&] { tables.next(table, batch); }).status(), BCDA_CANCELED);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  canceler.join();
}

INSTANTIATE_TEST_SUITE_P(Services, EncryptedPartitions, testing::Values("bcda-2019"),
                         [](const auto&) { return std::string("of2019"); });

// Of a series only the records that count, as on one machine.
TEST(PartitionsOfASeries, HaveItsCurrentState) {
  bcda::Sandbox sandbox = quick_sandbox({{"profile", "bcda-v3"}});
  TempDir dir;
  fs::create_directory(dir / "series");
  for (const char* types : {"ExplanationOfBenefit,Patient", "Patient"}) {
    const std::string name = std::string("series/2026-01-0") + (std::strlen(types) > 7 ? "1" : "2") + "T00-00-00Z";
    ASSERT_EQ(export_to(quick_config(sandbox).set("types", types), dir / name).status, BCDA_OK);
  }
  const std::vector<std::string> series{dir / "series"};
  for (const char* current : {"true", "false"}) {
    const bcda::Config settings({{"current", current}});
    Rows together;
    for (const std::string& token : tokens(json::parse(bcda::partitions(series, 4, settings))))
      together = together + rows_of({bcda::Partition{token}, {"beneficiary"}, {}});
    EXPECT_EQ(together, rows_of({series, {"beneficiary"}, settings})) << current;
    EXPECT_EQ(together.size(), current == std::string("true") ? 60u : 120u);
  }
}

TEST(PartitionArguments, AreChecked) {
  const bcda::Config final_only({{"final_only", "true"}});
  EXPECT_TRUE(holds(failure_of([&] { bcda::Tables(bcda::Partition{""}, {"raw"}, final_only); }).what(), "final_only"));
  EXPECT_TRUE(holds(failure_of([] { bcda::Tables(bcda::Partition{"none"}, {"raw"}, {}); }).what(), "token"));
  EXPECT_TRUE(holds(failure_of([] { bcda::Tables(bcda::Partition{""}, {"nothing"}, {}); }).what(), "nothing"));
  char* text = nullptr;
  EXPECT_EQ(bcda_partitions(nullptr, nullptr, nullptr, nullptr, 0, 1, &text, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(bcda_partitions(nullptr, nullptr, "{}", nullptr, 0, 1, &text, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(text, nullptr);
  bcda_tables_cancel(nullptr);
  bcda_reader_cancel(nullptr);
}

}  // namespace
}  // namespace bcda_test
