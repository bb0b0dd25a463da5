#include "beneficiary.hpp"

#include <algorithm>
#include <chrono>

namespace libbcda::sandbox {
namespace {

// Separates the random numbers for the different properties of a beneficiary.
constexpr std::uint64_t kPersonStream = 1, kClaimStream = 2, kCountStream = 3;

constexpr std::array<const char*, 36> kFamilies{
    "Smith", "Johnson",  "Williams", "Brown",  "García",    "Miller",   "Davis",  "Rodríguez", "Martínez",
    "Jones", "Peña",     "Núñez",    "Müller", "Nguyễn",    "Lefèvre",  "Okafor", "Kowalski",  "O’Brien",
    "Lee",   "王",       "Thompson", "White",  "Ibáñez",    "Sørensen", "Clark",  "Young",     "Walker",
    "Muñoz", "Robinson", "Hill",     "Green",  "Fernández", "Adams",    "Baker",  "Hall",      "Castañeda"};
constexpr std::array<const char*, 16> kWomen{"Mary",  "Patricia", "Linda", "Barbara", "Josée", "María", "Zoë",   "秀英",
                                             "Renée", "Dorothy",  "Inés",  "Carol",   "Ruth",  "Sofía", "Helen", "Ann"};
constexpr std::array<const char*, 16> kMen{"James", "Robert", "José",  "William", "Jürgen",  "Ramón", "André", "伟",
                                           "Luis",  "George", "Iñigo", "Thomas",  "Charles", "René",  "Frank", "Paul"};
constexpr std::array<const char*, 8> kMiddles{"A", "B", "É", "J", "L", "M", "R", "X"};
constexpr const char* kEmoji = "Robin 🙂";  // a character outside the BMP, to test UTF-16 bindings

constexpr std::array<Coded, 6> kRaces{{{"1", "White"},
                                       {"2", "Black"},
                                       {"3", "Other"},
                                       {"4", "Asian"},
                                       {"5", "Hispanic"},
                                       {"6", "North American Native"}}};
constexpr std::array<Coded, 3> kStatuses{
    {{"10", "Aged without end-stage renal disease (ESRD)"}, {"20", "Disabled without ESRD"}, {"11", "Aged with ESRD"}}};
constexpr std::array<Coded, 2> kEntitlements{
    {{"0", "Old age and survivor’s insurance (OASI)"}, {"1", "Disability insurance benefits (DIB)"}}};
constexpr std::array<const char*, 12> kStates{"01", "03", "05", "10", "11", "14", "22", "23", "33", "36", "39", "45"};

constexpr std::array<Coded, 12> kDiagnoses{{{"I10", "ESSENTIAL (PRIMARY) HYPERTENSION"},
                                            {"E119", "TYPE 2 DIABETES MELLITUS WITHOUT COMPLICATIONS"},
                                            {"E785", "HYPERLIPIDEMIA, UNSPECIFIED"},
                                            {"M545", "LOW BACK PAIN"},
                                            {"J449", "CHRONIC OBSTRUCTIVE PULMONARY DISEASE, UNSPECIFIED"},
                                            {"N183", "CHRONIC KIDNEY DISEASE, STAGE 3 (MODERATE)"},
                                            {"I2510", "ATHEROSCLEROTIC HEART DISEASE OF NATIVE CORONARY ARTERY"},
                                            {"F329", "MAJOR DEPRESSIVE DISORDER, SINGLE EPISODE, UNSPECIFIED"},
                                            {"Z23", "ENCOUNTER FOR IMMUNIZATION"},
                                            {"H2513", "AGE-RELATED NUCLEAR CATARACT, BILATERAL"},
                                            {"I5032", "CHRONIC DIASTOLIC (CONGESTIVE) HEART FAILURE"},
                                            {"J189", "PNEUMONIA, UNSPECIFIED ORGANISM"}}};

struct Service {
  const char* hcpcs;
  Coded betos;
  std::int64_t cents;
};
constexpr std::array<Service, 8> kServices{{{"99213", {"M1B", "Office visits - established"}, 7541},
                                            {"99214", {"M1B", "Office visits - established"}, 11036},
                                            {"99203", {"M1A", "Office visits - new"}, 10977},
                                            {"80053", {"T1B", "Lab tests - automated general profiles"}, 1456},
                                            {"93000", {"T2A", "Other tests - electrocardiograms"}, 1723},
                                            {"71046", {"I1A", "Standard imaging - chest"}, 3102},
                                            {"90662", {"O1G", "Immunizations/Vaccinations"}, 5342},
                                            {"20610", {"P6B", "Minor procedures - musculoskeletal"}, 6204}}};
constexpr std::array<Coded, 3> kPlaces{
    {{"11", "Office. Location where the health professional routinely provides examinations."},
     {"22", "Outpatient Hospital-On Campus."},
     {"81", "Independent Laboratory."}}};
constexpr std::array<Coded, 5> kDrgs{{{"470", "MAJOR JOINT REPLACEMENT OR REATTACHMENT OF LOWER EXTREMITY W/O MCC"},
                                      {"871", "SEPTICEMIA OR SEVERE SEPSIS W/O MV >96 HOURS W MCC"},
                                      {"291", "HEART FAILURE & SHOCK W MCC"},
                                      {"194", "SIMPLE PNEUMONIA & PLEURISY W CC"},
                                      {"690", "KIDNEY & URINARY TRACT INFECTIONS W/O MCC"}}};
constexpr std::array<const char*, 4> kRevenueCenters{"0120", "0250", "0300", "0730"};
constexpr std::array<const char*, 6> kDrugs{"00093505698", "00378180510", "00591040501",
                                            "16714068303", "65862015705", "68180098003"};

// There are more claims in the flu season and before the end of the year.
constexpr std::array<std::int64_t, 12> kMonthPercent{125, 113, 105, 100, 97, 94, 91, 93, 98, 104, 109, 117};

template <class Table>
const auto& pick(Draws& draws, const Table& table) {
  return table[draws.below(static_cast<std::uint32_t>(table.size()))];
}

std::chrono::year_month_day date_of(int day) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day)));
}

