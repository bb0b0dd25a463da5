// The kick-off requests of an export: what the caller wants, checked against what the server offers (Bulk Data IG,
// "Bulk Data Kick-off Request").
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "http/message.hpp"
#include "profiles/service.hpp"

namespace libbcda::bulk {

// What the settings of an export ask for. "" and {}: not set.
struct ExportWish {
  std::vector<std::string> types = {};
  std::string level = {}, group = {};
  std::string since = {}, until = {};
  std::vector<std::string> type_filters = {}, elements = {}, associated_data = {}, patients = {};
  std::string organize_by = {};
  bool partial_manifests = false;
  std::string output_format = {}, method = {};
  std::string job_url = {};  // of a job that runs already; the rest is then not used
};

ExportWish read_wish(const Settings& settings);

// One job.
struct KickOff {
  std::string label;  // for messages and receipts: its resource types, or "Group/all" if the server chooses them
  http::Request request;
  bool partial = false;                   // the manifest may come in parts, while the job runs
  std::optional<http::Url> running = {};  // the status URL of a job that runs already: the request is not sent
};

// One kick-off for all types, or one for each type if the server wants it so. Nothing is sent. Throws
// Error{INVALID_ARGUMENT} that names the setting if the server would refuse or ignore it. For a job that runs already
// there is one, with its status URL.
std::vector<KickOff> plan_kick_offs(const Service& service, const ExportWish& wish, Instant now);

// The status URL of a job that a caller gives. The token goes there, so it must be on the origin of the service. `what`
// names the URL in messages. Throws Error{INVALID_ARGUMENT}.
http::Url read_job_url(const std::string& text, const std::string& what, const Service& service);

// A time as _since takes it: a FHIR instant. nullopt: it is none.
std::optional<Instant> parse_instant(const std::string& text);

// What an export asks for besides the time, as the receipt has it: exports with equal ones continue each other.
// Identifiers of patients are only counted in it. Throws as plan_kick_offs does.
json::object describe_wish(const Service& service, const ExportWish& wish);

// All that an export asks for, by the names of the settings: a run that goes on with an unfinished export must ask for
// the same. Identifiers of patients are in it as a digest. Throws as plan_kick_offs does.
json::object describe_intent(const Service& service, const ExportWish& wish);

// The types that the jobs export. {} if the server chooses them.
std::vector<std::string> planned_types(const Profile& profile, const ExportWish& wish);

}  // namespace libbcda::bulk
