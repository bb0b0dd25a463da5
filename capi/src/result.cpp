// Results, single files on disk, and records.
#include <openssl/crypto.h>

#include <functional>
#include <mutex>

#include "handles.hpp"
#include "runtime/decryption.hpp"
#include "runtime/deleted.hpp"

using libbcda::Error;
using libbcda::Status;
using libbcda::bulk::Issue;
using libbcda::capi::guard;
using libbcda::capi::need;
using libbcda::ndjson::Records;
using libbcda::runtime::RunResult;
using libbcda::runtime::StoredFile;

namespace {

// The issues, which are read when they are first asked for.
class LateIssues {
 public:
  // If there is no memory for them, nothing is known of them, so they are one that cannot be read.
  const std::vector<Issue>& get(const RunResult& result) const {
    std::call_once(read_, [&] {
      try {
        const auto list = result.issues();
        counts_ = result.issue_counts.value_or(list.counts());
        entries_ = list.entries();
      } catch (const std::exception&) {
        counts_.add(libbcda::bulk::Severity::error);
      }
    });
    return entries_;
  }
  bool partial(const RunResult& result) const {
    if (result.issue_counts) return result.issue_counts->partial();
    get(result);
    return counts_.partial();
  }

 private:
  mutable std::once_flag read_;
  mutable std::vector<Issue> entries_;
  mutable libbcda::bulk::IssueCounts counts_;
};

// A long text that is made when it is first asked for.
class LateText {
 public:
  // "" if the text cannot be made, because the functions that return it have no error.
  const char* get(const std::function<std::string()>& make) const {
    std::call_once(made_, [&] {
      try {
        text_ = make();
      } catch (const std::exception&) {
        text_.clear();
      }
    });
    return text_.c_str();
  }

 private:
  mutable std::once_flag made_;
  mutable std::string text_;
};

}  // namespace

struct bcda_result {
  RunResult result;
  std::string types;  // the requested types, comma-separated
  LateText receipt, manifest;
  LateIssues issues;
  libbcda::capi::Counted counted = {};
};

namespace {

const Issue& of(const bcda_issue* issue) { return *reinterpret_cast<const Issue*>(issue); }
const StoredFile& of(const bcda_file* file) { return *reinterpret_cast<const StoredFile*>(file); }

}  // namespace

namespace libbcda::capi {

bcda_result* make_result(RunResult result) {
  std::string types;
  for (const std::string& type : result.types) types += (types.empty() ? "" : ",") + type;
  return new bcda_result{std::move(result), std::move(types), {}, {}, {}};
}

}  // namespace libbcda::capi

extern "C" {

bcda_status bcda_result_open(const char* directory, const char* receipt, bcda_result** result, bcda_error** error) {
  return guard(error, [&] {
    need(directory, "directory");
    need(result, "result");
    *result = libbcda::capi::make_result(receipt ? libbcda::runtime::read_receipt(receipt, directory)
                                                 : libbcda::runtime::open_receipt(directory));
  });
}

int32_t bcda_result_file_count(const bcda_result* result) {
  return result ? static_cast<int32_t>(result->result.files->size()) : 0;
}

const bcda_file* bcda_result_file(const bcda_result* result, int32_t index) {
  if (index < 0 || index >= bcda_result_file_count(result)) return nullptr;
  return reinterpret_cast<const bcda_file*>(&(*result->result.files)[static_cast<std::size_t>(index)]);
}

int32_t bcda_result_error_file_count(const bcda_result* result) {
  return result ? static_cast<int32_t>(result->result.files->error_files()) : 0;
}

int32_t bcda_result_partial(const bcda_result* result) { return result && result->issues.partial(result->result); }
int32_t bcda_result_issue_count(const bcda_result* result) {
  return result ? static_cast<int32_t>(result->issues.get(result->result).size()) : 0;
}
const bcda_issue* bcda_result_issue(const bcda_result* result, int32_t index) {
  if (index < 0 || index >= bcda_result_issue_count(result)) return nullptr;
  return reinterpret_cast<const bcda_issue*>(&result->issues.get(result->result)[static_cast<std::size_t>(index)]);
}

const char* bcda_result_types(const bcda_result* result) { return result ? result->types.c_str() : ""; }
const char* bcda_result_transaction_time(const bcda_result* result) {
  return result ? result->result.transaction_time.c_str() : "";
}
const char* bcda_result_directory(const bcda_result* result) { return result ? result->result.directory.c_str() : ""; }
bcda_status bcda_result_deleted(const bcda_result* result, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(result, "result");
    need(json, "json");
    *json = libbcda::capi::give_string(boost::json::serialize(libbcda::runtime::read_deleted(result->result)));
  });
}
int64_t bcda_result_elapsed_ms(const bcda_result* result) { return result ? result->result.elapsed.count() : -1; }
const char* bcda_result_json(const bcda_result* result) {
  return result ? result->receipt.get(result->result.receipt) : "";
}
const char* bcda_result_manifest(const bcda_result* result) {
  return result ? result->manifest.get(result->result.manifest) : "";
}
const char* bcda_result_answer(const bcda_result* result) { return result ? result->result.answer.c_str() : ""; }
const char* bcda_result_metadata(const bcda_result* result) { return result ? result->result.metadata.c_str() : ""; }
void bcda_result_destroy(bcda_result* result) { delete result; }

