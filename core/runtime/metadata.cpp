#include "runtime/metadata.hpp"

#include "base/json.hpp"
#include "bulk/answer.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kLargestMetadata = 8 << 20;

}  // namespace

Task<> ask_metadata(Session& session, std::string& metadata) {
  http::Request request;
  request.url = session.service().at(session.profile().metadata_path);
  request.headers = {{"Accept", "application/fhir+json"}};
  http::Answer answer = co_await session.http().send(std::move(request), kLargestMetadata);
  if (answer.status != 200) throw bulk::refusal(answer, "the metadata request", session.world()->clock().now().wall);
  if (bulk::is_page(answer))
    throw Error(Status::PROTOCOL, "the metadata request was answered with " + bulk::page_text(answer));
  if (auto value = parse_json(answer.body); !value || !value->is_object())
    throw Error(
        Status::PROTOCOL,
        "the metadata is not a JSON object; does the setting url name the service, or something in front of it?");
  metadata = std::move(answer.body);
}

}  // namespace libbcda::runtime
