#include "ranges.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "random.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

struct Range {
  std::uint64_t start, length;
  std::string content_range(std::uint64_t size) const {
    return "bytes " + std::to_string(start) + "-" + std::to_string(start + length - 1) + "/" + std::to_string(size);
  }
};

struct Ranges {
  bool valid = true, none_overlaps = false;
  std::vector<Range> list;
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

enum class Outcome { range, outside, malformed };

Outcome parse_one(std::string_view text, std::uint64_t size, Range& range) {
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return Outcome::malformed;
  std::string_view first = trim(text.substr(0, dash)), last = trim(text.substr(dash + 1));
  if (first.empty()) {  // the last N bytes
    auto count = parse_integer(last);
    if (!count) return Outcome::malformed;
    std::uint64_t length = std::min(static_cast<std::uint64_t>(*count), size);
    range = {size - length, length};
    return Outcome::range;
  }
  auto start = parse_integer(first);
  if (!start) return Outcome::malformed;
  auto from = static_cast<std::uint64_t>(*start);
  if (from >= size) return Outcome::outside;
  range = {from, size - from};
  if (last.empty()) return Outcome::range;
  auto end = parse_integer(last);
  if (!end || *end < *start) return Outcome::malformed;
  range.length = std::min(static_cast<std::uint64_t>(*end), size - 1) - from + 1;
  return Outcome::range;
}

Ranges parse_ranges(std::string_view header, std::uint64_t size) {
  Ranges ranges;
  if (!header.starts_with("bytes=")) return {false, false, {}};
  header.remove_prefix(6);
  bool any_outside = false;
  while (!header.empty()) {
    std::string_view part = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), part.size() + 1));
    part = trim(part);
    if (part.empty()) continue;
    Range range{};
    Outcome outcome = parse_one(part, size, range);
    if (outcome == Outcome::malformed) return {false, false, {}};
    if (outcome == Outcome::range) ranges.list.push_back(range);
    any_outside |= outcome == Outcome::outside;
  }
  ranges.none_overlaps = any_outside && ranges.list.empty();
  std::uint64_t sum = 0;
  for (const Range& range : ranges.list) sum += range.length;
  if (sum > size) ranges.list.clear();  // more than the file, probably an attack; Go then sends the whole file
  return ranges;
}

Time whole_seconds(Time time) { return std::chrono::floor<std::chrono::seconds>(time); }

// The status if a precondition determines the answer, or else 0.
int precondition(const Request& request, Time modified) {
  if (std::string match = request.header("if-match"); !match.empty()) {
    if (match != "*") return 412;  // there are no entity tags to match
  } else if (auto since = parse_http_date(request.header("if-unmodified-since")); since && modified > *since) {
    return 412;
  }
  if (std::string none = request.header("if-none-match"); !none.empty()) return none == "*" ? 304 : 0;
  if (auto since = parse_http_date(request.header("if-modified-since")); since && modified <= *since) return 304;
  return 0;
}

bool range_applies(const Request& request, Time modified) {
  if (request.header("range").empty()) return false;
  std::string condition = request.header("if-range");
  if (condition.empty()) return true;
  auto date = parse_http_date(condition);
  return date && *date == modified;
}

Response unsatisfiable(const Ranges& ranges, std::uint64_t size) {
  Response response = text_answer(416, ranges.valid ? "invalid range: failed to overlap" : "invalid range");
  if (ranges.valid) response.headers["Content-Range"] = "bytes */" + std::to_string(size);
  return response;
}

void make_multipart(Response& response, const std::vector<Range>& ranges, std::uint64_t size) {
  std::string boundary = to_hex(random_bytes(30)), type = response.headers["Content-Type"];
  for (const Range& range : ranges) {
    std::string before = response.segments.empty() ? "" : "\r\n";
    before +=
        "--" + boundary + "\r\nContent-Range: " + range.content_range(size) + "\r\nContent-Type: " + type + "\r\n\r\n";
    response.segments.push_back({before, range.start, range.length});
  }
  response.after_segments = "\r\n--" + boundary + "--\r\n";
  response.headers["Content-Type"] = "multipart/byteranges; boundary=" + boundary;
}

struct Content {
  std::uint64_t size;
  std::string type;
  Time modified;
};

// The answer without its bytes: the status, the headers, and the segments to send.
Response plan(const Request& request, const Content& content, bool ignore_range) {
  Time modified = whole_seconds(content.modified);
  Response response;
  response.headers["Last-Modified"] = http_date(modified);
  response.status = precondition(request, modified);
  if (response.status != 0) return response;

  Ranges ranges;
  if (!ignore_range && range_applies(request, modified)) ranges = parse_ranges(request.header("range"), content.size);
  if (!ranges.valid || ranges.none_overlaps) return unsatisfiable(ranges, content.size);
  response.status = ranges.list.empty() ? 200 : 206;
  response.headers["Accept-Ranges"] = "bytes";
  response.headers["Content-Type"] = content.type;
  if (ranges.list.size() > 1) {
    make_multipart(response, ranges.list, content.size);
  } else {
    Range range = ranges.list.empty() ? Range{0, content.size} : ranges.list.front();
    response.segments.push_back({"", range.start, range.length});
    if (!ranges.list.empty()) response.headers["Content-Range"] = range.content_range(content.size);
  }
  return response;
}

bool has_bytes(const Response& response) { return response.status == 200 || response.status == 206; }

}  // namespace

Response serve_file(const Request& request, std::shared_ptr<DataFile> file, bool plain, bool ignore_range) {
  const char* type = plain || !file->encrypted() ? "text/plain; charset=utf-8" : "application/octet-stream";
  Response response = plan(request, {file->size(plain), type, file->modified}, ignore_range);
  if (response.status == 416) response.headers["Last-Modified"] = http_date(whole_seconds(file->modified));
  if (!has_bytes(response)) return response;
  response.plain = plain;
  response.file = std::move(file);
  response.headers["Content-Length"] = std::to_string(response.body_size());
  return response;
}

Response serve_text(const Request& request, const std::string& text, const std::string& type, Time modified) {
  Response response = plan(request, {text.size(), type, modified}, false);
  if (!has_bytes(response)) return response;
  for (const Segment& segment : response.segments) {
    response.body += segment.before;
    response.body.append(text, segment.offset, segment.length);
  }
  response.body += response.after_segments;
  response.headers["Content-Length"] = std::to_string(response.body.size());
  return response;
}

}  // namespace libbcda::sandbox
