// Results in little memory.
#include "runtime/file_list.hpp"

#include <gtest/gtest.h>

namespace libbcda::runtime {
namespace {

FileResult file(const std::string& path, FileKind kind = FileKind::data) {
  FileResult made;
  made.type = "Patient";
  made.url = "https://h/a?b";
  made.path = path;
  made.facts = {.bytes = 5'000'000'000,
                .records = 7,
                .sha256 = "00ff",
                .proof = kind == FileKind::error ? transfer::Proof::length : transfer::Proof::gcm};
  made.kind = kind;
  made.in_tables = kind == FileKind::data;
  made.source_id = kind == FileKind::error ? "" : "0c";
  return made;
}

TEST(FileLists, KeepEverythingOfAFile) {
  FileList list;
  for (const FileKind kind : {FileKind::data, FileKind::error, FileKind::deleted}) {
    const FileResult kept = file("p", kind), read = list.add(kept).result();
    EXPECT_EQ(read.type, kept.type);
    EXPECT_EQ(read.url, kept.url);
    EXPECT_EQ(read.path, kept.path);
    EXPECT_EQ(read.facts.bytes, kept.facts.bytes);
    EXPECT_EQ(read.facts.records, kept.facts.records);
    EXPECT_EQ(read.facts.sha256, kept.facts.sha256);
    EXPECT_EQ(read.facts.proof, kept.facts.proof);
    EXPECT_EQ(read.kind, kept.kind);
    EXPECT_EQ(read.source_id, kept.source_id);
    EXPECT_EQ(read.in_tables, kept.in_tables);
  }
  EXPECT_EQ(list.error_files(), 1u);
  EXPECT_TRUE(list.add(FileResult()).result().path.empty());
}

TEST(FileLists, SortByPathAndLeaveFilesWhereTheyAre) {
  FileList list;
  const StoredFile& b = list.add(file("b"));
  list.add(file("a"));
  list.sort();
  EXPECT_STREQ(list[0].path(), "a");
  EXPECT_EQ(&list[1], &b);
}

}  // namespace
}  // namespace libbcda::runtime
