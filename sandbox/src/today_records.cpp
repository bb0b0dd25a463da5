#include "today_records.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "beneficiary.hpp"
#include "form.hpp"
#include "random.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr std::int64_t kFirstId = 10000000000;
constexpr std::chrono::sys_days kFirstUpdate{std::chrono::year{2026} / 3 / 26};
constexpr std::uint64_t kUpdateDays = 60;          // over which the updates are spread
constexpr int kYearsLater = 2191;                  // days from the claims of 2018 to those of today
constexpr int kReceivedAfter = 14;                 // days from the end of a claim to its receipt
constexpr const char* kInjection = "00409189001";  // the drug of a line that is no prescription
constexpr std::int64_t kClaims = 2;                // of each person

std::string mbi_of(const Person& person) {
  char text[16];
  std::snprintf(text, sizeof text, "1S%09lld", static_cast<long long>(person.number % 1000000000));
  return text;
}

// The first claim is for visits; the second one is for a stay in a hospital or for a drug.
ClaimKind kind_of(const Person& person, std::int64_t number) {
  if (number == 1) return ClaimKind::carrier;
  return person.number % 2 ? ClaimKind::drug : ClaimKind::inpatient;
}

const char* name_of(ClaimKind kind) {
  if (kind == ClaimKind::carrier) return "carrier";
  return kind == ClaimKind::inpatient ? "inpatient" : "pde";
}

std::string number_of_claim(const Person& person, std::int64_t number) {
  return id_of(person) + std::to_string(number);
}

std::string id_of_claim(const Person& person, std::int64_t number) {
  const std::string prefix = person.version == 3 ? "" : std::string(name_of(kind_of(person, number))) + "-";
  return prefix + number_of_claim(person, number);
}

std::string date_of(int day) { return calendar_date(Time(std::chrono::sys_days(std::chrono::days(day)))); }

std::string money(std::int64_t cents) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%02lld", static_cast<long long>(cents / 100),
                static_cast<long long>(cents % 100));
  return text;
}

void put_amounts(const std::string& prefix, const Amounts& amounts, Values& values) {
  values.texts[prefix + "submitted"] = money(amounts.submitted);
  values.texts[prefix + "allowed"] = money(amounts.allowed);
  values.texts[prefix + "deductible"] = money(amounts.deductible);
  values.texts[prefix + "coinsurance"] = money(amounts.coinsurance);
  values.texts[prefix + "paid"] = money(amounts.paid);
}

// "E119" as version 3 has it: "E11.9".
std::string dotted(std::string code) { return code.size() > 3 ? code.insert(3, ".") : code; }

void put_diagnosis(const Coded& diagnosis, Values& values) {
  values.texts["dx"] = diagnosis.code;
  values.texts["dotted_dx"] = dotted(diagnosis.code);
}

// The race by the codes of the Office of Management and Budget, which version 3 has.
const char* omb_race(const Coded& race) {
  constexpr const char* kCodes[] = {"2106-3", "2054-5", "2131-1", "2028-9", "2131-1", "1002-5"};  // of "1" to "6"
  return kCodes[race.code[0] - '1'];
}

Values values_of(const Person& person, const std::string& type) {
  const Beneficiary beneficiary(person.seed, person.number);
  Values values;
  values.texts = {{"bene", id_of(person)},
                  {"mbi", mbi_of(person)},
                  {"updated", rfc3339(last_updated(person, type))},
                  {"birth", date_of(beneficiary.birth_day)},
                  {"gender", beneficiary.female ? "female" : "male"},
                  {"family", beneficiary.family},
                  {"given", beneficiary.given},
                  {"middle", beneficiary.middle},
                  {"race", beneficiary.race.code},
                  {"omb_race", omb_race(beneficiary.race)},
                  {"status", beneficiary.status.code},
                  {"orec", beneficiary.entitlement.code},
                  {"zip", std::to_string(beneficiary.zip)},
                  {"covered_since", date_of(beneficiary.birth_day + 65 * 365)}};
  return values;
}

Values values_of_line(const ClaimLine& line, int number) {
  Values values;
  put_amounts("line_", line.amounts, values);
  values.texts["number"] = std::to_string(number);
  values.texts["line_start"] = date_of(line.day + kYearsLater);
  values.texts["service"] = line.service;
  values.texts["betos"] = line.betos.code;
  values.texts["place"] = line.place.code;
  return values;
}

void put_claim(const Person& person, std::int64_t number, const Claim& claim, Values& values) {
  const int start = claim.start + kYearsLater, end = claim.end + kYearsLater;
  const std::string id = number_of_claim(person, number);
  put_amounts("", claim.amounts, values);
  put_diagnosis(claim.diagnoses[0], values);
  values.texts.insert({{"claim", id},
                       {"group", id + "9"},
                       {"control", std::to_string(70000000000 + claim.number)},
                       {"start", date_of(start)},
                       {"end", date_of(end)},
                       {"received", date_of(end + kReceivedAfter)},
                       {"days", std::to_string(end - start)},
                       {"drg", claim.drg.code},
                       {"ndc", claim.kind == ClaimKind::drug ? claim.ndc : kInjection},
                       {"npi", std::to_string(claim.npi)},
                       {"other_npi", std::to_string(claim.npi + 1)},
                       {"facility_npi", std::to_string(claim.npi + 2)},
                       {"days_supply", std::to_string(claim.days_supply)},
                       {"quantity", std::to_string(claim.quantity)},
                       {"fill", std::to_string(claim.fill)},
                       {"drg_number", std::to_string(claim.diagnosis_count + 2)}});
  auto& lines = values.lists["lines"];
  for (std::uint32_t i = 0; i < claim.line_count; ++i)
    lines.push_back(values_of_line(claim.lines[i], static_cast<int>(i) + 1));
  auto& others = values.lists["other_diagnoses"];
  for (std::uint32_t i = 1; i < claim.diagnosis_count; ++i) {
    put_diagnosis(claim.diagnoses[i], others.emplace_back());
    others.back().texts["number"] = std::to_string(i + 1);
    others.back().texts["next_number"] = std::to_string(i + 2);  // behind the diagnosis of the admission
  }
}

std::string line_of(const Person& person, const std::string& name, const Values& values) {
  std::string line;
  form("v" + std::to_string(person.version) + "/" + name).fill(values, line);
  return line + "\n";
}

std::string claim_line(const Person& person, std::int64_t number, const std::string& type) {
  const ClaimKind kind = kind_of(person, number);
  Values values = values_of(person, type);
  put_claim(person, number, Claim(person.seed, person.number, number, kind), values);
  if (type == "Claim") return line_of(person, "claim", values);
  if (type == "ClaimResponse") return line_of(person, "claim-response", values);
  return line_of(person, name_of(kind), values);
}

// Of the resources in lines_of().
std::vector<std::string> ids_of(const Person& person, const std::string& type) {
  if (type == "Patient") return {id_of(person)};
  if (type == "Coverage") return {"part-a-" + id_of(person), "part-b-" + id_of(person)};
  if (type.starts_with("Claim")) return {"f-" + id_of(person)};  // adjudicated in part
  return {id_of_claim(person, 1), id_of_claim(person, 2)};
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
  if (type == "Patient") return line_of(person, "patient", values_of(person, type));
  if (type == "Coverage") {
    const Values values = values_of(person, type);
    return line_of(person, "part-a", values) + line_of(person, "part-b", values);
  }
  if (type.starts_with("Claim")) return claim_line(person, kClaims, type);
  std::string lines;
  for (std::int64_t number = 1; number <= kClaims; ++number) lines += claim_line(person, number, type);
  return lines;
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
