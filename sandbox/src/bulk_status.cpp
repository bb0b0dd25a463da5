// The status of a job, its manifest, and its end.
#include <algorithm>

#include "bulk.hpp"
#include "values.hpp"

namespace libbcda::sandbox::bulk {
namespace {

constexpr std::size_t kFilesOnAPage = 2;

std::string extension(const Dialect& dialect, const Facts& facts) {
  if (!*dialect.checksums) return "";
  const std::string url = dialect.checksums;
  return R"(,"extension":[{"url":")" + url + R"(checksum","valueString":"sha256:)" + facts.sha256 + R"("},{"url":")" +
         url + R"(file_length","valueDecimal":)" + std::to_string(facts.bytes) + "}]";
}

std::string item(const Call& call, const Job& job, const File& file, const std::string& url) {
  const bool is_error = file.content == Content::errors, is_deleted = file.content == Content::deleted;
  const std::string type = is_error ? "OperationOutcome" : is_deleted ? "Bundle" : file.type;
  std::string text = "{";
  if (!type.empty()) text += "\"type\":\"" + type + "\",";
  text += "\"url\":" + plain_json_string(url);
  const Facts facts = job.facts(file);
  if (call.dialect.counts) text += ",\"count\":" + std::to_string(facts.resources);
  return text + (is_error ? "" : extension(call.dialect, facts)) + "}";
}

void append(std::string& list, const std::string& text) { list += (list.empty() ? "" : ",") + text; }

struct Lists {
  std::string output, error, deleted;
};

Lists list_files(const Call& call, const Job& job, const Page& page, const ManifestFaults& faults) {
  Lists lists;
  std::size_t number = 0;
  for (const File& file : job.files) {
    const std::string url = base_url(call.request) + file.path;
    if (file.content == Content::data || file.content == Content::blocks) {
      const std::size_t index = number++;
      if (index < page.first || index >= page.last) continue;
      append(lists.output, item(call, job, file, file_url(url, faults, static_cast<std::int64_t>(index))));
    } else if (page.others) {
      append(file.content == Content::errors ? lists.error : lists.deleted, item(call, job, file, url));
    }
  }
  return lists;
}

bool holds_data(const File& file) { return file.content == Content::data || file.content == Content::blocks; }

std::size_t data_files(const Job& job) {
  return static_cast<std::size_t>(std::count_if(job.files.begin(), job.files.end(), holds_data));
}

// The number of data files that are ready, counted from the first.
std::size_t ready_files(const Job& job, Time now) {
  return static_cast<std::size_t>(std::count_if(
      job.files.begin(), job.files.end(), [&](const File& file) { return holds_data(file) && file.modified <= now; }));
}

std::int64_t wanted_page(const Request& request) {
  const auto text = today::first_value(today::parse_query(request.target), "page");
  return std::max<std::int64_t>(parse_integer(text.value_or("")).value_or(1), 1);
}

std::string vendor_times(const Call& call, const Job& job) {
  if (!call.dialect.states_times) return "";
  const std::string url = call.dialect.checksums;
  return R"(,"extension":[{"url":")" + url + R"(submit_time","valueDateTime":")" + rfc3339(job.created) +
         R"("},{"url":")" + url + R"(complete_time","valueDateTime":")" + rfc3339(job.finished()) + "\"}]";
}

}  // namespace

std::string manifest_text(const Call& call, const Job& job, const Page& page, const ManifestFaults& faults) {
  const Lists lists = list_files(call, job, page, faults);
  const bool open = call.dialect.login != Login::none && job.organization.empty();
  std::string text = R"({"transactionTime":")" + rfc3339(std::chrono::floor<std::chrono::milliseconds>(job.created)) +
                     R"(","request":)" + plain_json_string(job.request) +
                     ",\"requiresAccessToken\":" + (open ? "false" : "true");
  const bool by_patient =
      std::any_of(job.files.begin(), job.files.end(), [](const File& file) { return file.content == Content::blocks; });
  if (call.dialect.has_deleted)
    text += ",\"outputOrganizedBy\":\"" + std::string(by_patient ? "Patient" : "") + "\",\"deleted\":[" +
            lists.deleted + "]";
  text += ",\"output\":[" + lists.output + "],\"error\":[" + lists.error + "]" + vendor_times(call, job);
  if (!page.link.empty()) text += R"(,"link":[{"relation":"next","url":)" + plain_json_string(page.link) + "}]";
  if (call.dialect.notes_emptiness && lists.output.empty())
    text += R"(,"message":"Export complete, but no data to generate report for job instance: )" + job.key + "\"";
  return text + "}";
}

