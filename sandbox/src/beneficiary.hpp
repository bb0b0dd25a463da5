// One synthetic beneficiary and its claims, as plain values without text.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "random.hpp"

namespace libbcda::sandbox {

inline constexpr std::int64_t kClaimNumbersPerBeneficiary = 16;  // claim numbers reserved for each beneficiary

struct Coded {
  const char* code = "";
  const char* text = "";
};

struct Beneficiary {
  Beneficiary(std::uint64_t seed, std::int64_t number);

  std::int64_t number;
  bool female;
  int birth_day;  // days since 1970; negative for earlier dates
  const char *family, *given, *middle;
  Coded race, status, entitlement;
  const char* state;  // SSA code
  std::uint32_t county, zip;
};

// Amounts in cents. The allowed amount is the sum of what Medicare pays and what the beneficiary owes.
struct Amounts {
  std::int64_t submitted = 0, allowed = 0, deductible = 0, coinsurance = 0, paid = 0;
  Amounts& operator+=(const Amounts& other);
};

struct ClaimLine {
  Amounts amounts;
  int day = 0;
  Coded betos;
  const char* service = "";  // HCPCS or revenue center code
  Coded place;
};

enum class ClaimKind { carrier, inpatient, drug };

struct Claim {
  // Without `wanted`, the kind is drawn.
  Claim(std::uint64_t seed, std::int64_t beneficiary, std::int64_t index, std::optional<ClaimKind> wanted = {});

  ClaimKind kind;
  std::int64_t number;  // unique among all claims
  int start, end;       // days since 1970
  Coded type, drg;
  std::array<Coded, 3> diagnoses;
  std::uint32_t diagnosis_count;
  std::array<ClaimLine, 4> lines;
  std::uint32_t line_count;
  Amounts amounts;
  std::uint32_t days_supply, quantity, fill;
  const char* ndc;
  std::uint64_t npi;

 private:
  void fill_carrier(Draws& draws);
  void fill_inpatient(Draws& draws);
  void fill_drug(Draws& draws);
};

std::int64_t claim_count(std::uint64_t seed, std::int64_t beneficiary);  // 2 to 7

}  // namespace libbcda::sandbox
