// The answers to requests for files.
#include <algorithm>

#include "bulk.hpp"
#include "gzip.hpp"
#include "values.hpp"

namespace libbcda::sandbox::bulk {
namespace {

constexpr std::size_t kMostInOnePart = 1 << 20;  // of DPC, for a range without an end

bool wants_gzip(const Request& request) { return request.header("accept-encoding").find("gzip") != std::string::npos; }

// A range of DPC: the end is exclusive, and the total is the length of the body.
Response dpc_range(const std::string& text, const std::string& range) {
  const std::size_t equals = range.find('='), dash = range.find('-');
  const auto from = parse_integer(range.substr(equals + 1, dash - equals - 1));
  const auto to = dash + 1 < range.size() ? parse_integer(range.substr(dash + 1)) : std::nullopt;
  Response response;
  if (!from || static_cast<std::size_t>(*from) >= text.size()) return empty_answer(416);
  const auto first = static_cast<std::size_t>(*from);
  std::size_t last = to ? static_cast<std::size_t>(*to) : first + kMostInOnePart;
  last = std::clamp(last, first, text.size());
  response.status = 206;
  response.body = text.substr(first, last - first);
  response.headers["Content-Range"] =
      "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(response.body.size());
  return response;
}

std::string binary_json(const File& file, const std::string& text) {
  return R"({"resourceType":"Binary","id":")" + file.name + R"(","contentType":"application/fhir+ndjson","data":")" +
         to_base64(as_bytes(text)) + "\"}";
}

std::string binary_xml(const File& file, const std::string& text) {
  return "<Binary xmlns=\"http://hl7.org/fhir\"><id value=\"" + file.name +
         "\"/><contentType value=\"application/ndjson\"/><data value=\"" + to_base64(as_bytes(text)) + "\"/></Binary>";
}

}  // namespace

Response serve_text_file(const Request& request, const Job& job, const File& file, const Dialect& dialect) {
  Response response;
  response.headers["Content-Type"] = dialect.file_type;
  response.headers["Content-Disposition"] =
      dialect.downloads > 0 ? R"(inline; swaggerDownload="attachment"; filename=")" + file.name + "\"" : "attachment";
  response.body = job.plaintext(file);
  if (!dialect.gzip || !wants_gzip(request)) return response;
  response.body = *job.stored(file);
  response.headers["Content-Encoding"] = "gzip";
  return response;
}

Response serve_dpc_file(const Request& request, const Job& job, const File& file, const Dialect& dialect) {
  const Facts facts = job.facts(file);
  Response response;
  if (const std::string range = request.header("range"); range.starts_with("bytes=")) {
    response = dpc_range(job.plaintext(file), range);
  } else if (request.header("if-none-match") == facts.sha256) {
    response = empty_answer(304);
  } else {
    response = serve_text_file(request, job, file, dialect);
    response.headers.erase("Content-Disposition");
  }
  response.headers["Content-Type"] = dialect.file_type;
  response.headers["ETag"] = facts.sha256;  // without quotes
  response.headers["Last-Modified"] =
      std::to_string(std::chrono::floor<std::chrono::milliseconds>(file.modified).time_since_epoch().count());
  return response;
}

// HAPI keeps files as Binary resources. What it sends depends on Accept.
Response serve_binary(const Request& request, const Job& job, const File& file, const Dialect& dialect) {
  const std::string accept = request.header("accept");
  const bool as_xml = accept.find("fhir+xml") != std::string::npos;
  const bool as_json = accept.find("fhir+json") != std::string::npos;
  Response response = serve_text_file(request, job, file, dialect);
  response.headers["Content-Disposition"] = "Attachment;";
  if (as_json) response.headers["Content-Type"] = "application/fhir+json;charset=utf-8";
  if (as_xml) response.headers["Content-Type"] = "application/fhir+xml;charset=utf-8";
  if (as_json || as_xml) response.body = as_json ? binary_json(file, response.body) : binary_xml(file, response.body);
  response.headers["Content-Length"] = std::to_string(response.body.size());
  return response;
}

Response Bulk::file(Call call, Entry& entry, const File& file) {
  const Job& job = *entry.job;
  const Dialect& dialect = call.dialect;
  if (call.request.method != "GET" && call.request.method != "HEAD") return empty_answer(405);
  if (auto refused = refuse_token(call, job.organization.empty())) return *refused;
  if (!job.organization.empty() && call.organization.empty())
    return dialect.refusal(401, "Authentication is required", "security");
  const State state = job.state(call.now);
  const bool early = job.partial && state == State::in_progress && file.modified <= call.now;
  if (entry.removed || state == State::cancelled)
    return dialect.refusal(404, "The exported resources have been deleted", "deleted");
  const bool is_owner = job.organization.empty() || job.organization == call.organization;
  if ((state != State::completed && !early) || !is_owner)
    return dialect.refusal(404, "The file was not found", "not-found");
  if (dialect.downloads > 0 && ++entry.downloads[file.path] > dialect.downloads)
    return dialect.refusal(500, "The file has reached its maximum number of downloads. Please resubmit your job.",
                           "exception");
  // HAPI cannot give a file in the format that was asked for when Accept names another one.
  const bool is_short = entry.format == "ndjson" || entry.format == "application/ndjson";
  if (dialect.serve == serve_binary && is_short &&
      call.request.header("accept").find("fhir+ndjson") != std::string::npos) {
    Response response;
    response.body = binary_xml(file, job.plaintext(file));
    response.headers["Content-Type"] = "application/fhir+ndjson;charset=utf-8";
    return response;
  }
  return dialect.serve(call.request, job, file, dialect);
}

}  // namespace libbcda::sandbox::bulk
