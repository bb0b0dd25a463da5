// Helpers of all integration tests: a quick sandbox, a client for it, a temporary directory.
#pragma once
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <bcda/bcda.hpp>
#include <bcda/bcda_sandbox.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace bcda_test {

namespace fs = std::filesystem;

class TempDir {
 public:
  TempDir() {
    std::string pattern = (fs::temp_directory_path() / "bcda-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  // A run that was left behind may remove its own files meanwhile.
  ~TempDir() {
    std::error_code error;
    do fs::remove_all(path_, error);
    while (error == std::errc::no_such_file_or_directory && fs::exists(path_));
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

inline std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::string sha256(const std::string& bytes) {
  unsigned char digest[32];
  EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    hex += two;
  }
  return hex;
}

// Every file below `dir` except the work directory, by path relative to it.
inline std::vector<std::string> visible_files(const std::string& dir) {
  std::vector<std::string> names;
  if (!fs::exists(dir)) return names;
  for (auto it = fs::recursive_directory_iterator(dir); it != fs::recursive_directory_iterator(); ++it) {
    if (it->path().filename() == ".bcda") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file()) {
      names.push_back(fs::relative(it->path(), dir).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The data files among them: all files except the receipt and the log.
inline std::vector<std::string> data_files(const std::string& dir) {
  auto names = visible_files(dir);
  names.erase(
      std::remove_if(names.begin(), names.end(), [](auto& n) { return n == "export.json" || n == "log.ndjson"; }),
      names.end());
  return names;
}

// A small sandbox whose jobs finish at once.
inline bcda::Sandbox quick_sandbox(bcda::Sandbox::Options more = {}) {
  bcda::Sandbox::Options options = {
      {"beneficiaries", "60"}, {"beneficiaries_per_file", "25"}, {"pending_time", "0"}, {"job_time", "0"}};
  options.insert(options.end(), more.begin(), more.end());
  return bcda::Sandbox(options);
}

// The settings of a client for it, with short delays.
inline bcda::Config quick_config(const bcda::Sandbox& sandbox) {
  bcda::Config config = sandbox.config();
  config.set("poll_interval", "5ms")
      .set("poll_max_interval", "20ms")
      .set("retry_delay", "2ms")
      .set("retry_max_delay", "20ms")
      .set("outage_limit", "0s");
  config.set("durability", "process");
  return config;
}

// The end of a run, and its events.
struct Outcome {
  bcda::Status status = BCDA_OK;
  std::string message, outcome;
  std::vector<bcda::Event> events;
  std::vector<std::string> json;

  bool said(bcda::EventKind kind, const std::string& part = "") const {
    return std::any_of(events.begin(), events.end(), [&](const bcda::Event& e) {
      return e.kind() == kind && e.text().find(part) != std::string::npos;
    });
  }
};

inline Outcome follow(bcda::Run& run) {
  Outcome result;
  for (bcda::Event event; run.next_event(event) == BCDA_OK;) {
    result.json.push_back(event.json());
    result.events.push_back(std::move(event));
  }
  try {
    run.wait();
  } catch (const bcda::Error& e) {
    result.status = e.status();
    result.message = e.what();
    result.outcome = e.outcome();
  }
  return result;
}

inline Outcome export_to(const bcda::Config& config, const std::string& out) {
  try {
    bcda::Client client(config);
    bcda::Run run = client.start_export({{"out", out}});
    return follow(run);
  } catch (const bcda::Error& e) {
    Outcome result;
    result.status = e.status();
    result.message = e.what();
    return result;
  }
}

}  // namespace bcda_test
