#include "runtime/decryption.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"
#include "files/file.hpp"
#include "runtime/issue_collector.hpp"
#include "runtime/session.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

using bulk::Entry;
using files::is_directory;
using transfer::Downloaded;
using transfer::Workspace;

// Names that the library uses in an output directory.
constexpr std::string_view kReserved[] = {transfer::kReceipt, transfer::kErrorDirectory, transfer::kDeletedDirectory,
                                          "log.ndjson"};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }  // npos + 1 is 0

bulk::Manifests read_manifests(const std::string& text) {
  return bulk::parse_manifests(text, http::parse_url("https://localhost/", "base"));
}

Error about(const std::string& file, const std::string& text) {
  return std::move(Error(Status::INVALID_ARGUMENT, text).at_file(file));
}

// The private key. It is required if one of the files has a key.
std::optional<crypto::PrivateKey> private_key_for(const Settings& settings, const std::vector<Entry>& entries) {
  auto private_key = load_private_key(settings);
  const bool wanted =
      std::any_of(entries.begin(), entries.end(), [](const Entry& e) { return !e.encrypted_key.empty(); });
  if (!private_key && wanted) throw Error(Status::INVALID_ARGUMENT, "the setting private_key is missing");
  return private_key;
}

// The entry of a single file: made from the key that was given, or found in the manifest.
Entry entry_of(const Decryption& what, const std::string& label) {
  if (!what.key_hex.empty()) {
    Entry entry;
    entry.name = label;
    entry.encrypted_key = what.key_hex;
    return entry;
  }
  if (what.manifest.empty()) throw about(label, "give the encryptedKey of " + label + ", or a manifest that lists it");
  for (const auto& manifest : read_manifests(what.manifest))
    for (std::size_t i = 0; i < manifest->size(); ++i)
      if (Entry entry = manifest->entry(i); entry.name == label) return entry;
  throw about(label, "the manifest lists no file named " + label +
                         "; was the file renamed? (its server name can be given as the label)");
}

FileResult result_of(const Entry& entry, std::string path, const transfer::Facts& facts) {
  const bool listed = !entry.url.host.empty();
  return {listed ? transfer::safe_type(entry.type) : "",
          listed ? entry.url.text() : "",
          std::move(path),
          facts,
          entry.kind,
          transfer::source_id(entry)};
}

RunResult decrypt_one(const Decryption& what) {
  Downloaded input(what.path);  // first, so that a missing file is not reported as a problem of the key
  const std::string label = what.label.empty() ? base_name(what.path) : what.label;
  const Entry entry = entry_of(what, label);
  const auto private_key = private_key_for(what.settings, {entry});
  const auto key = transfer::key_of(entry, private_key, what.settings.boolean("allow_plaintext"));
  const files::Durability how = durability(what.settings);
  FileResult file;
  if (what.output.ends_with('/')) {
    const auto space =
        Workspace::for_file(what.output.substr(0, std::max<std::size_t>(1, what.output.size() - 1)), how);
    const std::string name = base_name(what.path);
    const auto facts = transfer::decrypt_into(*space, name, entry.kind, input, key, what.progress);
    file = result_of(entry, space->path() + "/" + transfer::published_path(name, entry.kind), facts);
  } else {
    const auto facts = transfer::decrypt_file(std::move(input), key, what.output, how, what.progress);
    file = result_of(entry, what.output, facts);
  }
  const auto files = std::make_shared<FileList>();
  files->add(file);
  RunResult made;
  made.files = files;
  made.issues = [files] { return read_issues(*files); };
  made.receipt = [receipt = describe(file, what.settings.warnings())] { return receipt; };
  return made;
}

// The files of a directory that a manifest lists.
class DirectoryDecryption {
 public:
  explicit DirectoryDecryption(const Decryption& what) : what_(what), warnings_(what.settings.warnings()) {
    if (what.manifest.empty() || !what.key_hex.empty() || !what.label.empty())
      throw std::move(Error(Status::FILESYSTEM, what.path +
                                                    " is a directory: give a manifest that lists the files in it, and "
                                                    "neither a key nor a label, which are for one file")
                          .at_file(what.path));
    const auto manifests = read_manifests(what.manifest);
    std::vector<std::string> times;
    for (const auto& manifest : manifests) {
      times.push_back(manifest->transaction_time);
      for (std::size_t i = 0; i < manifest->size(); ++i) list(manifest->entry(i));
    }
    private_key_ = private_key_for(what.settings, entries_);
    facts_.transaction_time = earliest_time(times);
    if (!entries_.empty()) facts_.service = entries_.front().url.origin();
  }

  RunResult run() {
    const Moment begun = local_.clock.now();
    facts_.started = begun.wall;
    look_into_directory();
    std::string out = what_.output;
    while (out.size() > 1 && out.ends_with('/')) out.pop_back();
    space_ = Workspace::for_fetch(out, durability(what_.settings), local_);
    know_receipt(*space_);
    std::set<std::string> wanted;
    for (const Entry& entry : entries_) wanted.insert(transfer::published_path(entry.name, entry.kind));
    space_->published().refuse_others([&](const std::string& path) { return wanted.count(path) > 0; });
    for (const Entry& entry : entries_) take(entry);
    if (!failures_.empty()) fail();
    facts_.out = space_->path();
    facts_.elapsed = std::chrono::duration_cast<Milliseconds>(local_.clock.now().steady - begun.steady);
    files_->sort();
    const bulk::IssueList issues = read_issues(*files_);
    facts_.issues = issues.counts();
    space_->complete([&](const std::string& there, const Append& append) {
      ReceiptFacts facts = facts_;
      adopt_request(facts, there);
      write_receipt(facts, *files_, append);
    });
    facts_.warnings = warnings_;
    RunResult made;
    made.files = files_;
    made.transaction_time = facts_.transaction_time;
    made.elapsed = facts_.elapsed;
    made.issue_counts = issues.counts();
    made.issues = [issues] { return issues; };
    made.receipt = [facts = facts_, files = files_] { return make_receipt(facts, *files); };
    return made;
  }

