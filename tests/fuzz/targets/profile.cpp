// The content of a profile_file, and what an export makes of it.
#include "profiles/profile.hpp"

#include "bulk/kick_off.hpp"
#include "fuzz/target.hpp"
#include "http/request_text.hpp"

namespace libbcda::fuzz {
namespace {

// The requests of an export can be sent, or what is wrong with the profile is said before that.
void check_requests(const Profile& profile) {
  Service service;
  service.origin = http::parse_url("https://api.test/", "it");
  service.profile = profile;
  bulk::ExportWish wish;
  wish.types = {"Patient", "Coverage"};
  wish.since = "2026-02-13T08:00:00Z";
  const Instant now(std::chrono::seconds(1790000000));
  failure_of({Status::INVALID_ARGUMENT, Status::PROTOCOL}, [&] {
    for (const bulk::KickOff& kick_off : bulk::plan_kick_offs(service, wish, now)) {
      expect(http::same_origin(kick_off.request.url, service.origin), "a kick-off goes to the service");
      http::request_text(kick_off.request, "test");
    }
  });
}

}  // namespace

FUZZ_TARGET(profile, input) {
  for (const char* name : {"bcda-v3", "generic"}) {
    Profile profile = *find_profile(name);
    const auto failure = failure_of({Status::INVALID_ARGUMENT}, [&] { override_profile(profile, input, "the file"); });
    if (failure) continue;
    const std::string text = json::serialize(to_json(profile));
    Profile again = *find_profile(name);
    override_profile(again, text, "it");
    expect(json::serialize(to_json(again)) == text, "a profile is the same when it is written and read");
    check_requests(profile);
  }
}

}  // namespace libbcda::fuzz
