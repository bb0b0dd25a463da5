// The generations of CMS's claims data, which write the same facts in different places.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ndjson/reader.hpp"
#include "tables/projection.hpp"

namespace libbcda::tables {

enum class Generation : std::uint8_t {
  stu3,  // FHIR STU3: BCDA v1, and the service of 2019
  v2,    // FHIR R4: BCDA v2, AB2D v2, DPC
  v3,    // FHIR R4 with CARIN BB 2.2.0: BCDA v3
};
inline constexpr std::array kGenerations = {Generation::stu3, Generation::v2, Generation::v3};

std::string_view generation_name(Generation generation);
std::optional<Generation> find_generation(std::string_view name);

// The generation that the profiles of a record show. It is a quick look: generation_of_record() has the last word.
class ProfileMark {
 public:
  // Call it after the views have asked for their members.
  explicit ProfileMark(Projection& projection);

  // stu3 if it has a meta without a profile; nullopt if it has no meta, because that says nothing.
  std::optional<Generation> of(const Node& record) const;

 private:
  NameId meta_, profile_;
};

// What a record says about its generation; nullopt if it says nothing, such as a Patient with only an id. `line` is
// the record's JSON text.
std::optional<Generation> generation_of_record(std::string_view line);

// The generation of the first record that says it; v3 if none does. Throws Error{FILESYSTEM}.
Generation generation_of(ndjson::Reader reader);

}  // namespace libbcda::tables
