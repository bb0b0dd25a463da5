#include "bulk/manifest.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/manifests.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

const http::Url kBase = http::parse_url("https://api.test/api/v1/jobs/42", "base");

// A manifest with all its entries.
struct Whole {
  explicit Whole(const Manifest& manifest)
      : transaction_time(manifest.transaction_time),
        request(manifest.request),
        requires_access_token(manifest.requires_access_token),
        entries(test::entries_of(manifest)),
        text(manifest.text()) {}

  std::string transaction_time, request;
  bool requires_access_token;
  std::vector<Entry> entries;
  std::string text;
};

Whole parse(const std::string& text) { return Whole(*parse_manifest(text, kBase)); }

// A manifest with one data file. `item` and `root` add members to the file and to the manifest.
std::string with(const std::string& item, const std::string& root = "") {
  return R"({"output":[{"type":"Patient","url":"https://api.test/data/42/a.ndjson")" + item + "}]" + root + "}";
}

std::string with_url(const std::string& url) { return R"({"output":[{"type":"Patient","url":")" + url + "\"}]}"; }

TEST(Manifest, OfTheServiceIsReadWhole) {
  const Whole manifest = parse(R"({
    "transactionTime": "2018-10-19T14:47:33.975024Z",
    "request": "https://api.test/api/v1/ExplanationOfBenefit/$export",
    "requiresAccessToken": true,
    "output": [{"type": "ExplanationOfBenefit", "url": "https://api.test/data/42/a.ndjson", "encryptedKey": "0a0b"}],
    "error": [{"type": "OperationOutcome", "url": "https://api.test/data/42/a-error.ndjson", "encryptedKey": ""}],
    "KeyMap": {"a.ndjson": "0a0b"},
    "keys": ["0a0b|a.ndjson"],
    "JobID": 42
  })");
  EXPECT_EQ(manifest.transaction_time, "2018-10-19T14:47:33.975024Z");
  EXPECT_EQ(manifest.request, "https://api.test/api/v1/ExplanationOfBenefit/$export");
  EXPECT_TRUE(manifest.requires_access_token);
  ASSERT_EQ(manifest.entries.size(), 2u);
  EXPECT_EQ(manifest.entries[0].type, "ExplanationOfBenefit");
  EXPECT_EQ(manifest.entries[0].url.text(), "https://api.test/data/42/a.ndjson");
  EXPECT_EQ(manifest.entries[0].name, "a.ndjson");
  EXPECT_EQ(manifest.entries[0].encrypted_key, "0a0b");
  EXPECT_EQ(manifest.entries[0].kind, FileKind::data);
  EXPECT_EQ(manifest.entries[1].type, "OperationOutcome");
  EXPECT_EQ(manifest.entries[1].name, "a-error.ndjson");
  EXPECT_EQ(manifest.entries[1].encrypted_key, "");
  EXPECT_EQ(manifest.entries[1].kind, FileKind::error);
  EXPECT_EQ(manifest.text.find('\n'), std::string::npos);
  EXPECT_EQ(parse(manifest.text).text, manifest.text);
  EXPECT_TRUE(holds(manifest.text, R"("JobID": 42)"));
}

TEST(Manifest, MissingAndNullMembersAreEmpty) {
  for (const char* text : {R"({"output":null})", R"({"output":[],"error":[]})", R"({"output":null,"error":null})",
                           R"({"output":[],"error":[],"KeyMap":null})", R"({"output":[],"KeyMap":{}})"}) {
    const Whole manifest = parse(text);
    EXPECT_TRUE(manifest.entries.empty()) << text;
    EXPECT_TRUE(manifest.requires_access_token) << text;
    EXPECT_EQ(manifest.transaction_time, "") << text;
  }
}

// If other JSON were accepted as a manifest, the export would succeed without files.
TEST(Manifest, WithoutOutputIsNone) {
  for (const char* text : {"{}", R"({"error":[]})", R"({"resourceType":"OperationOutcome"})"})
    EXPECT_EQ(error_of([&] { parse(text); }).status, Status::PROTOCOL) << text;
}

// A receipt has a transactionTime too, and a fetch of it would succeed without files.
TEST(Manifest, AReceiptIsNone) {
  const Error error = error_of([] { parse(R"({"libbcda":"0.2.0","transactionTime":"2026-01-01T00:00:00Z"})"); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "receipt of an export")) << error.message;
}

