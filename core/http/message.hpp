// Requests and answers as plain values, without sockets.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "http/url.hpp"

namespace libbcda::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  Url url;
  Headers headers;
  std::string body;
  // The credentials in the body. As those of the Authorization header, they are removed from the answer.
  std::vector<Secret> secrets;
  // Parts of the URL that are credentials. They are removed from the answer too, except from its Location, because a
  // redirect may keep them.
  std::vector<Secret> url_secrets;
  // False: it takes a new connection. An idle one may have been closed by the server, and the client would send the
  // request again.
  bool may_repeat = true;
};

// How far a request got.
enum class Reach {
  unsent,    // no byte of it was sent
  sent,      // the server may have received it
  answered,  // a byte of the answer came
};

// The head of an answer. Also its body, if Client::send() has read it.
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;

  // The value of a header, or "" if it is missing. Names are case-insensitive.
  std::string_view header(std::string_view name) const;
  // Content-Type without its parameters, in lower case.
  std::string media_type() const;
  // Whether the body is packed with gzip (RFC 9110 section 8.4.1: the names of codings are case-insensitive).
  bool is_gzip() const;
};

}  // namespace libbcda::http
