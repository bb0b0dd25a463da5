// What libbcda knows about a kind of server. The flow of an export asks these fields and never the name of a server, so
// a new server is a new row.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"

namespace libbcda {

struct Profile {
  std::string name;   // the value of the setting `profile`
  std::string title;  // for people
  // Where: hosts that are known to speak it, and the FHIR base on them.
  std::vector<std::string> hosts;
  std::string base_path;
  std::string fallback;  // the profile to try when the organization has no access to this one; "": none

  // Kick-off. A path is relative to the FHIR base; "" if the server has no export at that level. {group} is the id of
  // the group. {type} makes one job for each resource type.
  std::string system_path, patient_path, group_path;
  std::string default_level;               // "": the user must choose
  std::string default_group;               // "": the user must choose
  std::vector<std::string> types;          // what it exports; {}: not known
  std::vector<std::string> parameters;     // the parameters of a kick-off that it honors
  std::vector<std::string> ignores;        // those that it ignores at one level: "patient _since"
  std::vector<std::string> lacks_history;  // levels at which _since leaves out the history of people who are new
  std::string first_since;                 // _since of the first export of a series; "": none is sent
  bool has_nothing_yet = false;            // a 404 with an OperationOutcome at kick-off: there is no data yet
  bool repeats_filters = false;            // each type filter is a parameter of its own; else they are one comma list
  bool one_filter = false;                 // takes one type filter only
  bool decodes_filters_twice = false;      // so a '+' or '%' of a filter is encoded twice in a query
  bool post = false;                       // takes a kick-off by POST
  std::string accept, prefer;              // headers of the kick-off

  // Authentication: "basic", "form", "smart" or "none"; "": by the credentials that are set. `token_url` may be
  // relative to the FHIR base or, with a leading '/', to its origin; "": discovery.
  std::string auth;
  std::string token_url;
  std::map<std::string, std::string> token_urls;  // by host of the service, before token_url
  std::string scope;
  bool renews_on_403 = false;  // 403 may mean an expired token

  // Jobs and files.
  Milliseconds job_timeout{0};
  bool lists_running_jobs = false;  // a 429 at kick-off names the running jobs in Content-Location
  int pace_requests = 0;            // this client sends at most so many requests within pace_period; 0: no limit
  Milliseconds pace_period{0};
  int downloads_per_file = 0;      // how often the service gives out one file; 0: no limit
  bool manifest_may_grow = false;  // files may be added after the first 200
  bool encrypts = false;           // data files are encrypted
  bool gzip = false;               // ask for gzip
  std::string ranges;              // the form of a file that Range works on: "plain", "gzip" or "any"; "": none
  bool other_origins = true;       // files may be on other origins, if allowed_origins lists them

  // Requests outside of an export. "": the service has none.
  std::string jobs_path;                // its job list; relative to the FHIR base
  std::vector<std::string> job_states;  // the values of _status in a request for that list
  std::string attribution_path;         // relative to the FHIR base
  std::string check_path;               // a request that needs only a token; like token_url
  bool cancels = false;                 // DELETE of a status URL cancels the job

  std::string metadata_path;  // relative to the FHIR base
};

// Calls `field(name, member)` for each field, in the order of the JSON.
template <class P, class Field>
void each_field(P& profile, Field&& field) {
  field("name", profile.name);
  field("title", profile.title);
  field("hosts", profile.hosts);
  field("base_path", profile.base_path);
  field("fallback", profile.fallback);
  field("system_path", profile.system_path);
  field("patient_path", profile.patient_path);
  field("group_path", profile.group_path);
  field("default_level", profile.default_level);
  field("default_group", profile.default_group);
  field("types", profile.types);
  field("parameters", profile.parameters);
  field("ignores", profile.ignores);
  field("lacks_history", profile.lacks_history);
  field("first_since", profile.first_since);
  field("has_nothing_yet", profile.has_nothing_yet);
  field("repeats_filters", profile.repeats_filters);
  field("one_filter", profile.one_filter);
  field("decodes_filters_twice", profile.decodes_filters_twice);
  field("post", profile.post);
  field("accept", profile.accept);
  field("prefer", profile.prefer);
  field("auth", profile.auth);
  field("token_url", profile.token_url);
  field("token_urls", profile.token_urls);
  field("scope", profile.scope);
  field("renews_on_403", profile.renews_on_403);
  field("job_timeout", profile.job_timeout);
  field("lists_running_jobs", profile.lists_running_jobs);
  field("pace_requests", profile.pace_requests);
  field("pace_period", profile.pace_period);
  field("downloads_per_file", profile.downloads_per_file);
  field("manifest_may_grow", profile.manifest_may_grow);
  field("encrypts", profile.encrypts);
  field("gzip", profile.gzip);
  field("ranges", profile.ranges);
  field("other_origins", profile.other_origins);
  field("jobs_path", profile.jobs_path);
  field("job_states", profile.job_states);
  field("attribution_path", profile.attribution_path);
  field("check_path", profile.check_path);
  field("cancels", profile.cancels);
  field("metadata_path", profile.metadata_path);
}

json::object to_json(const Profile& profile);
// Replaces the fields that the text of a JSON object names. `what` names the text in messages. Throws
// Error{INVALID_ARGUMENT} for an unknown field, a value of the wrong type, or one that a request cannot hold.
void override_profile(Profile& profile, std::string_view text, const std::string& what);

// The rows, in the order in which they are listed.
const std::vector<Profile>& profiles();
const Profile* find_profile(std::string_view name);

}  // namespace libbcda
