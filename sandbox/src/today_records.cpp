#include "today_records.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "random.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr std::int64_t kFirstId = 10000000000;
constexpr std::chrono::sys_days kFirstUpdate{std::chrono::year{2026} / 3 / 26};
constexpr std::uint64_t kUpdateDays = 60;  // over which the updates are spread

std::string mbi_of(const Person& person) {
  char text[16];
  std::snprintf(text, sizeof text, "1S%09lld", static_cast<long long>(person.number % 1000000000));
  return text;
}

std::string date_of(const Person& person, std::uint64_t which, int first_year, int years) {
  const std::uint64_t draw = mix(person.seed * 1000003 + static_cast<std::uint64_t>(person.number), which);
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", first_year + static_cast<int>(draw % static_cast<unsigned>(years)),
                1 + static_cast<int>((draw >> 8) % 12), 1 + static_cast<int>((draw >> 16) % 28));
  return text;
}

std::string meta(const Person& person, const std::string& type) {
  const std::string kind = type.substr(0, type.find('-'));
  std::string text = R"("meta":{"lastUpdated":")" + rfc3339(last_updated(person, kind)) + "\"";
  if (person.version > 1) {
    text += R"(,"profile":["http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-)" + type +
            (person.version == 3 ? "|2.2.0" : "") + "\"]";
  }
  if (person.version == 3 && type.starts_with("Explanation")) {
    text += R"(,"tag":[{"code":"NationalClaimsHistory",)"
            R"("system":"https://bluebutton.cms.gov/fhir/CodeSystem/System-Type"}])";
  }
  return text + "}";
}

std::string patient(const Person& person) {
  const std::string kind = person.version == 1
                               ? ""
                               : R"("type":{"coding":[{"code":")" + std::string(person.version == 2 ? "MC" : "MB") +
                                     R"(","system":"http://terminology.hl7.org/CodeSystem/v2-0203"}]},)";
  return R"({"address":[{"city":"PODUNK","line":["204 SOUTH ST"],"postalCode":"12345","state":"MO"}],"birthDate":")" +
         date_of(person, 1, 1930, 30) + R"(","gender":")" + (person.number % 2 ? "male" : "female") + R"(","id":")" +
         id_of(person) + R"(","identifier":[{"system":"http://hl7.org/fhir/sid/us-mbi",)" + kind + R"("value":")" +
         mbi_of(person) + "\"}]," + meta(person, "Patient") +
         R"(,"name":[{"family":"Doe","given":["Jane"],"use":"usual"}],"resourceType":"Patient"})" + "\n";
}

std::string id_of_claim(const Person& person, int number) {
  return (person.version == 3 ? "" : "carrier-") + id_of(person) + std::to_string(number);
}

std::string id_of_coverage(const Person& person, const std::string& part) {
  return (part == "A" ? "part-a-" : "part-b-") + id_of(person);
}

std::string id_of_partial_claim(const Person& person) { return "f-" + id_of(person); }

// Of the resources in lines_of().
std::vector<std::string> ids_of(const Person& person, const std::string& type) {
  if (type == "Patient") return {id_of(person)};
  if (type == "Coverage") return {id_of_coverage(person, "A"), id_of_coverage(person, "B")};
  if (type.starts_with("Claim")) return {id_of_partial_claim(person)};
  return {id_of_claim(person, 1), id_of_claim(person, 2)};
}

std::string coverage(const Person& person, const std::string& part) {
  std::string text = R"({"beneficiary":{"reference":"Patient/)" + id_of(person) + "\"},";
  if (person.version == 1) {
    text += R"("grouping":{"subGroup":"Medicare","subPlan":"Part )" + part + "\"},";
  } else {
    text += R"("class":[{"type":{"coding":[{"code":"plan",)"
            R"("system":"http://terminology.hl7.org/CodeSystem/coverage-class"}]},"value":"Part )" +
            part + "\"}],";
  }
  text += R"("id":")" + id_of_coverage(person, part) + "\"," + meta(person, "Coverage");
  if (person.version > 1) text += R"(,"payor":[{"identifier":{"value":"Centers for Medicare and Medicaid Services"}}])";
  return text + R"(,"period":{"start":")" + date_of(person, 2, 1995, 20) +
         R"("},"resourceType":"Coverage","status":"active"})" + "\n";
}

// The members of a claim that name its beneficiary and its lines. STU3 and R4 name them differently.
std::string claim_item(const Person& person, const std::string& amount) {
  const bool stu3 = person.version == 1;
  const std::string money = stu3 ? R"({"code":"USD","system":"urn:iso:std:iso:4217","value":)" + amount + "}"
                                 : R"({"currency":"USD","value":)" + amount + "}";
  return R"("item":[{"adjudication":[{"amount":)" + money +
         R"(,"category":{"coding":[{"code":"https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt"}]}}],")" +
         (stu3 ? "service" : "productOrService") +
         R"(":{"coding":[{"code":"99213","system":"https://bluebutton.cms.gov/resources/codesystem/hcpcs"}]},)"
         R"("quantity":{"value":1},"sequence":1}])";
}

