// bcda decrypt: decrypts files that another program downloaded.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "manifest_file.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr int partially_done = 6;

const CLI::Validator hex(
    [](const std::string& value) {
      const bool digits = value.find_first_not_of("0123456789abcdefABCDEF") == value.npos && value.size() % 2 == 0;
      return value.empty() ? "needs a value" : digits ? "" : "takes hex text: two digits 0-9 a-f for each byte";
    },
    "");

struct Decrypt {
  Flags flags;
  std::vector<std::string> files;
  std::string key, manifest, label;
  std::string out = "decrypted";
  bool json = false, quiet = false;
};

// An output directory. If this object created it and it is still empty at the end, it is removed again.
class OutputDirectory {
 public:
  explicit OutputDirectory(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    made_ = fs::create_directories(path_, error);
    if (made_) fs::permissions(path_, fs::perms::owner_all, error);  // private, because claims are confidential
    if (error || !fs::is_directory(path_, error)) {
      throw Failure(BCDA_FILESYSTEM, path_.string() + ": " + (error ? error.message() : "is not a directory"));
    }
  }
  ~OutputDirectory() {
    std::error_code ignored;
    if (made_) fs::remove(path_, ignored);  // fails if the directory is not empty
  }
  std::string path() const { return (path_ / "").string(); }  // ends with '/', so that each file keeps its name

 private:
  fs::path path_;
  bool made_ = false;
};

std::string as_json(const std::string& input, const bcda::File& file) {
  return "{\"file\":" + json_string(input) + ",\"path\":" + json_string(file.path()) +
         ",\"type\":" + json_string(file.type()) + ",\"bytes\":" + std::to_string(file.bytes()) +
         ",\"records\":" + std::to_string(file.records()) + ",\"sha256\":" + json_string(file.sha256()) + "}";
}

// The strings in the member "warnings" of a result's JSON. A text search for the member is safe, because quotes inside
// strings are escaped.
std::vector<std::string> warnings_of(std::string_view json) {
  constexpr std::string_view member = "\"warnings\":[";
  std::vector<std::string> warnings;
  const std::size_t begin = json.find(member);
  if (begin == json.npos) return warnings;
  bool in_string = false;
  for (std::size_t i = begin + member.size(); i < json.size() && (in_string || json[i] != ']'); ++i) {
    if (json[i] == '"') {
      in_string = !in_string;
      if (in_string) warnings.emplace_back();
    } else if (in_string) {
      const bool escaped = json[i] == '\\' && i + 1 < json.size();
      const char c = json[escaped ? ++i : i];
      warnings.back() += escaped && c != '"' && c != '\\' && c != '/' ? ' ' : c;  // others are control characters
    }
  }
  return warnings;
}

// Decrypts a file, or the files of a directory. Returns true if error files say that resources are missing.
bool decrypt_one(const Decrypt& what, const bcda::Config& config, const ManifestFile* manifest,
                 const std::string& input, const std::string& output, std::set<std::string>& warned) {
  const bcda::Result result = bcda::decrypt_file(config, {.path = input,
                                                          .output = output,
                                                          .key = what.key,
                                                          .manifest = manifest ? manifest->text() : "",
                                                          .label = what.label,
                                                          .progress = [](auto, auto) { return !Interrupts::asked(); }});
  for (const std::string& warning : warnings_of(result.json())) {
    if (warned.insert(warning).second) say("warning: " + printable(in_flags(warning)) + '\n');
  }
  std::error_code ignored;
  const bool directory = fs::is_directory(input, ignored);
  for (const bcda::File file : result) {
    const std::string path(file.path());
    const std::string from = directory ? (fs::path(input) / fs::path(path).filename()).string() : input;
    if (what.json) {
      report(as_json(from, file) + '\n');
    } else if (!what.quiet) {
      report(path + ": " + plural(file.records(), "record") + ", " + human_bytes(file.bytes()) + '\n');
    }
  }
  return result.partial();
}

// Prints the failures of a directory. The message is "2 of 4 files failed; the first: " and one line for each, which
// starts with its path.
void print_failures(const Decrypt& what, const ManifestFile* manifest, const std::string& input,
                    const bcda::Error& error) {
  constexpr std::string_view before_first = "; the first: ";
  std::string message = error.what(), count;
  const std::size_t counted = message.find(before_first);
  if (counted != message.npos) {
    count = message.substr(0, counted);
    message.erase(0, counted + before_first.size());
  }
  std::error_code ignored;
  const bool directory = fs::is_directory(input, ignored);
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line, directory ? '\n' : '\0');) {
    line = in_flags(manifest ? manifest->named_in(line) : line);
    print_error(line);
    const bool within = directory && line.compare(0, input.size(), input) == 0;
    const std::string file = within ? line.substr(0, line.find(": ", input.size())) : input;
    if (what.json) report("{\"file\":" + json_string(file) + ",\"error\":" + json_string(line) + "}\n");
  }
  print_details(error);
  if (!count.empty()) print_error(count);
}

