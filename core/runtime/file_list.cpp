#include "runtime/file_list.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace libbcda::runtime {

StoredFile::Ptr StoredFile::make(const FileResult& file) {
  const std::array<const std::string*, 5> texts = {&file.type, &file.url, &file.path, &file.facts.sha256,
                                                   &file.source_id};
  std::size_t size = 0;
  for (const std::string* text : texts) size += text->size() + 1;
  Ptr stored(new (::operator new(sizeof(StoredFile) + size)) StoredFile());
  stored->bytes_ = file.facts.bytes;
  stored->records_ = file.facts.records;
  stored->proof_ = file.facts.proof;
  stored->kind_ = file.kind;
  stored->in_tables_ = file.in_tables;
  char* const begin = const_cast<char*>(stored->texts());
  char* end = begin;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::memcpy(end, texts[i]->c_str(), texts[i]->size() + 1);
    end += texts[i]->size() + 1;
    if (i + 1 < texts.size()) stored->ends_[i] = static_cast<std::uint32_t>(end - begin);
  }
  return stored;
}

FileResult StoredFile::result() const {
  FileResult file;
  file.type = type();
  file.url = url();
  file.path = path();
  file.facts.bytes = bytes_;
  file.facts.records = records_;
  file.facts.sha256 = sha256();
  file.facts.proof = proof_;
  file.kind = kind_;
  file.source_id = source_id();
  file.in_tables = in_tables_;
  return file;
}

const StoredFile& FileList::add(const FileResult& file) {
  files_.push_back(StoredFile::make(file));
  error_files_ += file.kind == FileKind::error ? 1 : 0;
  sorted_ = false;
  return *files_.back();
}

void FileList::sort() {
  if (!sorted_)
    std::sort(files_.begin(), files_.end(),
              [](const auto& a, const auto& b) { return std::strcmp(a->path(), b->path()) < 0; });
  sorted_ = true;
}

}  // namespace libbcda::runtime