const char* bcda_file_type(const bcda_file* file) { return file ? of(file).type() : ""; }
const char* bcda_file_url(const bcda_file* file) { return file ? of(file).url() : ""; }
const char* bcda_file_path(const bcda_file* file) { return file ? of(file).path() : ""; }
int64_t bcda_file_bytes(const bcda_file* file) { return file ? of(file).bytes() : -1; }
int64_t bcda_file_records(const bcda_file* file) { return file ? of(file).records() : -1; }
const char* bcda_file_sha256(const bcda_file* file) { return file ? of(file).sha256() : ""; }
int32_t bcda_file_decrypted(const bcda_file* file) { return file && of(file).decrypted(); }
int32_t bcda_file_is_error(const bcda_file* file) { return file && of(file).is_error(); }
const char* bcda_file_kind(const bcda_file* file) { return file ? libbcda::bulk::kind_name(of(file).kind()) : ""; }
const char* bcda_file_proof(const bcda_file* file) {
  return file ? libbcda::transfer::proof_name(of(file).proof()) : "";
}

const char* bcda_issue_severity(const bcda_issue* issue) { return issue ? of(issue).severity.c_str() : ""; }
const char* bcda_issue_code(const bcda_issue* issue) { return issue ? of(issue).code.c_str() : ""; }
const char* bcda_issue_text(const bcda_issue* issue) { return issue ? of(issue).text.c_str() : ""; }
const char* bcda_issue_file(const bcda_issue* issue) { return issue ? of(issue).file.c_str() : ""; }
int64_t bcda_issue_count(const bcda_issue* issue) { return issue ? of(issue).count : -1; }

bcda_status bcda_decrypt_file(const bcda_config* settings, const char* path, const char* label, const char* key_hex,
                              const char* manifest, const char* output, bcda_progress progress, void* user,
                              bcda_result** result, bcda_error** error) {
  return guard(error, [&] {
    need(settings, "settings");
    need(path, "path");
    need(output, "output");
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);  // the process may exit while this thread still decrypts
    const auto report_progress = [&](std::int64_t done, std::int64_t total) {
      if (progress && progress(user, done, total) != 0) throw Error(Status::CANCELED, "canceled");
    };
    auto made = libbcda::runtime::decrypt({.settings = libbcda::capi::resolve(*settings),
                                           .path = path,
                                           .output = output,
                                           .label = label ? label : "",
                                           .key_hex = key_hex ? key_hex : "",
                                           .manifest = manifest ? manifest : "",
                                           .progress = report_progress});
    if (result) *result = libbcda::capi::make_result(std::move(made));
  });
}

bcda_status bcda_reader_open(const char* path, bcda_reader** reader, bcda_error** error) {
  return guard(error, [&] {
    need(path, "path");
    need(reader, "reader");
    *reader = new bcda_reader{Records({libbcda::ndjson::Reader(path), path})};
  });
}

bcda_status bcda_reader_next(bcda_reader* reader, const char** data, size_t* size, bcda_error** error) {
  return guard(error, [&]() -> bcda_status {
    need(reader, "reader");
    need(data, "data");
    need(size, "size");
    reader->owner.check();  // a forked child is refused, because it shares the file offset with the parent
    auto line = reader->records.next();
    if (!line) return BCDA_END;
    *data = line->data();
    *size = line->size();
    return BCDA_OK;
  });
}

int64_t bcda_reader_line(const bcda_reader* reader) { return reader ? reader->records.line() : -1; }
int64_t bcda_reader_offset(const bcda_reader* reader) { return reader ? reader->records.offset() : -1; }
const char* bcda_reader_file(const bcda_reader* reader) { return reader ? reader->records.file() : ""; }
const char* bcda_reader_type(const bcda_reader* reader) { return reader ? reader->records.type() : ""; }
void bcda_reader_cancel(bcda_reader* reader) {
  if (reader && reader->cancel && reader->owner.is_me()) reader->cancel();
}
void bcda_reader_destroy(bcda_reader* reader) {
  if (reader && reader->abandoned && (!reader->owner.is_me() || reader->abandoned())) return;
  delete reader;
}

}  // extern "C"