TEST(Manifest, SaysWhetherFilesWantTheToken) {
  EXPECT_FALSE(parse(R"({"output":[],"requiresAccessToken":false})").requires_access_token);
  EXPECT_TRUE(parse(R"({"output":[],"requiresAccessToken":"false"})").requires_access_token);
  EXPECT_TRUE(parse(R"({"output":[],"requiresAccessToken":null})").requires_access_token);
}

TEST(Manifest, AKeyIsTheEntrysOwnOrElseTheKeyMaps) {
  struct {
    const char *what, *item, *root, *key;
  } const cases[] = {
      {"KeyMap only", "", R"(,"KeyMap":{"a.ndjson":"0c"})", "0c"},
      {"encryptedKey only", R"(,"encryptedKey":"0c")", "", "0c"},
      {"empty encryptedKey", R"(,"encryptedKey":"")", R"(,"KeyMap":{"a.ndjson":"0c"})", "0c"},
      {"null encryptedKey", R"(,"encryptedKey":null)", R"(,"KeyMap":{"a.ndjson":"0c"})", "0c"},
      {"both the same", R"(,"encryptedKey":"0c")", R"(,"KeyMap":{"a.ndjson":"0c"})", "0c"},
      {"another file's in KeyMap", R"(,"encryptedKey":"0c")", R"(,"KeyMap":{"b.ndjson":"0d"})", "0c"},
      {"blank-padded KeyMap name", "", R"(,"KeyMap":{"a.ndjson          ":"0c"})", "0c"},
      {"other case in KeyMap", "", R"(,"KeyMap":{"A.ndjson":"0c"})", ""},
      {"blank before the KeyMap name", "", R"(,"KeyMap":{" a.ndjson":"0c"})", ""},
      {"KeyMap inverted", "", R"(,"KeyMap":{"0c":"a.ndjson"})", ""},
      {"KeyMap of another kind", R"(,"encryptedKey":"0c")", R"(,"KeyMap":["a.ndjson"])", "0c"},
      {"KeyMap value of another kind", R"(,"encryptedKey":"0c")", R"(,"KeyMap":{"a.ndjson":5})", "0c"},
      {"keymap in another case", "", R"(,"keyMap":{"a.ndjson":"0c"})", ""},
      {"none", "", "", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(parse(with(c.item, c.root)).entries.at(0).encrypted_key, c.key) << c.what;
}

TEST(Manifest, TheKeyMapMayComeFirst) {
  const Whole manifest = parse(R"({"KeyMap":{"a.ndjson":"0c"},"output":[{"encryptedKey":"","url":"/data/a.ndjson"}]})");
  EXPECT_EQ(manifest.entries.at(0).encrypted_key, "0c");
}

TEST(Manifest, TwoDifferentKeysForAFileAreAnError) {
  for (const char* name : {"a.ndjson", "a.ndjson   "}) {
    Error error =
        error_of([&] { parse(with(R"(,"encryptedKey":"0c")", std::string(R"(,"KeyMap":{")") + name + R"(":"0d"})")); });
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_EQ(error.file, "a.ndjson");
    EXPECT_TRUE(holds(error.message, "two different keys"));
  }
}

TEST(Manifest, TwoKeyMapNamesThatDifferInBlanksOnlyAreAnErrorToo) {
  Error error = error_of([] { parse(with("", R"(,"KeyMap":{"a.ndjson":"0c","a.ndjson  ":"0d"})")); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
}

TEST(Manifest, TheSameKeyInAnotherCaseIsTheSameKey) {
  EXPECT_NO_THROW(parse(with(R"(,"encryptedKey":"0C")", R"(,"KeyMap":{"a.ndjson":"0c"})")));
}

TEST(Manifest, AnErrorFileMayHaveAKeyToo) {
  const Whole manifest = parse(R"({"output":[],"error":[{"type":"OperationOutcome","url":"/data/1/a-error.ndjson"}],
                                "KeyMap":{"a-error.ndjson":"0c"}})");
  EXPECT_EQ(manifest.entries.at(0).encrypted_key, "0c");
  EXPECT_EQ(manifest.entries.at(0).kind, FileKind::error);
}

TEST(Manifest, DataFilesComeBeforeErrorFilesInTheirOrder) {
  const Whole manifest = parse(R"({"error":[{"url":"/e"}],"output":[{"url":"/b"},{"url":"/a"}]})");
  std::string order;
  for (const Entry& entry : manifest.entries) order += entry.name;
  EXPECT_EQ(order, "bae");
}

TEST(Manifest, RelativeUrlsBelongToTheStatusUrl) {
  struct {
    const char *url, *text, *name;
  } const cases[] = {
      {"/data/42/a.ndjson", "https://api.test/data/42/a.ndjson", "a.ndjson"},
      {"a.ndjson", "https://api.test/api/v1/jobs/a.ndjson", "a.ndjson"},
      {"https://cdn.test/a.ndjson?sig=%2F+x#f", "https://cdn.test/a.ndjson?sig=%2F+x", "a.ndjson"},
      {"http://api.test:80/a.ndjson", "http://api.test/a.ndjson", "a.ndjson"},
      {"https://api.test/data/..%2f..%2fetc%2fpasswd", "https://api.test/data/..%2f..%2fetc%2fpasswd",
       "..%2f..%2fetc%2fpasswd"},
      {"https://api.test/data/..", "https://api.test/data/..", ".."},
      {"https://api.test/data/", "https://api.test/data/", ""},
  };
  for (const auto& c : cases) {
    Entry entry = parse(with_url(c.url)).entries.at(0);
    EXPECT_EQ(entry.url.text(), c.text);
    EXPECT_EQ(entry.name, c.name) << c.url;
  }
}

TEST(Manifest, UrlsThatAreNotToBeFetchedAreRefused) {
  for (const char* url : {"javascript:alert(1)", "ftp://api.test/a", "file:///etc/passwd", "data:,x", "",
                          "https://user:hunter2@api.test/a", "https://@api.test/a", "https:///a", "https://h:0/a",
                          "https://h/\\r\\nHost: x", "https://h/\\u0000"}) {
    Error error = error_of([&] { parse(with_url(url)); });
    EXPECT_EQ(error.status, Status::PROTOCOL) << url;
    EXPECT_FALSE(holds(error.message, "hunter2"));
  }
}

TEST(Manifest, MembersOfTheWrongKindAreRefused) {
  for (const char* text : {"[]", "null", "\"x\"", "5", R"({"output":{}})", R"({"output":"x"})", R"({"output":5})",
                           R"({"output":[5]})", R"({"output":[null]})", R"({"output":["/a"]})", R"({"output":[[]]})",
                           R"({"error":{}})", R"({"error":[7]})", R"({"output":[{}]})", R"({"output":[{"url":null}]})",
                           R"({"output":[{"url":5}]})", R"({"output":[{"type":"Patient"}]})"})
    EXPECT_EQ(error_of([&] { parse(text); }).status, Status::PROTOCOL) << text;
}

TEST(Manifest, AnEntryWithoutATypeIsKept) {
  EXPECT_EQ(parse(R"({"output":[{"url":"/a"}]})").entries.at(0).type, "");
  EXPECT_EQ(parse(R"({"output":[{"url":"/a","type":7}]})").entries.at(0).type, "");
}

TEST(Manifest, WhatIsNotJsonIsRefused) {
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("<html>"), std::string("{\"output\":[")}) {
    Error error = error_of([&] { parse(text); });
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(error.message, "not JSON"));
  }
}

TEST(Manifest, OneThatIsNestedTooDeepIsCalledThat) {
  Error error = error_of([&] { parse("{\"output\":" + std::string(1000, '[')); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "the manifest is nested deeper than"));
  EXPECT_FALSE(holds(error.message, "not JSON"));
}

TEST(Manifest, ADeepExtensionDoesNotMatter) {
  const std::string deep = std::string(400, '[') + std::string(400, ']');
  EXPECT_EQ(parse("{\"output\":[{\"url\":\"/a\"}],\"extension\":" + deep + "}").entries.size(), 1u);
}

TEST(Manifest, ALongOrOddMemberNameMakesAShortMessage) {
  const std::string name = "\\u202e\\n" + std::string(3000000, 'K');
  Error error = error_of([&] { parse("{\"output\":[],\"" + name + "\":1,\"" + name + "\":2}"); });
  EXPECT_TRUE(holds(error.message, "twice"));
  EXPECT_LT(error.message.size(), 200u);
  EXPECT_EQ(error.message.find_first_of("\xE2\n"), std::string::npos);
}

TEST(Manifest, ADuplicateMemberAtAnyLevelIsRefused) {
  for (const char* text :
       {R"({"output":[],"output":[]})", R"({"output":[{"url":"/a","encryptedKey":"0c","encryptedKey":"0d"}]})",
        R"({"KeyMap":{"a":"0c","a":"0d"}})", R"({"x":{"y":[{"z":1,"z":1}]}})"}) {
    Error error = error_of([&] { parse(text); });
    EXPECT_EQ(error.status, Status::PROTOCOL) << text;
    EXPECT_TRUE(holds(error.message, "twice"));
  }
}

TEST(Manifest, TooManyFilesAreALimit) {
  std::string text = R"({"output":[{"url":"/a"},{"url":"/b"}],"error":[{"url":"/c"}]})";
  EXPECT_EQ(parse_manifest(text, kBase, 3)->size(), 3u);
  Error error = error_of([&] { parse_manifest(text, kBase, 2); });
  EXPECT_EQ(error.status, Status::LIMIT);
  EXPECT_TRUE(holds(error.message, "more than 2 files"));
}

TEST(Manifests, SeveralInOneText) {
  auto manifests = parse_manifests(with_url("/a") + "\n" + with_url("/b") + with_url("/c"), kBase);
  ASSERT_EQ(manifests.size(), 3u);
  EXPECT_EQ(manifests[0]->entry(0).name, "a");
  EXPECT_EQ(manifests[2]->entry(0).name, "c");
}

TEST(Manifests, NoneIsAnArgumentError) {
  for (const char* text : {"", " \n", "x", "{}x", "{"})
    EXPECT_EQ(error_of([&] { parse_manifests(text, kBase); }).status, Status::INVALID_ARGUMENT) << text;
}

TEST(Manifests, ADuplicateMemberIsRefusedInEveryOne) {
  std::string duplicate = R"({"output":[{"url":"/a","encryptedKey":"0c","encryptedKey":"0d"}]})";
  EXPECT_EQ(error_of([&] { parse_manifests(duplicate, kBase); }).status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error_of([&] { parse_manifests("{\"output\":[]}\n" + duplicate, kBase); }).message, "twice"));
}

