// The rows: the facts about each kind of server. Sources: the BCDA technical guide of 2019; the public documentation
// and source code of BCDA, AB2D and DPC (2026); the Bulk Data Access IG; HAPI FHIR 8.8.0.
#include "profiles/profile.hpp"

namespace libbcda {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const std::vector<std::string> kClaims = {"Patient", "Coverage", "ExplanationOfBenefit"};
const std::vector<std::string> kBcdaHosts = {"api.bcda.cms.gov", "sandbox.bcda.cms.gov"};

// What the Bulk Data Access IG says, for a server that is not known.
Profile generic() {
  Profile row;
  row.name = "generic";
  row.title = "Any FHIR server with Bulk Data export";
  row.system_path = "/$export";
  row.patient_path = "/Patient/$export";
  row.group_path = "/Group/{group}/$export";
  row.parameters = {"_type",
                    "_since",
                    "_until",
                    "_typeFilter",
                    "_elements",
                    "patient",
                    "includeAssociatedData",
                    "organizeOutputBy",
                    "allowPartialManifests",
                    "_outputFormat"};
  row.repeats_filters = true;
  row.post = true;
  row.accept = "application/fhir+json";
  row.prefer = "respond-async";
  row.job_timeout = hours(24);
  row.gzip = true;
  row.ranges = "any";
  row.scope = "system/*.rs";
  row.cancels = true;
  row.metadata_path = "/metadata";
  return row;
}

Profile bcda_today(const char* name, const char* title, const char* base_path) {
  Profile row = generic();
  row.name = name;
  row.title = title;
  row.hosts = kBcdaHosts;
  row.base_path = base_path;
  row.system_path = "";
  row.default_level = "group";
  row.default_group = "all";
  row.types = kClaims;
  row.parameters = {"_type", "_since", "_outputFormat"};
  row.lacks_history = {"patient"};
  row.has_nothing_yet = true;  // each January, until the new attribution is there
  row.repeats_filters = false;
  row.post = false;
  row.auth = "basic";
  row.scope = "";
  row.token_url = "/auth/token";
  row.ranges = "gzip";
  row.pace_requests = 3000;  // for each address, and more of them are refused
  row.pace_period = minutes(5);
  row.other_origins = false;
  row.jobs_path = "/jobs";
  row.job_states = {"Completed",   "Archived", "Expired",   "Failed",          "FailedExpired",
                    "In Progress", "Pending",  "Cancelled", "CancelledExpired"};
  row.attribution_path = "/attribution_status";
  row.check_path = "/auth/welcome";
  return row;
}

Profile bcda_v3() {
  Profile row = bcda_today("bcda-v3", "BCDA v3 (R4), recommended", "/api/v3");
  row.parameters.push_back("_typeFilter");
  row.one_filter = row.decodes_filters_twice = true;
  row.fallback = "bcda-v2";
  return row;
}

Profile bcda_v2() {
  Profile row = bcda_today("bcda-v2", "BCDA v2 (R4), until July 2027", "/api/v2");
  row.types.insert(row.types.end(), {"Claim", "ClaimResponse"});
  row.fallback = "bcda-v3";
  return row;
}

Profile bcda_v1() {
  Profile row = bcda_today("bcda-v1", "BCDA v1 (STU3), until July 2027", "/api/v1");
  row.fallback = "bcda-v3";
  return row;
}

// Before today's versions it had the same hosts. It compares Accept and Prefer letter by letter, ignores the query, and
// exports one resource type a job.
Profile bcda_2019() {
  Profile row = generic();
  row.name = "bcda-2019";
  row.title = "BCDA as its guide of 2019 describes it, with encrypted files";
  row.base_path = "/api/v1";
  row.system_path = row.group_path = "";
  row.patient_path = "/{type}/$export";
  row.default_level = "patient";
  row.types = kClaims;
  row.parameters = {};
  row.repeats_filters = row.post = false;
  row.auth = "basic";
  row.scope = "";
  row.token_url = "/auth/token";
  row.manifest_may_grow = true;
  row.encrypts = true;
  row.gzip = row.cancels = false;
  row.ranges = "plain";
  return row;
}

Profile ab2d() {
  Profile row = generic();
  row.name = "ab2d";
  row.title = "AB2D v2 (R4), claims for Part D sponsors";
  row.hosts = {"api.ab2d.cms.gov", "sandbox.ab2d.cms.gov"};
  row.base_path = "/api/v2/fhir";
  row.system_path = row.group_path = "";
  row.default_level = "patient";
  row.types = {"ExplanationOfBenefit"};
  row.parameters = {"_type", "_since", "_until", "_outputFormat"};
  row.first_since = "2020-02-13T00:00:00.000Z";  // its earliest; without _since it sends what is new to the last export
  row.repeats_filters = row.post = false;
  row.auth = "form";
  row.scope = "clientCreds";
  row.renews_on_403 = true;
  row.token_url = "https://idm.cms.gov/oauth2/aus2ytanytjdaF9cr297/v1/token";
  row.token_urls = {{"sandbox.ab2d.cms.gov", "https://test.idp.idm.cms.gov/oauth2/aus2r7y3gdaFMKBol297/v1/token"}};
  row.job_timeout = hours(30);
  row.lists_running_jobs = true;
  row.downloads_per_file = 6;
  row.ranges = "";
  row.other_origins = false;
  return row;
}

Profile dpc() {
  Profile row = generic();
  row.name = "dpc";
  row.title = "DPC (STU3), claims for providers";
  row.hosts = {"sandbox.dpc.cms.gov"};
  row.base_path = "/api/v1";
  row.system_path = row.patient_path = "";
  row.default_level = "group";
  row.types = kClaims;
  row.parameters = {"_type", "_since", "_outputFormat"};
  row.repeats_filters = row.post = false;
  row.auth = "smart";
  row.token_url = "Token/auth";
  row.scope = "system/*.*";
  row.ranges = "";  // its ranges have an exclusive end, a wrong size, and at most 1 MiB
  row.other_origins = false;
  return row;
}

Profile hapi() {
  Profile row = generic();
  row.name = "hapi";
  row.title = "HAPI FHIR";
  row.base_path = "/fhir";
  row.gzip = false;
  row.ranges = "";
  row.ignores = {"patient _since", "patient _until", "group patient"};
  return row;
}

std::vector<Profile> make_rows() {
  return {bcda_v3(), bcda_v2(), bcda_v1(), bcda_2019(), ab2d(), dpc(), hapi(), generic()};
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const auto* rows = new std::vector<Profile>(make_rows());  // leaked, because threads may read it at exit
  return *rows;
}

}  // namespace libbcda
