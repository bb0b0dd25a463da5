// The names of FHIR's data types (R4, hl7.org/fhir/R4/datatypes.html), as FHIRPath and choice elements use them.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace libbcda::tables {

// clang-format off
enum class FhirType : std::uint8_t {
  unknown,
  // Primitive types that JSON writes as text, then the others.
  base64Binary, canonical, code, date, dateTime, id, instant, markdown, oid, string, time, uri, url, uuid, xhtml,
  boolean, decimal, integer, integer64, positiveInt, unsignedInt,
  // Complex types: JSON objects.
  Address, Age, Annotation, Attachment, CodeableConcept, CodeableReference, Coding, ContactDetail, ContactPoint, Count,
  Distance, Dosage, Duration, Expression, Extension, HumanName, Identifier, Meta, Money, Narrative, Period, Quantity,
  Range, Ratio, RatioRange, Reference, RelatedArtifact, SampledData, Signature, Timing, UsageContext,
};
// clang-format on

constexpr bool is_text(FhirType type) { return type >= FhirType::base64Binary && type <= FhirType::xhtml; }
constexpr bool is_number(FhirType type) { return type >= FhirType::decimal && type <= FhirType::unsignedInt; }
constexpr bool is_complex(FhirType type) { return type >= FhirType::Address; }

// The type of a name such as "date" or "Quantity", as in ofType(Quantity).
std::optional<FhirType> find_type(std::string_view name);

// The name of a choice element, such as "valueQuantity" of value[x] (hl7.org/fhir/R4/formats.html#choice).
struct ChoiceName {
  std::string_view base;  // "value"
  FhirType type;          // Quantity
};
// nullopt if the name does not end in a type, such as "careTeamSequence".
std::optional<ChoiceName> split_choice(std::string_view name);

// Whether a value of `type` is one of the type `wanted`: the same, or a type that is derived from it.
bool is_a(FhirType type, FhirType wanted);

}  // namespace libbcda::tables
