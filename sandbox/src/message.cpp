#include "message.hpp"

namespace libbcda::sandbox {
namespace {

constexpr std::size_t kBuffered = 2048;  // Go sends longer bodies in chunks, without Content-Length

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 303:
      return "See Other";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 416:
      return "Requested Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace

std::string_view Request::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string Request::header(const char* lower_name) const {
  auto found = headers.find(lower_name);
  return found == headers.end() ? "" : found->second;
}

std::uint64_t Response::body_size() const {
  if (!file) return body.size();
  std::uint64_t size = after_segments.size();
  for (const Segment& segment : segments) size += segment.before.size() + segment.length;
  return size;
}

std::string base_url(const Request& request) {
  const std::string host = request.header("host");
  return (request.tls ? "https://" : "http://") + (host.empty() ? "localhost" : host);
}

Response text_answer(int status, std::string line) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(line) + "\n";
  return response;
}

Response json_answer(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = std::move(body);
  return response;
}

Response empty_answer(int status) {
  Response response;
  response.status = status;
  return response;
}

Response redirect(const std::string& location) {
  Response response;
  response.status = 301;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Location", location}};
  response.body = "<a href=\"" + location + "\">Moved Permanently</a>.\n\n";
  return response;
}

Head write_head(const Request& request, const Response& response, Time now) {
  std::map<std::string, std::string> headers = response.headers;
  headers["Connection"] = "close";
  if (request.tls) headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains; preload";

  bool no_body = request.method == "HEAD" || response.status == 304;
  bool has_length = headers.contains("Content-Length");
  bool chunked = !no_body && !has_length && !request.http_1_0 && response.body_size() > kBuffered;

  std::string text = request.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  text += std::to_string(response.status) + " " + reason(response.status) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  text += "Date: " + http_date(now) + "\r\n";
  if (!no_body && !has_length && response.body_size() <= kBuffered)
    text += "Content-Length: " + std::to_string(response.body_size()) + "\r\n";
  if (!response.sniffed_type.empty()) text += "Content-Type: " + response.sniffed_type + "\r\n";
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  return {text + "\r\n", chunked};
}

}  // namespace libbcda::sandbox
