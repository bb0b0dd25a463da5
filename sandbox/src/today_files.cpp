// The answers of /data and /metadata.
#include "gzip.hpp"
#include "ranges.hpp"
#include "today.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr const char* kNdjson = "application/fhir+ndjson";

// The service looks for these letters alone. So "gzip;q=0" gets gzip too.
bool wants_gzip(const Request& request) { return request.header("accept-encoding").find("gzip") != std::string::npos; }

}  // namespace

Response serve_stored(const Request& request, const Job& job, const File& file) {
  Response response;
  if (!wants_gzip(request)) {
    response.headers["Content-Type"] = kNdjson;
    response.body = job.plaintext(file);
    return response;
  }
  response = serve_text(request, *job.stored(file), kNdjson, file.modified);
  if (response.status == 304) return response;
  if (response.status != 416) response.headers["Content-Encoding"] = "gzip";
  if (response.status == 206) return response;
  response.headers.erase("Content-Length");
  response.body += empty_gzip_member();
  return response;
}

Response serve_warnings(const Request& request, const Job& job) {
  return serve_text(request, warnings(), kNdjson, job.finished());
}

namespace {

std::string operations(int version) {
  const std::string definition = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/";
  if (version == 1) {
    return R"("operation":[{"name":"patient-export","definition":{"reference":")" + definition +
           R"(patient-export"}},{"name":"group-export","definition":{"reference":")" + definition +
           R"(group-export"}}])";
  }
  const bool v3 = version == 3;
  return R"("resource":[{"type":"Patient","operation":[{"name":")" + std::string(v3 ? "export" : "patient-export") +
         R"(","definition":")" + definition + R"(patient-export"}]},{"type":"Group","operation":[{"name":")" +
         (v3 ? "export" : "group-export") + R"(","definition":")" + definition + R"(group-export"}]}])";
}

}  // namespace

Response metadata(int version, const std::string& base, Time now) {
  const std::string date = rfc3339(std::chrono::floor<std::chrono::seconds>(now));
  const std::string fhir =
      version == 1 ? R"("fhirVersion":"3.0.1","acceptUnknown":"extensions",)" : R"("fhirVersion":"4.0.1",)";
  return json_answer(
      200, R"({"resourceType":"CapabilityStatement","status":"active","date":")" + date +
               R"(","publisher":"Centers for Medicare \u0026 Medicaid Services","kind":"instance","instantiates":[)"
               R"("http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"],"software":)"
               R"({"name":"Beneficiary Claims Data API","version":"latest","releaseDate":")" +
               date + R"("},"implementation":{"description":"Beneficiary Claims Data API","url":)" + json_string(base) +
               "}," + fhir +
               R"("format":["application/json","application/fhir+json"],"rest":[{"mode":"server","security":)"
               R"({"cors":true,"service":[{"coding":[{"system":)"
               R"("http://terminology.hl7.org/CodeSystem/restful-security-service","code":"OAuth",)"
               R"("display":"OAuth"}],"text":"OAuth"}],"extension":[{"url":)"
               R"("http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris","extension":)"
               R"([{"url":"token","valueUri":)" +
               json_string(base + "/auth/token") +
               R"(}]}]},"interaction":[{"code":"batch"},{"code":"search-system"}],)" + operations(version) + "}]}");
}

}  // namespace libbcda::sandbox::today
