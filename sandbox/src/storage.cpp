#include "storage.hpp"

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "http/form.hpp"
#include "random.hpp"
#include "today_query.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

Response refusal(int status, const std::string& code, const std::string& text) {
  Response response;
  response.status = status;
  response.headers["Content-Type"] = "application/xml";
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>" + text +
                  "</Message></Error>";
  return response;
}

// The path and query of a URL.
std::string target_of(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return std::string(url);
  const std::size_t path = url.find('/', host + 3);
  return path == std::string_view::npos ? "/" : std::string(url.substr(path));
}

}  // namespace

std::string Storage::signature(const std::string& path, const std::string& organization,
                               const std::string& expires) const {
  crypto::Sha256 digest;
  digest.update(secret_);
  digest.update(as_bytes(path + '\n' + organization + '\n' + expires));
  return to_base64(digest.finish());
}

std::string Storage::sign(const std::string& path, const std::string& organization, Time expires) const {
  const std::string seconds =
      std::to_string(std::chrono::ceil<std::chrono::seconds>(expires).time_since_epoch().count());
  return origin_ + path + "?AWSAccessKeyId=" + http::percent_encode_query(organization) + "&Expires=" + seconds +
         "&x-id=" + random_uuid() + "&Signature=" + http::percent_encode_query(signature(path, organization, seconds));
}

void Storage::sign_manifest(Response& response, const std::string& organization, Time expires) const {
  auto manifest = parse_json(response.body);
  json::object* root = manifest ? manifest->if_object() : nullptr;
  if (!root || !root->contains("output")) return;
  for (const char* name : {"output", "error", "deleted"}) {
    json::value* list = root->if_contains(name);
    if (!list || !list->is_array()) continue;
    for (json::value& item : list->get_array())
      item.as_object()["url"] = sign(target_of(string_member(item.as_object(), "url")), organization, expires);
  }
  (*root)["requiresAccessToken"] = false;
  response.body = json::serialize(*manifest);
}

std::optional<Response> Storage::refuse(const Request& request, Time now, std::string& organization) const {
  if (!request.header("authorization").empty())
    return refusal(400, "InvalidArgument",
                   "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
                   "parameter or the Authorization header should be specified");
  const auto parameters = today::parse_query(request.target);
  organization = today::first_value(parameters, "AWSAccessKeyId").value_or("");
  const std::string expires = today::first_value(parameters, "Expires").value_or("");
  const std::string given = today::first_value(parameters, "Signature").value_or("");
  if (given != signature(std::string(request.path()), organization, expires))
    return refusal(403, "SignatureDoesNotMatch", "The request signature does not match");
  if (now >= Time(std::chrono::seconds(parse_integer(expires).value_or(0))))
    return refusal(403, "AccessDenied", "Request has expired");
  return std::nullopt;
}

}  // namespace libbcda::sandbox
