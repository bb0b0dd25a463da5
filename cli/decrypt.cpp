// bcda decrypt: files that were downloaded by other means.
#include <filesystem>
#include <memory>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct Decrypt {
  Flags flags;
  std::vector<std::string> files;
  std::string key, manifest, label;
  std::string out = "decrypted";
  bool json = false, quiet = false;
};

// A directory that is made for the output, and that goes again if nothing came to lie in it.
class OutputDirectory {
 public:
  explicit OutputDirectory(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    made_ = fs::create_directories(path_, error);
    if (made_) fs::permissions(path_, fs::perms::owner_all, error);  // claims are nobody else's business
    if (error || !fs::is_directory(path_, error)) {
      throw Failure(BCDA_FILESYSTEM, path_.string() + ": " + (error ? error.message() : "is not a directory"));
    }
  }
  ~OutputDirectory() {
    std::error_code ignored;
    if (made_) fs::remove(path_, ignored);  // refuses what is not empty
  }
  std::string file(const std::string& input) const { return (path_ / fs::path(input).filename()).string(); }

 private:
  fs::path path_;
  bool made_ = false;
};

std::string as_json(const std::string& input, const bcda::File& file) {
  return "{\"file\":" + json_string(input) + ",\"path\":" + json_string(file.path()) +
         ",\"bytes\":" + std::to_string(file.bytes()) + ",\"records\":" + std::to_string(file.records()) +
         ",\"sha256\":" + json_string(file.sha256()) + "}";
}

void decrypt_one(const Decrypt& what, const bcda::Config& config, const std::string& manifest, const std::string& input,
                 const std::string& output) {
  const bcda::Result result = bcda::decrypt_file(config, {.path = input,
                                                          .output = output,
                                                          .key = what.key,
                                                          .manifest = manifest,
                                                          .label = what.label,
                                                          .progress = [](auto, auto) { return !Interrupts::asked(); }});
  if (what.json) {
    report(as_json(input, result[0]) + '\n');
  } else if (!what.quiet) {
    report(output + ": " + plural(result[0].records(), "record") + ", " + human_bytes(result[0].bytes()) + '\n');
  }
}

int run_decrypt(const Decrypt& what) {
  if (what.key.empty() && what.manifest.empty()) {
    throw Failure(BCDA_INVALID_ARGUMENT, "a file's key is needed: give --key or --manifest");
  }
  if (what.files.size() > 1 && !(what.key.empty() && what.label.empty())) {
    throw Failure(BCDA_INVALID_ARGUMENT, "--key and --label are for one file: name a --manifest for several");
  }
  const std::string manifest = what.manifest.empty() ? "" : read_text(what.manifest);
  bcda::Config config;
  what.flags.apply_to(config);
  const Interrupts interrupts;
  const OutputDirectory directory(what.out);
  int exit_code = 0;
  for (const std::string& input : what.files) {
    try {
      decrypt_one(what, config, manifest, input, directory.file(input));
    } catch (const bcda::Error& error) {  // the others may be fine
      print_error(error);
      if (exit_code == 0) exit_code = bcda::exit_code(error.status());
      if (error.status() == BCDA_CANCELLED) return bcda::exit_code(error.status());
    }
  }
  return exit_code;
}

}  // namespace

void add_decrypt(CLI::App& app, Command& chosen) {
  auto what = std::make_shared<Decrypt>();
  CLI::App& command = *app.add_subcommand("decrypt");
  command.description(R"(Decrypt and verify files that were downloaded by other means

Decrypts files as the service sent them, of any size, and verifies them. The plaintext gets the
same name in the directory --out; it appears only when the whole file has verified, and never
replaces a file. The name that the service gave a file is part of its encryption: if you renamed it,
say --label. When one of several files fails, the others are still decrypted, and the exit code is
that of the first failure.

  bcda decrypt dbbd1ce1-ae24-435c-807d-ed45953077d3.ndjson --private-key key.pem --key 5f2c...
  bcda decrypt downloads/*.ndjson --private-key key.pem --manifest manifest.json --out claims)");
  command.add_option("FILE", what->files, "Encrypted files")->required()->option_text("FILE...");
  CLI::Option* const key =
      command.add_option("--key", what->key, "Its encryptedKey from the manifest, in hex; for one FILE")
          ->option_text("HEX");
  command.add_option("--manifest", what->manifest, "Or a manifest (JSON) that names the files; - for standard input")
      ->option_text("MANIFEST")
      ->excludes(key);
  command.add_option("--out", what->out, "Directory for the plaintext, made if need be (default ./decrypted)")
      ->option_text("DIR");
  command.add_option("--label", what->label, "The name the service gave a FILE that was renamed")->option_text("NAME");
  command.add_flag("--json", what->json, "Print what was made of each file as a line of JSON on standard output");
  command.add_flag("-q,--quiet", what->quiet, "Print errors only");
  name_environment(command);
  what->flags.add_to(command, [](const bcda::Setting& setting) {
    return setting.name().substr(0, 11) == "private_key" || setting.name() == "durability";
  });
  command.footer(exit_codes);
  command.callback([what, &chosen] { chosen = [what] { return run_decrypt(*what); }; });
}

}  // namespace cli
