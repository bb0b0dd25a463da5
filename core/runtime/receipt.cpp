// The receipt of a run: OUT/export.json.
#include "base/json.hpp"
#include "base/version.hpp"
#include "runtime/run.hpp"

namespace libbcda::runtime {
namespace {

json::object member(const FileResult& file, const std::string& out) {
  std::string path = file.path;
  if (!out.empty() && path.starts_with(out + "/")) path.erase(0, out.size() + 1);
  return {{"type", file.type},
          {"path", path},
          {"bytes", file.facts.bytes},
          {"records", file.facts.records},
          {"sha256", file.facts.sha256},
          {"decrypted", file.facts.decrypted},
          {"url", file.url.substr(0, file.url.find('?'))}};
}

}  // namespace

std::string describe(const FileResult& file) {
  return json::serialize(json::object{{"files", json::array{member(file, "")}}}) + "\n";
}

std::string Run::receipt() const {
  std::string out = request_.sink ? "" : request_.settings.text("out");
  json::array jobs, files, errors;
  for (const JobRecord& job : jobs_)
    jobs.push_back(json::object{{"type", job.type},
                                {"request", job.request},
                                {"statusUrl", job.status_url},
                                {"transactionTime", job.manifest.transaction_time},
                                {"files", job.manifest.entries.size()},
                                {"confirmed", job.confirmed}});
  for (const FileResult& file : files_) (file.is_error ? errors : files).push_back(member(file, out));
  json::array types(types_.begin(), types_.end());
  const char* status = find_status(static_cast<std::int32_t>(failure_ ? failure_->status : Status::OK))->name;
  return json::serialize(json::object{{"libbcda", kVersion},
                                      {"status", status},
                                      {"service", session_->service().origin()},
                                      {"types", std::move(types)},
                                      {"transactionTime", earliest_transaction_time()},
                                      {"started", to_rfc3339(begun_at_)},
                                      {"finished", to_rfc3339(begun_at_ + elapsed_)},
                                      {"jobs", std::move(jobs)},
                                      {"files", std::move(files)},
                                      {"errors", std::move(errors)}}) +
         "\n";
}

}  // namespace libbcda::runtime
