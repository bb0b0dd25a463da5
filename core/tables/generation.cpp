#include "tables/generation.hpp"

#include <algorithm>

#include "ndjson/reader.hpp"
#include "tables/record.hpp"

namespace libbcda::tables {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"stu3", "v2", "v3"};
constexpr std::string_view kV3Url = "\"https://bluebutton.cms.gov/fhir/";
constexpr std::string_view kV3Profile = "|2.2.0";

// What generation_of_record() reads of a record.
struct Clues {
  Clues() {
    for (const char* name : kOwn) own[next++] = projection.names().add(name).id;
    for (const NameId id : own) projection.want(projection.root(), id);
  }

  static constexpr std::array kOwn = {"identifier", "type", "name", "status", "item", "patient", "beneficiary"};
  Projection projection;
  ProfileMark mark{projection};
  std::array<NameId, kOwn.size()> own{};  // members that a record with content has
  std::size_t next = 0;
};

}  // namespace

std::string_view generation_name(Generation generation) { return kNames[static_cast<std::size_t>(generation)]; }

std::optional<Generation> find_generation(std::string_view name) {
  for (const Generation generation : kGenerations)
    if (generation_name(generation) == name) return generation;
  return std::nullopt;
}

ProfileMark::ProfileMark(Projection& projection)
    : meta_(projection.names().add("meta").id), profile_(projection.names().add("profile").id) {
  projection.want(projection.want(projection.root(), meta_), profile_);
}

std::optional<Generation> ProfileMark::of(const Node& record) const {
  std::optional<Generation> shown;
  for (const Node* member = record.first; member; member = member->next) {
    if (member->name != meta_) continue;
    shown = Generation::stu3;
    for (const Node* inner = member->first; inner; inner = inner->next) {
      if (inner->name != profile_) continue;
      if (inner->view().ends_with(kV3Profile)) return Generation::v3;
      shown = Generation::v2;
    }
  }
  return shown;
}

std::optional<Generation> generation_of_record(std::string_view line) {
  static const Clues clues;
  if (line.find(kV3Url) != std::string_view::npos) return Generation::v3;
  RecordParser parser(clues.projection);
  const Node& record = parser.parse(line);
  if (const auto shown = clues.mark.of(record); shown && *shown != Generation::stu3) return shown;
  for (const Node* member = record.first; member; member = member->next)
    if (std::find(clues.own.begin(), clues.own.end(), member->name) != clues.own.end()) return Generation::stu3;
  return std::nullopt;
}

Generation generation_of(ndjson::Reader reader) {
  while (const auto line = reader.next()) {
    try {
      if (const auto generation = generation_of_record(*line)) return *generation;
    } catch (const MalformedRecord&) {
      break;  // the scan reports it, with its line
    }
  }
  return Generation::v3;
}

}  // namespace libbcda::tables