 private:
  // Keeps one entry for each name, because a file in the directory is found by its name.
  void list(const Entry& entry) {
    const bool reserved = std::find(std::begin(kReserved), std::end(kReserved), entry.name) != std::end(kReserved);
    if (entry.name.empty() || entry.name.starts_with('.') || reserved)
      throw about(entry.name, "the manifest lists a file named " + quote(entry.name) + ", which cannot be written");
    const auto known = keys_.emplace(entry.name, entry.encrypted_key);
    if (known.second) return entries_.push_back(entry);
    if (!equal_names(known.first->second, entry.encrypted_key))
      throw about(entry.name, "the manifest lists the file " + entry.shown() + " twice, with different keys");
  }

  void look_into_directory() {
    std::int64_t others = 0;
    for (const auto& [name, size] : files::regular_files_in(what_.path)) {
      if (!keys_.count(name)) {
        ++others;
        continue;
      }
      present_.insert(name);
      total_ += size;
    }
    if (others > 0)
      warnings_.push_back(what_.path + " holds " + std::to_string(others) +
                          " files that the manifest does not list; they were left alone");
  }

  std::string input_path(const std::string& name) const {
    return what_.path + (what_.path.ends_with('/') ? "" : "/") + name;
  }

  void take(const Entry& entry) {
    try {
      files_->add(decrypted(entry));
    } catch (Error& e) {
      if (stops_decryption(e.status)) throw;
      if (const std::string input = input_path(entry.name); !e.message.starts_with(input))
        e.message = input + ": " + e.message;
      failures_.push_back(std::move(e));
    }
  }

  FileResult decrypted(const Entry& entry) {
    const std::string path = transfer::published_path(entry.name, entry.kind);
    if (const auto there = published_before(entry, path)) return *there;
    if (!present_.count(entry.name))
      throw std::move(Error(Status::FILESYSTEM, "the manifest lists " + entry.shown() + ", which " + what_.path +
                                                    " does not hold; download it there and decrypt again")
                          .at_file(entry.name));
    Downloaded input(input_path(entry.name));
    const auto key = transfer::key_of(entry, private_key_, what_.settings.boolean("allow_plaintext"));
    const std::int64_t before = done_;
    const auto progress = [&](std::int64_t done, std::int64_t) {
      done_ = before + done;
      if (what_.progress) what_.progress(done_, total_);
    };
    const auto keep = [&](const transfer::Facts& facts) {
      space_->journal().file_coming(transfer::record_of(entry, path, facts));
    };
    const auto facts = transfer::decrypt_into(*space_, entry.name, entry.kind, input, key, progress, keep);
    return result_of(entry, space_->path() + "/" + path, facts);
  }

  // A file that an earlier call decrypted to this path. Its content is read and compared with its record.
  std::optional<FileResult> published_before(const Entry& entry, const std::string& path) {
    const auto found = space_->earlier().files.find(path);
    if (found == space_->earlier().files.end()) return {};
    const transfer::FileRecord& record = found->second;
    if (!transfer::is_of(record, entry)) return {};
    const auto step = [this] {
      if (what_.progress) what_.progress(done_, total_);
    };
    if (!space_->published().has(path)) return {};
    if (!space_->published().is_still(record, step)) throw space_->published().changed(record);
    return result_of(entry, space_->path() + "/" + path, record.facts);
  }

  // Throws the first failure. Its message has a line for each of the others.
  [[noreturn]] void fail() {
    Error failure = failures_.front();
    if (entries_.size() > 1)
      failure.message = std::to_string(failures_.size()) + " of " + std::to_string(entries_.size()) +
                        " files failed; the first: " + failure.message;
    for (std::size_t i = 1; i < failures_.size(); ++i) failure.message += '\n' + failures_[i].message;
    throw failure;
  }

  static bool stops_decryption(Status status) {
    return status == Status::CANCELED || status == Status::INTERNAL || status == Status::NO_MEMORY;
  }

  const Decryption& what_;
  const world::Local local_ = world::system_local();
  std::optional<crypto::PrivateKey> private_key_;
  std::vector<std::string> warnings_;
  std::vector<Entry> entries_;
  std::map<std::string, std::string> keys_;  // of the entries, by name
  std::set<std::string> present_;            // in the directory
  std::unique_ptr<Workspace> space_;
  ReceiptFacts facts_;
  std::shared_ptr<FileList> files_ = std::make_shared<FileList>();
  std::vector<Error> failures_;  // each message begins with the file's path
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

RunResult decrypt(const Decryption& what) {
  const world::Clock& clock = world::system_local().clock;
  const Steady begun = clock.now().steady;
  if (is_directory(what.path)) return DirectoryDecryption(what).run();
  RunResult made = decrypt_one(what);
  made.elapsed = std::chrono::duration_cast<Milliseconds>(clock.now().steady - begun);
  return made;
}

}  // namespace libbcda::runtime
