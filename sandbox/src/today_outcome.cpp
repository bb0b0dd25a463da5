#include "today_outcome.hpp"

#include "jobs.hpp"

namespace libbcda::sandbox::today {
namespace {

const char* code_of(int status) {
  if (status == 400) return "structure";
  if (status == 401 || status == 403) return "forbidden";
  if (status == 404 || status == 410) return "not-found";
  return "exception";
}

std::string details(int version, const std::string& text) {
  if (version == 1) return "";
  std::string members;
  if (version == 2) {
    members = R"("coding":[{"system":"http://hl7.org/fhir/ValueSet/operation-outcome","code":"Request Error")";
    if (!text.empty()) members += ",\"display\":" + text;
    members += "}]";
  }
  if (!text.empty()) members += (members.empty() ? "" : ",") + ("\"text\":" + text);
  return ",\"details\":{" + members + "}";
}

}  // namespace

std::string outcome(int version, const std::string& code, const std::string& diagnostics) {
  const std::string text = diagnostics.empty() ? "" : json_string(diagnostics);
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")" + code + "\"" +
         (text.empty() ? "" : ",\"diagnostics\":" + text) + details(version, text) + "}]}";
}

Response refusal(int version, int status, const std::string& diagnostics) {
  Response response = json_answer(status, outcome(version, code_of(status), diagnostics));
  response.headers["Content-Type"] = "application/fhir+json";
  return response;
}

}  // namespace libbcda::sandbox::today
