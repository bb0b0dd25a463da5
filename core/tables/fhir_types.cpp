#include "tables/fhir_types.hpp"

#include <array>

#include "base/words.hpp"

namespace libbcda::tables {
namespace {

struct Named {
  std::string_view name;
  FhirType type;
};

#define TYPE(name) \
  Named { #name, FhirType::name }
constexpr std::array kTypes = {
    TYPE(base64Binary),
    TYPE(canonical),
    TYPE(code),
    TYPE(date),
    TYPE(dateTime),
    TYPE(id),
    TYPE(instant),
    TYPE(markdown),
    TYPE(oid),
    TYPE(string),
    TYPE(time),
    TYPE(uri),
    TYPE(url),
    TYPE(uuid),
    TYPE(xhtml),
    TYPE(boolean),
    TYPE(decimal),
    TYPE(integer),
    TYPE(integer64),
    TYPE(positiveInt),
    TYPE(unsignedInt),
    TYPE(Address),
    TYPE(Age),
    TYPE(Annotation),
    TYPE(Attachment),
    TYPE(CodeableConcept),
    TYPE(CodeableReference),
    TYPE(Coding),
    TYPE(ContactDetail),
    TYPE(ContactPoint),
    TYPE(Count),
    TYPE(Distance),
    TYPE(Dosage),
    TYPE(Duration),
    TYPE(Expression),
    TYPE(Extension),
    TYPE(HumanName),
    TYPE(Identifier),
    TYPE(Meta),
    TYPE(Money),
    TYPE(Narrative),
    TYPE(Period),
    TYPE(Quantity),
    TYPE(Range),
    TYPE(Ratio),
    TYPE(RatioRange),
    TYPE(Reference),
    TYPE(RelatedArtifact),
    TYPE(SampledData),
    TYPE(Signature),
    TYPE(Timing),
    TYPE(UsageContext),
};
#undef TYPE

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// Whether `suffix` is the type's name with a capital letter at its beginning.
bool is_suffix(std::string_view suffix, std::string_view name) {
  return suffix.size() == name.size() && suffix[0] == upper(name[0]) && suffix.substr(1) == name.substr(1);
}

}  // namespace

std::optional<FhirType> find_type(std::string_view name) {
  for (const Named& type : kTypes)
    if (type.name == name) return type.type;
  return std::nullopt;
}

std::optional<ChoiceName> split_choice(std::string_view name) {
  constexpr std::size_t kLongest = 17;  // CodeableReference
  for (std::size_t i = name.size() > kLongest ? name.size() - kLongest : 1; i < name.size(); ++i) {
    if (!is_upper(name[i])) continue;
    for (const Named& type : kTypes)
      if (is_suffix(name.substr(i), type.name)) return ChoiceName{name.substr(0, i), type.type};
  }
  return std::nullopt;
}

bool is_a(FhirType type, FhirType wanted) {
  using enum FhirType;
  if (type == wanted) return true;
  switch (wanted) {
    case string:
      return type == code || type == id || type == markdown;
    case uri:
      return type == canonical || type == oid || type == url || type == uuid;
    case integer:
      return type == positiveInt || type == unsignedInt;
    case Quantity:
      return type == Age || type == Count || type == Distance || type == Duration;
    default:
      return false;
  }
}

}  // namespace libbcda::tables