constexpr int days_of(int year, unsigned month, unsigned day) {
  return static_cast<int>(
      std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day))
          .time_since_epoch()
          .count());
}

std::int64_t seasonal(std::int64_t cents, int day) {
  return cents * kMonthPercent[static_cast<unsigned>(date_of(day).month()) - 1] / 100;
}

// The Part B deductible is mostly used up by spring.
std::int64_t deductible_of(std::int64_t allowed, int day, Draws& draws) {
  unsigned month = static_cast<unsigned>(date_of(day).month());
  return draws.below(12) >= month + 5 ? std::min<std::int64_t>(allowed, 18500) : 0;
}

Amounts part_b(std::int64_t allowed, int day, Draws& draws) {
  Amounts a;
  a.allowed = allowed;
  a.submitted = allowed * (160 + draws.below(120)) / 100;
  a.deductible = deductible_of(allowed, day, draws);
  a.coinsurance = (allowed - a.deductible) / 5;
  a.paid = allowed - a.deductible - a.coinsurance;
  return a;
}

}  // namespace

Amounts& Amounts::operator+=(const Amounts& other) {
  submitted += other.submitted;
  allowed += other.allowed;
  deductible += other.deductible;
  coinsurance += other.coinsurance;
  paid += other.paid;
  return *this;
}

Beneficiary::Beneficiary(std::uint64_t seed, std::int64_t n) : number(n) {
  Draws draws(mix(mix(seed, kPersonStream), static_cast<std::uint64_t>(n)));
  female = draws.below(100) < 55;
  bool aged = draws.below(100) < 86;
  birth_day = aged ? days_of(1925, 1, 1) + static_cast<int>(draws.below(10950))
                   : days_of(1955, 1, 1) + static_cast<int>(draws.below(10950));
  family = pick(draws, kFamilies);
  given = female ? pick(draws, kWomen) : pick(draws, kMen);
  if (draws.below(500) == 0) given = kEmoji;
  middle = pick(draws, kMiddles);
  std::uint32_t draw = draws.below(100);
  race = kRaces[draw < 74 ? 0 : draw < 85 ? 1 : 2 + draw % 4];
  status = aged ? kStatuses[draws.below(100) < 98 ? 0 : 2] : kStatuses[1];
  entitlement = kEntitlements[aged ? 0 : 1];
  state = pick(draws, kStates);
  county = draws.below(1000);
  zip = 10000 + draws.below(89999);
}

