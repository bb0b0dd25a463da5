// The kick-off requests of an export: what the caller wants, checked against what the server offers (Bulk Data IG,
// "Bulk Data Kick-off Request").
#pragma once
#include <string>
#include <vector>

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
};

ExportWish read_wish(const Settings& settings);

// One job.
struct KickOff {
  std::string label;  // for messages and receipts: its resource types, or "Group/all" if the server chooses them
  http::Request request;
  bool partial = false;  // the manifest may come in parts, while the job runs
};

// One kick-off for all types, or one for each type if the server wants it so. Nothing is sent. Throws
// Error{INVALID_ARGUMENT} that names the setting if the server would refuse or ignore it.
std::vector<KickOff> plan_kick_offs(const Service& service, const ExportWish& wish, Instant now);

// The types that the jobs export. {} if the server chooses them.
std::vector<std::string> planned_types(const Profile& profile, const ExportWish& wish);

}  // namespace libbcda::bulk