std::string claim(const Person& person, int number) {
  const std::string day = date_of(person, 3 + static_cast<std::uint64_t>(number), 2022, 4);
  const std::string claim_id = id_of(person) + std::to_string(number), id = id_of_claim(person, number);
  const std::string system = person.version == 3 ? "https://bluebutton.cms.gov/identifiers/CLM-CNTL-NUM"
                                                 : "https://bluebutton.cms.gov/resources/variables/clm_id";
  const std::string covered = R"({"coverage":{"reference":"Coverage/part-b-)" + id_of(person) + "\"}";
  std::string text = R"({"billablePeriod":{"end":")" + day + R"(","start":")" + day + "\"}," +
                     R"("diagnosis":[{"diagnosisCodeableConcept":{"coding":[{"code":"A021",)"
                     R"("system":"http://hl7.org/fhir/sid/icd-10)" +
                     (person.version == 1 ? "" : "-cm") + R"("}]},"sequence":1}],"id":")" + id +
                     R"(","identifier":[{"system":")" + system + R"(","value":")" + claim_id + "\"}],\"insurance\":" +
                     (person.version == 1 ? covered + "}" : "[" + covered + ",\"focal\":true}]") + "," +
                     claim_item(person, std::to_string(40 + person.number % 400) + ".25") + "," +
                     meta(person, "ExplanationOfBenefit-Professional-NonClinician");
  if (person.version > 1) text += R"(,"outcome":"complete","use":"claim")";
  return text + R"(,"patient":{"reference":"Patient/)" + id_of(person) +
         R"("},"resourceType":"ExplanationOfBenefit","status":"active"})" + "\n";
}

// A claim that is adjudicated only in part, or the answer to it.
std::string partial_claim(const Person& person, const std::string& type) {
  const std::string number = id_of_partial_claim(person);
  const std::string own = type == "Claim"
                              ? R"("priority":{"coding":[{"code":"normal"}]},"total":{"currency":"USD","value":)" +
                                    std::to_string(40 + person.number % 400) + ".25}"
                              : R"("request":{"reference":"Claim/)" + number + R"("},"outcome":"queued")";
  return R"({"created":")" + date_of(person, 9, 2022, 4) + R"(","id":")" + number + "\"," + meta(person, type) + "," +
         own + R"(,"patient":{"reference":"Patient/)" + id_of(person) + R"("},"resourceType":")" + type +
         R"(","status":"active","type":{"coding":[{"code":"institutional","system":)"
         R"("http://terminology.hl7.org/CodeSystem/claim-type"}]},"use":"claim"})"
         "\n";
}

}  // namespace

std::string id_of(const Person& person) {  // negative, as in the service's own sandbox
  const auto offset = static_cast<std::int64_t>(mix(person.seed) % 1000) * 1000000;
  return std::to_string(-(kFirstId * person.version + offset + person.number));
}

Time last_updated(const Person& person, const std::string& type) {
  using std::chrono::days;
  const std::uint64_t draw = mix(person.seed * 31 + type.size(), static_cast<std::uint64_t>(person.number));
  const Time first = Time(kFirstUpdate) + days(draw % kUpdateDays) + std::chrono::seconds((draw >> 16) % 86400);
  if (person.cycle <= 0) return first;
  const std::int64_t today = std::chrono::floor<days>(person.asked).time_since_epoch().count();
  const std::int64_t phase = static_cast<std::int64_t>(draw % static_cast<std::uint64_t>(person.cycle));
  return std::max(first, Time(days(today - (today + phase) % person.cycle)));
}

std::string lines_of(const Person& person, const std::string& type) {
  if (type == "Patient") return patient(person);
  if (type == "Coverage") return coverage(person, "A") + coverage(person, "B");
  if (type.starts_with("Claim")) return partial_claim(person, type);
  return claim(person, 1) + claim(person, 2);
}

std::string error_line(const Person& person, const std::string& type, const std::string& organization) {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found","diagnostics":)"
         R"("Error retrieving )" +
         type + " for beneficiary MBI " + mbi_of(person) + " in ACO " + organization + "\"}]}\n";
}

std::string deleted_line(const Person& person, const std::string& type) {
  std::string entries;
  for (const std::string& id : ids_of(person, type))
    entries += (entries.empty() ? "" : ",") + (R"({"request":{"method":"DELETE","url":")" + type + "/" + id + "\"}}");
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}\n";
}

std::string header_line(const Person& person) {
  return R"({"resourceType":"Parameters","parameter":[{"name":"header","valueReference":{"reference":"Patient/)" +
         id_of(person) + "\"}}]}\n";
}

}  // namespace libbcda::sandbox::today
