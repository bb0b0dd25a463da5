// A parsed request, and an answer before it is sent. This file uses no sockets.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "faults.hpp"
#include "files.hpp"

namespace libbcda::sandbox {

struct Request {
  std::string method, target;  // the target is not decoded
  bool http_1_0 = false;
  bool tls = false;
  std::map<std::string, std::string> headers;  // by lowercase name
  std::string body;
  bool at_storage = false;  // arrived at the second port, which serves signed URLs

  std::string_view path() const;
  std::string line() const { return method + " " + target; }
  std::string header(const char* lower_name) const;  // "" if missing
};

// A part of the file in an answer's body, after the text of a part in a multipart answer.
struct Segment {
  std::string before;
  std::uint64_t offset = 0, length = 0;
};

struct Response {
  int status = 200;
  std::map<std::string, std::string> headers;  // sent in this order, as Go does
  std::string sniffed_type;                    // a Content-Type that Go adds itself, after Date
  std::string body;                            // used if there is no file
  std::shared_ptr<DataFile> file;
  bool plain = false;
  std::vector<Segment> segments;
  std::string after_segments;

  // Faults that the connection applies.
  bool no_answer = false;
  Duration delay{};
  std::optional<Fault> reset, truncate, stall, drip, flip;

  std::uint64_t body_size() const;
};

std::string base_url(const Request& request);  // the origin of the service, by the Host header

Response text_answer(int status, std::string line);  // like Go's http.Error
Response json_answer(int status, std::string body);
Response empty_answer(int status);
Response redirect(const std::string& location);

// The head of an answer, as the service writes it, including the blank line. Also whether the body is sent in chunks.
struct Head {
  std::string text;
  bool chunked;
};
Head write_head(const Request& request, const Response& response, Time now);

}  // namespace libbcda::sandbox
