// The C interface, as a sequence of calls with any handles and texts. Each function of bcda.h can be called. Nothing leaves
// this machine: each client is for a port of the loopback address that is closed.
#include <bcda/bcda.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "fuzz/target.hpp"
#include "transfer/journal.hpp"

namespace libbcda::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSlots = 3, kMostCalls = 60;
constexpr std::string_view kLines = "{\"resourceType\":\"Patient\"}\n\n{}\n";

// A directory with files to read, which is made once, and one for each input, for the output.
class Files {
 public:
  static const Files& instance() {
    static const Files made;
    return made;
  }
  ~Files() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  std::string path(const std::string& name) const { return root_ + "/" + name; }

  void empty_output() const {
    std::error_code ignored;
    for (const char* name : {"out", "left"})
      if (fs::exists(path(name), ignored)) fs::remove_all(path(name), ignored);
  }
  void expect_unchanged() const {
    std::ifstream lines(path("lines.ndjson"));
    expect(std::string(std::istreambuf_iterator<char>(lines), {}) == kLines, "no file of another owner is changed");
  }

 private:
  Files() {
    std::string pattern = fs::temp_directory_path() / "libbcda-fuzz-XXXXXX";
    expect(::mkdtemp(pattern.data()) != nullptr, "there is a temporary directory");
    root_ = pattern;
    std::ofstream(path("lines.ndjson")) << kLines;
    std::ofstream(path("config.json")) << R"({"retries": 1, "types": ["Patient"]})";
    const std::string data = BCDA_TEST_DATA;
    for (const char* variable : {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"})
      ::unsetenv(variable);
    ::setenv("SSL_CERT_FILE", (data + "/keys/rsa2048.certificate.pem").c_str(), 1);  // because it is small
  }
  std::string root_;
};

constexpr const char* kManifest =
    R"({"transactionTime":"2019-09-20T14:47:33.975Z","output":[{"type":"Patient","url":"http://127.0.0.1:1/a.ndjson"}],)"
    R"("error":[{"url":"http://127.0.0.1:1/e.ndjson"}],"KeyMap":{}})";
constexpr const char* kReceipt =
    R"({"files":[{"type":"Patient","path":"a.ndjson","bytes":27,"records":1,"sha256":"","decrypted":true,"url":""}],)"
    R"("errors":[],"types":["Patient"],"transactionTime":"","started":"2019-09-20T14:47:33Z",)"
    R"("finished":"2019-09-20T14:47:34Z","issues":{"error":1}})";

// What the export of a client of this target asks for, as its journal has it.
constexpr const char* kIntent =
    R"({"event":"intent","request":{"url":"http://127.0.0.1:1/api/v1","profile":"bcda-2019","job_url":"","level":"patient",)"
    R"("group":"","types":["Patient"],"since":"","until":"","type_filters":[],"elements":[],)"
    R"("include_associated_data":[],"organize_output_by":"","allow_partial_manifests":false,"output_format":"",)"
    R"("method":"","patients":"","private_key":""}})";

// Reads calls and their arguments from the input. Behind its end all bytes are 0.
class Script {
 public:
  explicit Script(std::string_view input) : rest_(input) {}
  bool at_end() const { return rest_.empty(); }
  std::size_t below(std::size_t limit) {
    const std::size_t byte = rest_.empty() ? 0 : static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(rest_.empty() ? 0 : 1);
    return byte % limit;
  }
  // A text: up to 15 bytes of the input.
  std::string text() {
    const std::string_view bytes = rest_.substr(0, below(16));
    rest_.remove_prefix(std::min(bytes.size(), rest_.size()));
    return std::string(bytes.data() ? bytes : "");
  }
  const char* choose(const std::vector<const char*>& texts) { return texts[below(texts.size())]; }

 private:
  std::string_view rest_;
};

// Handles of one type. A call may get an empty one.
template <class Handle>
using Slots = std::array<Handle*, kSlots>;

class Calls {
 public:
  explicit Calls(std::string_view input) : script_(input), files_(Files::instance()) {}
  ~Calls() { destroy_all(); }

  void run() {
    for (std::size_t calls = 0; calls < kMostCalls && !script_.at_end(); ++calls) call(script_.below(28));
    destroy_in_order(script_.below(6));
    files_.expect_unchanged();
  }

 private:
  // Checks what every call promises. `call` gets the place of its error.
  template <class Call>
  bcda_status check(Call&& call) {
    bcda_error* const untouched = nullptr;
    bcda_error* error = untouched;
    const bool wants_error = script_.below(8) != 0;
    const bcda_status status = call(wants_error ? &error : nullptr);
    const bool failed = status != BCDA_OK && status != BCDA_AGAIN && status != BCDA_END;
    expect(bcda_status_name(status) != std::string_view("UNKNOWN"), "the status is known");
    expect(status != BCDA_INTERNAL, "nothing fails inside the library: " + std::string(bcda_error_message(error)));
    if (wants_error) expect(failed == (error != nullptr), "there is an error when a call has failed, and only then");
    if (error) {
      expect(bcda_error_status(error) == status, "the error has the status that was returned");
      expect(*bcda_error_message(error) != '\0', "an error has a message");
      expect(is_utf8(bcda_error_outcome(error)), "the text of an outcome is UTF-8");
      bcda_error_file(error);
      expect(bcda_error_http_status(error) >= 0 && bcda_error_retry_after_ms(error) >= -1, "numbers are in bounds");
      expect(!bcda_error_retriable(error) || failed, "only what has failed may be tried again");
      bcda_error_destroy(error);
    }
    return status;
  }

  // The same for a call that makes something at a place of its own.
  template <class Made, class Call>
  Made* make(Call&& call) {
    static char mark;
    Made* const untouched = reinterpret_cast<Made*>(&mark);
    Made* made = untouched;
    const bcda_status status = check([&](bcda_error** error) { return call(&made, error); });
    expect((status == BCDA_OK) == (made != untouched), "a place is written when the call succeeds, and only then");
    return status == BCDA_OK ? made : nullptr;
  }

  template <class Handle, void (*Destroy)(Handle*)>
  void put(Slots<Handle>& slots, Handle* made) {
    Handle*& slot = slots[script_.below(kSlots)];
    Destroy(slot);
    slot = made;
  }

  template <class Handle>
  Handle* any(const Slots<Handle>& slots) {
    return slots[script_.below(kSlots)];
  }

  const char* name() {
    if (script_.below(8) == 0) return keep(script_.text());
    return bcda_setting_name(
        bcda_setting_at(static_cast<int32_t>(script_.below(static_cast<std::size_t>(bcda_setting_count())))));
  }
  // The text stays until the end.
  const char* keep(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return texts_.back()->c_str();
  }
  const char* value() {
    switch (script_.below(4)) {
      case 0:
        return keep(script_.text());
      case 1:
        return keep(files_.path(script_.choose({"out", "lines.ndjson", "config.json", "none", ""})));
      case 2:
        return script_.below(2) ? keep(std::string(BCDA_TEST_DATA) + "/keys/rsa2048.pkcs1.pem") : nullptr;
      default:
        return script_.choose({"",
                               "true",
                               "false",
                               "0",
                               "1",
                               "5",
                               "Patient",
                               "Patient,Coverage",
                               "[]",
                               "[\"a,b\"]",
                               "1ms",
                               "10ms",
                               "1h",
                               "64KiB",
                               "bcda-2019",
                               "bcda-v3",
                               "dpc",
                               "ab2d",
                               "none",
                               "token",
                               "basic",
                               "smart",
                               "process",
                               "2026-02-13T08:00:00Z",
                               "POST",
                               "group",
                               "http://127.0.0.1:1/jobs/1"});
    }
  }

  static int32_t provide(void* user, char* buffer, int32_t capacity) {
    const auto* text = static_cast<const std::string*>(user);
    if (text->size() > static_cast<std::size_t>(capacity)) return -1;
    std::copy(text->begin(), text->end(), buffer);
    return static_cast<int32_t>(text->size()) - (text->starts_with('-') ? 100 : 0);
  }
  static void notify(void* user) { *static_cast<std::atomic<int>*>(user) += 1; }
  static int32_t progress(void*, int64_t done, int64_t total) { return done > total && total >= 0; }
  static int32_t begin_file(void*, const char*, const char*, void**) { return 0; }
  static int32_t write_file(void*, void*, const void*, size_t) { return 0; }
  static int32_t commit_file(void*, void*, int64_t, const char*) { return 0; }
  static void abort_file(void*, void*) {}

  void set_and_get() {
    bcda_config* config = any(configs_);
    const char* const setting = name();
    const char* const text = value();
    set(config, setting, text);
    get(config, setting);
  }

  void get(bcda_config* config, const char* setting) {
    char* const got =
        make<char>([&](char** out, bcda_error** error) { return bcda_config_get(config, setting, out, error); });
    if (!got) return;
    const bool shown =
        !bcda_setting_secret(bcda_setting_find(setting)) && std::string_view(got).find("***") == std::string_view::npos;
    if (shown && *got && !has_provider_) {
      expect(set(config, setting, got) == BCDA_OK, "a value can be set again");
      char* const again =
          make<char>([&](char** out, bcda_error** error) { return bcda_config_get(config, setting, out, error); });
      expect(again && std::string_view(again) == got, "a value that is set again is the same");
      bcda_string_free(again);
    }
    bcda_string_free(got);
  }

  bcda_status set(bcda_config* config, const char* setting, const char* text) {
    return check([&](bcda_error** error) { return bcda_config_set(config, setting, text, error); });
  }

  // Settings with which nothing leaves the machine, and nothing takes long.
  void tame(bcda_config* config) {
    if (!config) return;
    static constexpr std::pair<const char*, const char*> kTame[] = {{"url", "http://127.0.0.1:1"},
                                                                    {"token_url", nullptr},
                                                                    {"proxy", "none"},
                                                                    {"profile_file", nullptr},
                                                                    {"threads", "1"},
                                                                    {"retries", "0"},
                                                                    {"retry_delay", "1ms"},
                                                                    {"durability", "process"},
                                                                    {"outage_limit", "0"},
                                                                    {"ca_file", nullptr},
                                                                    {"allowed_origins", nullptr},
                                                                    {"token_origins", nullptr},
                                                                    {"connect_timeout", "1s"},
                                                                    {"request_timeout", "1s"}};
    for (const auto& [setting, text] : kTame) set(config, setting, text);
    if (script_.below(4) == 0) return;  // so that what it lacks is found
    set(config, "client_id", "id");
    set(config, "client_secret", "secret");
    set(config, "allow_plaintext", "true");
    set(config, "profile", "bcda-2019");
  }

  // The settings of one run.
  bcda_config* for_run() {
    bcda_config* config = script_.below(2) ? any(configs_) : nullptr;
    if (!config) return nullptr;
    set(config, "out", files_.path("out").c_str());
    set(config, "durability", "process");
    set(config, "retries", "0");
    set(config, "job_url", nullptr);
    return config;
  }

  const char* manifest() {
    std::string text = kManifest;
    if (script_.below(4) == 0) text.resize(text.size() - script_.below(100));
    return script_.below(16) == 0 ? nullptr : keep(text);
  }

  void start() {
    bcda_client* const client = any(clients_);
    bcda_config* const settings = for_run();
    bcda_sink* const sink = script_.below(2) ? any(sinks_) : nullptr;
    const auto kind = script_.below(7);
    const char* const directory = script_.below(8) ? keep(files_.path("left")) : value();
    const char* const text = manifest();
    const char* const argument =
        script_.choose({nullptr, "", "http://127.0.0.1:1/jobs/1", "http://127.0.0.1:2/x", "a.ndjson", "Completed"});
    const int number = static_cast<int>(script_.below(12));
    bcda_run_kind question;
    std::memcpy(&question, &number, sizeof question);
    put<bcda_run, bcda_run_destroy>(runs_, make<bcda_run>([&](bcda_run** run, bcda_error** error) {
                                      switch (kind) {
                                        case 0:
                                          return bcda_export_start(client, settings, sink, run, error);
                                        case 1:
                                          return bcda_sync_start(client, settings, run, error);
                                        case 2:
                                          return bcda_manifest_start(client, settings, run, error);
                                        case 3:
                                          return bcda_fetch_start(client, settings, text, argument, sink, run, error);
                                        case 4:
                                          return bcda_metadata_start(client, run, error);
                                        case 5:
                                          may_succeed_ = true;  // all files may be there
                                          return bcda_resume_start(client, directory, settings, run, error);
                                        default:
                                          return bcda_inquiry_start(client, question, argument, run, error);
                                      }
                                    }));
  }

  void look_at(const bcda_event* event) {
    expect(is_utf8(bcda_event_json(event)) && is_utf8(bcda_event_text(event)), "the texts of an event are UTF-8");
    bcda_event_kind_name(event), bcda_event_type(event), bcda_event_file(event), bcda_event_url(event);
    bcda_event_get_kind(event), bcda_event_status(event);
    for (const int64_t number :
         {bcda_event_bytes_total(event), bcda_event_files_done(event), bcda_event_files_total(event)})
      expect(number >= -1, "a number that is not known is -1");
    expect(bcda_event_percent(event) <= 100 && bcda_event_bytes_done(event) >= -1 && bcda_event_wait_ms(event) >= -1,
           "the numbers of an event are in bounds");
  }

  void look_at(const bcda_result* result) {
    const int32_t count = bcda_result_file_count(result);
    for (int32_t i = -1; i <= std::min(count, 3); ++i) {
      const bcda_file* file = bcda_result_file(result, i);
      expect((file != nullptr) == (i >= 0 && i < count), "there is a file at each index, and no other one");
      bcda_file_type(file), bcda_file_url(file), bcda_file_path(file), bcda_file_sha256(file), bcda_file_kind(file);
      expect(!(bcda_file_is_error(file) && bcda_file_kind(file) == std::string_view("data")), "a file has one kind");
      bcda_file_decrypted(file);
      expect(bcda_file_bytes(file) >= -1 && bcda_file_records(file) >= -1, "counts are not negative");
      expect(*bcda_file_proof(file) || !file, "a file has a proof, if only none");
    }
    const int32_t issues = bcda_result_issue_count(result);
    for (int32_t i = -1; i <= std::min(issues, 3); ++i) {
      const bcda_issue* issue = bcda_result_issue(result, i);
      expect((issue != nullptr) == (i >= 0 && i < issues), "there is an issue at each index, and no other one");
      bcda_issue_severity(issue), bcda_issue_code(issue), bcda_issue_text(issue), bcda_issue_file(issue);
      expect(!issue || bcda_issue_count(issue) > 0, "an issue was there at least once");
    }
    expect(bcda_result_error_file_count(result) <= std::max(count, 0), "error files are files");
    bcda_result_transaction_time(result), bcda_result_elapsed_ms(result);
    bcda_result_partial(result), bcda_result_types(result), bcda_result_json(result), bcda_result_manifest(result);
    bcda_result_metadata(result), bcda_result_answer(result), bcda_result_directory(result);
    bcda_string_free(
        make<char>([&](char** out, bcda_error** error) { return bcda_result_deleted(result, out, error); }));
  }

  void next_event() {
    bcda_run* const run = any(runs_);
    const auto wait = static_cast<int64_t>(script_.below(3));
    bcda_event* event = nullptr;
    check([&](bcda_error** error) { return bcda_run_next_event(run, wait, &event, error); });
    look_at(event);
    bcda_event_destroy(event);
    bcda_run_kind_name(run);
  }

  // What an export seems to have left in a directory. Any process may have written it.
  void leave() {
    const fs::path out = files_.path("left"), work = out / ".bcda";
    fs::create_directories(work);
    switch (script_.below(8)) {
      case 0:
        return leave_file(work / script_.choose({"owner.json", "owner-1.json"}), owner());
      case 1:
        return leave_file(out / "export.json", receipt());
      case 2:
        return leave_file(out / script_.choose({"Patient.a.ndjson", "log.ndjson", "b.ndjson"}),
                          script_.below(2) ? "{}\n" : script_.text());
      case 3:
        return leave_file(work / script_.choose({"manifest-1.json", "x.partial", "x.packed"}),
                          script_.below(4) ? kManifest : script_.text());
      case 4: {
        const fs::path link = script_.below(2) ? out / "Patient.a.ndjson" : work / "x.partial";
        std::error_code is_there;
        return fs::create_symlink(files_.path("lines.ndjson"), link, is_there);
      }
      default:
        return leave_records(work / script_.choose({"journal.ndjson", "journal-2.ndjson"}));
    }
  }

  static void leave_file(const fs::path& path, const std::string& text) {
    if (!fs::is_symlink(path)) std::ofstream(path, std::ios::binary) << text;
  }

  std::string owner() {
    if (script_.below(4) == 0) return script_.text();
    return json::serialize(json::object{{"host", script_.choose({"", "elsewhere"})},
                                        {"machine", ""},
                                        {"boot", script_.text()},
                                        {"pid", static_cast<int>(script_.below(3))},
                                        {"nonce", script_.text()}});
  }

  std::string receipt() {
    std::string text = kReceipt;
    if (script_.below(4) == 0) text.resize(text.size() - script_.below(100));
    return text;
  }

  // An intent, a job, and records of any kind after it. Their check sums are right, mostly.
  void leave_records(const fs::path& path) {
    std::int64_t& seq = seqs_[path.string()];
    std::ofstream file(path, std::ios::binary | std::ios::app);
    if (seq == 0 && script_.below(8)) file << transfer::journal_line(parse_json(kIntent)->get_object(), ++seq) << '\n';
    for (std::size_t records = 1 + script_.below(4); records > 0; --records)
      file << transfer::journal_line(record(), ++seq) << '\n';
    if (script_.below(8) == 0) file << script_.text();
  }

  json::object record() {
    const std::string text = script_.text();
    const char* const url = script_.choose({"http://127.0.0.1:1/api/v1/jobs/1", "http://127.0.0.1:2/x", "x", ""});
    const char* const label = script_.choose({"Patient", "Coverage", ""});
    const transfer::FileIdentity file{
        script_.choose({"Patient.a.ndjson", "b.ndjson", "error/e.ndjson", "../lines.ndjson"}),
        script_.choose({"http://127.0.0.1:1/a.ndjson", "http://127.0.0.1:2/", ""}), "Patient", "",
        transfer::job_id(url)};
    const char* const name = script_.choose({"manifest-1.json", "x.partial", "x.packed", "../lines.ndjson", ""});
    switch (script_.below(9)) {
      case 0:
        return transfer::kick_off_record(label, Instant{});
      case 1:
        return transfer::refused_record(label);
      case 2:
        return transfer::job_record(label, url, script_.below(2));
      case 3:
        return transfer::dead_record(label);
      case 4:
        return transfer::manifest_record(label, {{name, script_.below(4) ? "http://127.0.0.1:1/api/v1/jobs/1" : text,
                                                  crypto::hex_digest(kManifest)}});
      case 5: {
        transfer::PartRecord part;
        static_cast<transfer::FileIdentity&>(part) = file;
        part.bytes_file = name;
        part.form = static_cast<transfer::PartForm>(script_.below(3));
        part.nonce = part.validator = part.boot = text;
        part.synced = static_cast<std::int64_t>(script_.below(256)) - 1;
        return transfer::part_record(part);
      }
      case 6:
        return transfer::file_record(
            {file, {.bytes = 3, .records = 1, .sha256 = crypto::hex_digest("{}\n"), .proof = transfer::Proof::length}});
      case 7: {
        json::object intent = parse_json(kIntent)->get_object();
        intent["request"].get_object()[script_.choose({"types", "group", "url", "elements", "job_url"})] = text;
        return intent;
      }
      default:
        return {{"event", script_.choose({"file", "part", "job", "intent"})}, {"path", text}, {"label", text}};
    }
  }

  void ask_of_directory() {
    const char* const directory = script_.below(4) ? keep(files_.path("left")) : value();
    char* const status =
        make<char>([&](char** out, bcda_error** error) { return bcda_directory_status(directory, out, error); });
    if (status) expect(parse_json(status).has_value() && is_utf8(status), "the status of a directory is JSON");
    bcda_string_free(status);
  }

  // What needs no handle.
  void look_at_tables() {
    const auto number = static_cast<int32_t>(script_.below(256)) - 100;
    const bcda_status status = bcda_status_at(number);
    expect(*bcda_status_description(status) && bcda_status_exit_code(status) >= 0, "a status has a meaning");
    expect(bcda_status_count() > 0 && *bcda_profiles() && *bcda_version() && *bcda_version_details(),
           "tables are there");
    check([&](bcda_error** error) {
      return bcda_version_check(script_.below(2) ? bcda_version_number() : number, error);
    });
    const bcda_setting* const setting = bcda_setting_at(number);
    bcda_setting_get_type(setting), bcda_setting_get_scope(setting), bcda_setting_type_name(setting);
    for (const char* text : {bcda_setting_help(setting), bcda_setting_env(setting), bcda_setting_choices(setting),
                             bcda_setting_default(setting)})
      expect(is_utf8(text), "a table has texts");
  }

  void read() {
    bcda_reader* const reader = any(readers_);
    const char* data = nullptr;
    size_t size = 0;
    const bcda_status status = check([&](bcda_error** error) { return bcda_reader_next(reader, &data, &size, error); });
    expect((status == BCDA_OK) == (data != nullptr), "a line is there when the call succeeds");
    if (data) expect(size > 0 && data[size - 1] != '\n', "a line is not blank, and has no line end");
    expect(bcda_reader_line(reader) >= -1 && bcda_reader_offset(reader) >= -1, "places are not negative");
  }

  void decrypt() {
    bcda_config* const config = any(configs_);
    const std::string data = BCDA_TEST_DATA;
    const char* const path = keep(script_.below(2) ? data + "/cipher/0036f037-d9b0-4985-961b-96f7bf4cb2c0.ndjson"
                                                   : files_.path("lines.ndjson"));
    const char* const label = script_.choose({nullptr, "", "a.ndjson", "lines.ndjson"});
    const char* const key = script_.choose({nullptr, "", "00", "zz", kManifest});
    const char* const text = script_.below(2) ? manifest() : nullptr;
    const char* const output = keep(files_.path(script_.choose({"out", "out/", "lines.ndjson"})));
    put<bcda_result, bcda_result_destroy>(results_, make<bcda_result>([&](bcda_result** result, bcda_error** error) {
                                            return bcda_decrypt_file(config, path, label, key, text, output,
                                                                     script_.below(2) ? progress : nullptr, nullptr,
                                                                     result, error);
                                          }));
  }

  void call(std::size_t number) {
    switch (number) {
      case 0:
      case 1:
        return put<bcda_config, bcda_config_destroy>(configs_, make<bcda_config>(bcda_config_create));
      case 2:
      case 3:
      case 4:
        return set_and_get();
      case 5: {
        bcda_config* const config = any(configs_);
        const char *const setting = name(), *const text = value();
        check([&](bcda_error** error) { return bcda_config_add(config, setting, text, error); });
        return;
      }
      case 6: {
        bcda_config* const config = any(configs_);
        const char* const text =
            keep(script_.below(2) ? "{\"" + std::string(name()) + "\":\"" + script_.text() + "\"}" : script_.text());
        check([&](bcda_error** error) { return bcda_config_load_json(config, text, error); });
        return;
      }
      case 7: {
        bcda_config* const config = any(configs_);
        const char* const path = value();
        check([&](bcda_error** error) { return bcda_config_load_file(config, path, error); });
        check([&](bcda_error** error) { return bcda_config_load_env(config, error); });
        return;
      }
      case 8: {
        bcda_config* const config = any(configs_);
        const char* const setting = name();
        texts_.push_back(std::make_unique<std::string>(script_.text()));
        void* const user = texts_.back().get();
        has_provider_ = true;
        check([&](bcda_error** error) {
          return bcda_config_set_provider(config, setting, script_.below(4) ? provide : nullptr, user, error);
        });
        return;
      }
      case 9:
      case 10: {
        bcda_config* const config = any(configs_);
        tame(config);
        return put<bcda_client, bcda_client_destroy>(clients_,
                                                     make<bcda_client>([&](bcda_client** client, bcda_error** error) {
                                                       return bcda_client_create(config, client, error);
                                                     }));
      }
      case 11: {
        bcda_client* const client = any(clients_);
        bcda_config* const config = for_run();
        bcda_client_profile(client);
        return bcda_string_free(
            make<char>([&](char** out, bcda_error** error) { return bcda_export_plan(client, config, out, error); }));
      }
      case 12:
        // Sinks outlive the runs that use them, so they are destroyed at the end.
        if (sinks_[number % kSlots] == nullptr)
          sinks_[number % kSlots] = make<bcda_sink>([&](bcda_sink** sink, bcda_error** error) {
            return bcda_sink_create(begin_file, write_file, script_.below(4) ? commit_file : nullptr, abort_file,
                                    nullptr, sink, error);
          });
        return;
      case 13:
      case 14:
        return start();
      case 15:
        return next_event();
      case 16: {
        bcda_run* const run = any(runs_);
        check([&](bcda_error** error) {
          return bcda_run_notify(run, script_.below(2) ? notify : nullptr, &notified_, error);
        });
        int32_t fd = -1;
        const bcda_status status = check([&](bcda_error** error) { return bcda_run_fd(run, &fd, error); });
        expect((status == BCDA_OK) == (fd >= 0), "there is a descriptor when the call succeeds");
        return;
      }
      case 17: {
        bcda_run* const run = any(runs_);
        const auto wait = static_cast<int64_t>(script_.below(20));
        const bcda_status status = check([&](bcda_error** error) { return bcda_run_wait(run, wait, error); });
        if (run && !may_succeed_)
          expect(status != BCDA_OK || bcda_run_get_kind(run) != BCDA_RUN_EXPORT, "no export succeeds here");
        return;
      }
      case 18:
        return bcda_run_cancel(any(runs_));
      case 19: {
        bcda_run* const run = any(runs_);
        put<bcda_result, bcda_result_destroy>(results_,
                                              make<bcda_result>([&](bcda_result** result, bcda_error** error) {
                                                return bcda_run_result(run, result, error);
                                              }));
        return look_at(any(results_));
      }
      case 20: {
        const char* const directory = script_.below(2) ? keep(files_.path("")) : value();
        const std::string text = receipt();
        put<bcda_result, bcda_result_destroy>(
            results_, make<bcda_result>([&](bcda_result** result, bcda_error** error) {
              return bcda_result_open(directory, script_.below(4) ? text.c_str() : nullptr, result, error);
            }));
        return look_at(any(results_));
      }
      case 21: {
        const char* const path = keep(files_.path(script_.choose({"lines.ndjson", "none", "", "config.json"})));
        put<bcda_reader, bcda_reader_destroy>(readers_,
                                              make<bcda_reader>([&](bcda_reader** reader, bcda_error** error) {
                                                return bcda_reader_open(path, reader, error);
                                              }));
        return read();
      }
      case 22:
        return decrypt();
      case 23:
        return destroy_one();
      case 24:
        if (script_.below(4)) return look_at_tables();
        return bcda_string_free(make<char>(
            [&](char** out, bcda_error** error) { return bcda_client_metadata(any(clients_), out, error); }));
      case 25:
        return ask_of_directory();
      default:
        return leave();
    }
  }

  template <class Handle, void (*Destroy)(Handle*)>
  void destroy(Slots<Handle>& slots) {
    for (Handle*& slot : slots) {
      Destroy(slot);
      slot = nullptr;
    }
  }

  void destroy_one() {
    switch (script_.below(5)) {
      case 0:
        return put<bcda_config, bcda_config_destroy>(configs_, nullptr);
      case 1:
        return put<bcda_client, bcda_client_destroy>(clients_, nullptr);
      case 2:
        return put<bcda_run, bcda_run_destroy>(runs_, nullptr);
      case 3:
        return put<bcda_result, bcda_result_destroy>(results_, nullptr);
      default:
        return put<bcda_reader, bcda_reader_destroy>(readers_, nullptr);
    }
  }

  void destroy_in_order(std::size_t order) {
    std::array<std::size_t, 3> kinds = {0, 1, 2};
    for (; order > 0; --order) std::next_permutation(kinds.begin(), kinds.end());
    for (const std::size_t kind : kinds) {
      if (kind == 0) destroy<bcda_config, bcda_config_destroy>(configs_);
      if (kind == 1) destroy<bcda_client, bcda_client_destroy>(clients_);
      if (kind == 2) destroy<bcda_run, bcda_run_destroy>(runs_);
    }
    destroy_all();
  }

  void destroy_all() {
    destroy<bcda_run, bcda_run_destroy>(runs_);
    destroy<bcda_client, bcda_client_destroy>(clients_);
    destroy<bcda_config, bcda_config_destroy>(configs_);
    destroy<bcda_result, bcda_result_destroy>(results_);
    destroy<bcda_reader, bcda_reader_destroy>(readers_);
    destroy<bcda_sink, bcda_sink_destroy>(sinks_);
    files_.empty_output();
  }

  Script script_;
  const Files& files_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::atomic<int> notified_{0};
  std::map<std::string, std::int64_t> seqs_;  // of the journals that were left
  bool has_provider_ = false, may_succeed_ = false;
  Slots<bcda_config> configs_{};
  Slots<bcda_client> clients_{};
  Slots<bcda_run> runs_{};
  Slots<bcda_result> results_{};
  Slots<bcda_reader> readers_{};
  Slots<bcda_sink> sinks_{};
};

}  // namespace

FUZZ_TARGET(c_interface, input) { Calls(input).run(); }

}  // namespace libbcda::fuzz