std::int64_t claim_count(std::uint64_t seed, std::int64_t beneficiary) {
  return 2 + Draws(mix(mix(seed, kCountStream), static_cast<std::uint64_t>(beneficiary))).below(6);
}

Claim::Claim(std::uint64_t seed, std::int64_t beneficiary, std::int64_t index, std::optional<ClaimKind> wanted)
    : kind(ClaimKind::carrier),
      number(beneficiary * kClaimNumbersPerBeneficiary + index),
      diagnosis_count(0),
      line_count(0),
      days_supply(0),
      quantity(0),
      fill(0),
      ndc("") {
  Draws draws(mix(mix(seed, kClaimStream), static_cast<std::uint64_t>(number)));
  std::uint32_t draw = draws.below(100);
  if (index > 0 && draw >= 70) kind = draw < 90 ? ClaimKind::drug : ClaimKind::inpatient;
  if (wanted) kind = *wanted;
  start = days_of(2018, 1, 1) + static_cast<int>(draws.below(600));  // until August 2019
  end = start;
  npi = 1000000000u + draws.below(900000000);
  if (kind == ClaimKind::drug) {
    fill_drug(draws);
    return;
  }
  diagnosis_count = 1 + draws.below(3);
  std::uint32_t first = draws.below(static_cast<std::uint32_t>(kDiagnoses.size()));
  for (std::uint32_t i = 0; i < diagnosis_count; ++i) diagnoses[i] = kDiagnoses[(first + i * 5) % kDiagnoses.size()];
  kind == ClaimKind::carrier ? fill_carrier(draws) : fill_inpatient(draws);
}

void Claim::fill_carrier(Draws& draws) {
  type = {"71", "Local carrier non-durable medical equipment, prosthetics, orthotics, and supplies (DMEPOS) claim"};
  line_count = 1 + draws.below(3);
  for (std::uint32_t i = 0; i < line_count; ++i) {
    const Service& service = pick(draws, kServices);
    std::int64_t allowed = seasonal(service.cents * (90 + draws.below(25)) / 100, start);
    lines[i] = {part_b(allowed, start, draws), start, service.betos, service.hcpcs, pick(draws, kPlaces)};
    amounts += lines[i].amounts;
  }
}

void Claim::fill_inpatient(Draws& draws) {
  drg = pick(draws, kDrgs);
  std::uint32_t stay = 1 + draws.below(9);
  end = start + static_cast<int>(stay);
  line_count = 2 + draws.below(3);
  quantity = stay;
  for (std::uint32_t i = 0; i < line_count; ++i) {
    Amounts a;
    a.allowed = seasonal(stay * (60000 + draws.below(90000)), start);
    a.submitted = a.allowed * (250 + draws.below(200)) / 100;
    a.paid = a.allowed;
    lines[i] = {a, start, {"", ""}, kRevenueCenters[i], {"", ""}};
    amounts += a;
  }
  amounts.deductible = std::min<std::int64_t>(amounts.allowed, 136400);  // the Part A deductible of 2019
  amounts.paid = amounts.allowed - amounts.deductible;
}

void Claim::fill_drug(Draws& draws) {
  ndc = pick(draws, kDrugs);
  days_supply = draws.below(3) == 0 ? 90 : 30;
  quantity = days_supply * (1 + draws.below(2));
  fill = 1 + draws.below(9);
  amounts.allowed = seasonal(days_supply * (20 + draws.below(900)), start);
  amounts.coinsurance = amounts.allowed * (10 + draws.below(30)) / 100;
  amounts.paid = amounts.allowed - amounts.coinsurance;
}

}  // namespace libbcda::sandbox