Response Bulk::status(Call call, Entry& entry) {
  const Job& job = *entry.job;
  const Dialect& dialect = call.dialect;
  const bool deletes = call.request.method == "DELETE";
  const bool open = job.organization.empty() || (deletes && dialect.deletes_without_token);
  if (auto refused = refuse_token(call, open)) return *refused;
  if (!open && call.organization.empty() && !job.organization.empty())
    return dialect.refusal(401, "Not authorized", "security");
  if (!open && call.organization != job.organization)
    return dialect.refusal(404, "The export was not found", "not-found");
  if (deletes) return cancel(call, entry);
  if (call.request.method != "GET") return empty_answer(405);
  const State state = job.state(call.now);
  if (entry.removed || state == State::cancelled) return dialect.refusal(404, "The export was not found", "deleted");
  if (state == State::failed) return dialect.refusal(500, "The export failed", "processing");
  if (state == State::completed) return finished(call, job);
  if (state == State::past_lifetime || state == State::expired)
    return dialect.refusal(dialect.expired, "The export was not found", "not-found");
  if (auto refused = refuse_pace(call, entry)) return *refused;
  return running(call, job);
}

std::optional<Response> Bulk::refuse_pace(const Call& call, Entry& entry) {
  const Duration pace = std::chrono::seconds(call.options.status_retry_after);
  const bool early = call.dialect.paces && entry.asked && call.now - *entry.asked < pace;
  entry.asked = call.now;
  if (!early) return std::nullopt;
  Response response = empty_answer(429);
  response.headers["Retry-After"] = std::to_string(call.options.status_retry_after);
  return response;
}

// A page with some files is given once it is full. It gains its link when the next page has a file.
Response Bulk::running(const Call& call, const Job& job) {
  const auto page = static_cast<std::size_t>(wanted_page(call.request));
  Response response = empty_answer(202);
  if (job.partial && page <= job.files.size() && ready_files(job, call.now) >= page * kFilesOnAPage)
    response = listing(call, job, 202, static_cast<std::int64_t>(page));
  response.headers["X-Progress"] = call.dialect.progress(job, call.now);
  if (call.dialect.sends_pace) response.headers["Retry-After"] = std::to_string(call.options.status_retry_after);
  return response;
}

Response Bulk::finished(const Call& call, const Job& job) {
  Response response = listing(call, job, 200, job.partial ? wanted_page(call.request) : 0);
  if (*call.dialect.expires) response.headers[call.dialect.expires] = http_date(job.expires());
  return response;
}

// `page` 0: everything, as for a page that does not exist.
Response Bulk::listing(const Call& call, const Job& job, int status, std::int64_t page) {
  const std::size_t total = data_files(job), ready = status == 200 ? total : ready_files(job, call.now);
  const std::size_t pages = std::max<std::size_t>((total + kFilesOnAPage - 1) / kFilesOnAPage, 1);
  const auto number = static_cast<std::size_t>(page);
  Page wanted{0, total, true, ""};
  if (number > 0 && number <= pages) {
    wanted = {(number - 1) * kFilesOnAPage, std::min(number * kFilesOnAPage, total), number == pages, ""};
    if (number < pages && ready > wanted.last)
      wanted.link = base_url(call.request) + with_names(call.dialect.status_path, job.key, "") +
                    "?page=" + std::to_string(number + 1);
  }
  auto strike = [&](FaultKind kind) { return faults_.strike(kind, call.request.line()); };
  ManifestFaults faults;
  faults.other_origin = strike(FaultKind::other_origin);
  faults.plain_http = strike(FaultKind::plain_http);
  faults.traversal = strike(FaultKind::traversal);
  std::string text = manifest_text(call, job, wanted, faults);
  if (strike(FaultKind::not_json)) text.resize(text.size() / 2);
  return json_answer(status, std::move(text));
}

Response Bulk::cancel(const Call& call, Entry& entry) {
  const Dialect& dialect = call.dialect;
  if (!dialect.cancels) return empty_answer(405);
  const bool gone = entry.removed || entry.job->state(call.now) == State::cancelled;
  if (!gone && entry.job->cancel(call.now)) return dialect.refusal(202, "The procedure was canceled", "informational");
  if (!gone && dialect.deletes_finished) {
    entry.removed = true;
    return dialect.refusal(202, "The procedure was canceled", "informational");
  }
  return dialect.refusal(gone ? 404 : dialect.too_late,
                         "Unknown procedure. Perhaps it is already completed and thus, it cannot be canceled",
                         "not-found");
}

}  // namespace libbcda::sandbox::bulk
