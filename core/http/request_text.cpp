#include "http/request_text.hpp"

#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::http {

namespace beast_http = boost::beast::http;

namespace {

constexpr std::size_t kLongestField = 60000;  // Beast's limit is 64 KiB

// Checks a field for line breaks and for its length, because Beast checks neither. The error has only the name of the
// field, because the text may be a secret.
void check_field(std::string_view text, const std::string& name, Status status) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw Error(status, name + " of a request contains a line break or a NUL");
  if (text.size() > kLongestField)
    throw Error(status, name + " of a request has " + std::to_string(text.size()) + " bytes; at most " +
                            std::to_string(kLongestField) + " can be sent");
}

// A blank would end the URL in the request line. What follows it would be read as something else.
void check_target(std::string_view target) {
  check_field(target, "the URL", Status::PROTOCOL);
  if (std::any_of(target.begin(), target.end(), [](char c) { return c <= ' ' || c > '~'; }))
    throw Error(Status::PROTOCOL, "the URL of a request contains a character that is not allowed in a URL");
}

}  // namespace

std::string request_text(const Request& request, const std::string& user_agent) {
  check_target(request.url.target);
  check_field(request.url.host, "the host", Status::PROTOCOL);
  check_field(user_agent, "the setting user_agent: the header User-Agent", Status::INVALID_ARGUMENT);
  beast_http::request<beast_http::string_body> message;
  message.method_string(request.method);
  message.target(request.url.target);
  message.version(11);
  message.set(beast_http::field::host, request.url.authority());
  message.set(beast_http::field::user_agent, user_agent);
  for (const auto& [name, value] : request.headers) {
    check_field(value, "the header " + name, Status::INVALID_ARGUMENT);
    message.set(name, value);
  }
  if (request.method != "GET") message.content_length(request.body.size());
  message.body() = request.body;
  beast_http::request_serializer<beast_http::string_body> serializer(message);
  std::string text;
  boost::system::error_code ec;
  while (!serializer.is_done()) {
    std::size_t size = 0;
    serializer.next(ec, [&](boost::system::error_code&, const auto& buffers) {
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        boost::asio::const_buffer piece(*it);
        text.append(static_cast<const char*>(piece.data()), piece.size());
        size += piece.size();
      }
    });
    if (ec) throw Error(Status::INTERNAL, "cannot write a request: " + ec.message());
    serializer.consume(size);
  }
  return text;
}

}  // namespace libbcda::http