TEST(OnServiceOrigin, UpgradesAProxiedUrlOfTheSameHostOnly) {
  struct {
    const char *service, *url, *result;
  } const cases[] = {
      {"https://api.test", "http://api.test/x?y", "https://api.test/x?y"},
      {"https://api.test:8443", "http://api.test:8443/x", "https://api.test:8443/x"},
      {"https://api.test:8443", "http://api.test/x", "https://api.test:8443/x"},
      {"https://api.test", "https://api.test/x", "https://api.test/x"},
      {"https://api.test", "http://other.test/x", "http://other.test/x"},
      {"https://api.test.", "http://api.test/x", "https://api.test/x"},
      {"http://api.test.", "http://api.test/x", "http://api.test/x"},
      {"https://api.test", "http://api.test:8080/x", "http://api.test:8080/x"},
      {"https://api.test", "https://api.test:8443/x", "https://api.test:8443/x"},
      {"http://localhost:3000", "http://localhost/x", "http://localhost/x"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(on_service_origin(http::parse_url(c.url, "url"), http::parse_url(c.service, "service")).text(), c.result);
}

// If a caller gives the first page alone, the files of the others would be lost.
TEST(Manifest, ALastPageWithALinkIsAnErrorAndNotIgnored) {
  const std::string page = R"({"output":[],"link":[{"relation":"next","url":"/page2"}]})";
  const Error error = error_of([&] { parse_manifests(page, kBase); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "next page"));
  EXPECT_EQ(parse_manifests(page + R"({"output":[]})", kBase).size(), 2u);
  // A page of another job is not the next page.
  const std::string other = R"({"transactionTime":"2026-01-01T00:00:00Z","output":[]})";
  EXPECT_EQ(error_of([&] { parse_manifests(page + other, kBase); }).status, Status::INVALID_ARGUMENT);
  EXPECT_EQ(parse_manifest(R"({"output":[],"link":[{"relation":"self","url":"/page1"}]})", kBase)->size(), 0u);
}

TEST(Manifest, FilesOfDeletedResourcesAreAListOfTheirOwn) {
  EXPECT_EQ(
      parse_manifest(R"({"output":[],"deleted":[{"type":"Bundle","url":"/d"}]})", kBase)->count(FileKind::deleted), 1u);
  EXPECT_EQ(parse_manifest(R"({"output":[],"deleted":[]})", kBase)->count(FileKind::deleted), 0u);
}

// The ballot of version 4 names `error` so.
TEST(Manifest, OutcomeMeansError) {
  const auto manifest = parse_manifest(R"({"output":[],"outcome":[{"url":"/o.ndjson"}]})", kBase);
  EXPECT_EQ(manifest->count(FileKind::error), 1u);
  EXPECT_EQ(manifest->entry(0).kind, FileKind::error);
}

}  // namespace
}  // namespace libbcda::bulk