int run_decrypt(const Decrypt& what) {
  if (what.key.empty() && what.manifest.empty()) {
    throw Failure(BCDA_INVALID_ARGUMENT, "the key of the file is missing; give --key or --manifest");
  }
  if (what.files.size() > 1 && !(what.key.empty() && what.label.empty())) {
    throw Failure(BCDA_INVALID_ARGUMENT, "--key and --label are for one file; for several files, give --manifest");
  }
  std::error_code ignored;
  const auto directory = std::find_if(what.files.begin(), what.files.end(),
                                      [&](const auto& file) { return fs::is_directory(file, ignored); });
  if (directory != what.files.end() && what.files.size() > 1) {
    throw Failure(BCDA_INVALID_ARGUMENT, *directory + " is a directory; give it as the only FILE");
  }
  if (directory != what.files.end() && what.manifest.empty()) {
    throw Failure(BCDA_INVALID_ARGUMENT, *directory + " is a directory; give --manifest instead of --key");
  }
  if (directory != what.files.end() && !what.label.empty()) {
    throw Failure(BCDA_INVALID_ARGUMENT, *directory + " is a directory; --label is for one file");
  }
  std::optional<ManifestFile> read;
  if (!what.manifest.empty()) read.emplace(what.manifest);
  const ManifestFile* const manifest = read ? &*read : nullptr;
  bcda::Config config;
  what.flags.apply_to(config);
  const Interrupts interrupts;
  const OutputDirectory out(what.out);
  std::set<std::string> warned;
  int exit_code = 0;
  bool partial = false;
  for (const std::string& input : what.files) {
    try {
      partial = decrypt_one(what, config, manifest, input, out.path(), warned) || partial;
    } catch (const bcda::Error& error) {  // continue, because other files may be decrypted
      print_failures(what, manifest, input, error);
      if (exit_code == 0) exit_code = bcda::exit_code(error.status());
      if (error.status() == BCDA_CANCELED) return bcda::exit_code(error.status());
    }
  }
  return exit_code == 0 && partial ? partially_done : exit_code;
}

}  // namespace

void add_decrypt(CLI::App& app, Command& chosen) {
  auto what = std::make_shared<Decrypt>();
  CLI::App& command = *app.add_subcommand("decrypt");
  command.description(R"(Decrypt and verify files that another program downloaded

Decrypts and verifies files of any size, as the service sent them. The plaintext gets the same name
in the directory --out. It appears only after the whole file is verified, and it never replaces a
file. The name that the service gave a file is part of its encryption. If you renamed the file, give
the original name with --label. If one of several files fails, the others are still decrypted. Each
failure is printed, and the exit code is that of the first failure.

An error file that has no key in the manifest is in plaintext. It must look like NDJSON, and it is
copied to DIR/error. If FILE is a directory, the files in it that the manifest lists are decrypted.
When all of them are decrypted, the receipt export.json is written, as after an export.

  bcda decrypt dbbd1ce1-ae24-435c-807d-ed45953077d3.ndjson --private-key key.pem --key 5f2c...
  bcda decrypt downloads/*.ndjson --private-key key.pem --manifest manifest.json --out claims
  bcda decrypt downloads/ --private-key key.pem --manifest manifest.json --out claims)");
  command.add_option("FILE", what->files, "Downloaded files, or one directory with downloaded files")
      ->required()
      ->option_text("FILE...");
  CLI::Option* const key =
      command.add_option("--key", what->key, "The file's encryptedKey from the manifest, in hex; for one FILE")
          ->option_text("HEX")
          ->check(hex);
  command
      .add_option("--manifest", what->manifest,
                  "A manifest (JSON) that lists the files, instead of --key; - for standard input")
      ->option_text("MANIFEST")
      ->check(not_empty)
      ->excludes(key);
  command.add_option("--out", what->out, "Directory for the plaintext, created if it is missing (default ./decrypted)")
      ->option_text("DIR")
      ->check(not_empty);
  command.add_option("--label", what->label, "The name that the service gave the FILE, if you renamed it")
      ->option_text("NAME")
      ->check(not_empty);
  command.add_flag("--json", what->json,
                   "Print a line of JSON on standard output for each file: its plaintext file or its error");
  command.add_flag("-q,--quiet", what->quiet, "Print only errors and warnings");
  name_environment(command);
  what->flags.add_to(command, [](const bcda::Setting& setting) {
    return is_one_of(setting, {"private_key", "private_key_pem", "private_key_passphrase",
                               "private_key_passphrase_file", "durability", "allow_plaintext"});
  });
  command.footer(exit_codes);
  command.callback([what, &chosen] { chosen = [what] { return run_decrypt(*what); }; });
}

}  // namespace cli
