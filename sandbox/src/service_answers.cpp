// The parts of the service that all profiles share: which of them answers, signed URLs, and oddities.
#include "credentials.hpp"
#include "fault_table.hpp"
#include "oddities.hpp"
#include "service.hpp"

namespace libbcda::sandbox {
namespace {

constexpr Duration kInner = std::chrono::minutes(1);  // the life of a token with which the storage asks the service

}  // namespace

Response Service::at_service(const Request& request) {
  const Options o = options();
  Response response;
  if (const bulk::Dialect* dialect = bulk::dialect_of(o.profile)) {
    response = bulk_.answer(request, o, now(), *dialect);
  } else {
    response = o.profile == Profile::bcda_2019 ? route(request) : today_.answer(request, o, now());
  }
  if (o.signed_urls.count() > 0 && is_status_request(request.line()) && response.status < 300)
    storage_.sign_manifest(response, owner_of(request), now() + o.signed_urls);
  return response;
}

// The signature stands for a token, so the file is asked for with one.
Response Service::at_storage(const Request& request) {
  std::string organization;
  if (auto refused = storage_.refuse(request, now(), organization)) return *refused;
  Request inner = request;
  inner.at_storage = false;
  inner.target = std::string(request.path());
  if (!organization.empty()) inner.headers["authorization"] = "Bearer " + tokens_.issue(organization, now(), kInner);
  return at_service(inner);
}

std::string Service::owner_of(const Request& request) {
  return tokens_.organization_of(bearer_token(request.header("authorization")), now()).value_or("");
}

void Service::change(const Request& request, Response& response) {
  add_oddities({faults_, request, now(), storage_, owner_of(request)}, response);
}

}  // namespace libbcda::sandbox
