#include "auth/scope.hpp"

#include <algorithm>
#include <optional>

#include "base/quote.hpp"
#include "base/words.hpp"

namespace libbcda::auth {
namespace {

constexpr std::size_t kLongestList = 400;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// The type that a scope lets a client read ("*": every type), or nullopt. A search after '?' narrows a scope.
std::optional<std::string_view> readable_type(std::string_view scope) {
  const std::size_t slash = scope.find('/'), dot = scope.rfind('.');
  if (slash == std::string_view::npos || dot == std::string_view::npos || dot < slash) return std::nullopt;
  const std::string_view rights = scope.substr(dot + 1);
  const bool reads = rights == "read" || rights == "*" ||
                     (rights.find_first_not_of("cruds") == std::string_view::npos && rights.find('r') != rights.npos);
  return reads ? std::optional(scope.substr(slash + 1, dot - slash - 1)) : std::nullopt;
}

// The offered scope that reads a type and nothing more, or "".
std::string offered_for(const std::vector<std::string>& offered, const std::string& type) {
  for (const char* rights : {".rs", ".read", ".r"}) {
    const std::string scope = "system/" + type + rights;
    if (std::find(offered.begin(), offered.end(), scope) != offered.end()) return scope;
  }
  return "";
}

std::vector<std::string> all_readable(const std::vector<std::string>& offered) {
  std::vector<std::string> chosen;
  for (const std::string& scope : offered) {
    const auto type = readable_type(scope);
    if (!type || !scope.starts_with("system/")) continue;
    const std::string best = offered_for(offered, std::string(*type));
    if (!best.empty() && std::find(chosen.begin(), chosen.end(), best) == chosen.end()) chosen.push_back(best);
  }
  return chosen;
}

}  // namespace

std::string choose_scope(const std::string& row, const std::vector<std::string>& offered,
                         const std::vector<std::string>& types) {
  const std::string wildcard = offered_for(offered, "*");
  if (types.empty()) {
    if (!wildcard.empty()) return wildcard;
    const std::vector<std::string> all = all_readable(offered);
    return all.empty() ? row : join(all, " ");
  }
  std::vector<std::string> chosen;
  for (const std::string& type : types)
    if (const std::string scope = offered_for(offered, type); !scope.empty()) chosen.push_back(scope);
  // A scope for some of the types alone would export less than was asked for, without a word.
  if (chosen.size() < types.size()) return wildcard.empty() ? row : wildcard;
  // Some servers read the group of a group export with it.
  if (const std::string group = offered_for(offered, "Group"); !group.empty()) chosen.push_back(group);
  return join(chosen, " ");
}

bool covers(std::string_view granted, std::string_view type) {
  const std::vector<std::string_view> scopes = words_of(granted);
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    const auto readable = readable_type(scope);
    return readable && (*readable == "*" || *readable == type);
  });
}

std::string describe_narrow_scope(const std::string& asked, const std::string& granted,
                                  const std::vector<std::string>& types) {
  if (granted.empty() || granted == asked)
    return "";  // RFC 6749 section 5.1: no scope means the one that was asked for
  std::vector<std::string> missing;
  for (const std::string& type : types)
    if (covers(asked, type) && !covers(granted, type)) missing.push_back(type);
  const std::string grant =
      "the token's scope is narrower than the one that was asked for (" + tidy(granted, kLongestList) + ")";
  if (!missing.empty()) return grant + ": it does not cover " + tidy(join(missing, ", "), kLongestList);
  if (types.empty() && covers(asked, "*") && !covers(granted, "*")) return grant + ": it does not cover all types";
  return "";
}

}  // namespace libbcda::auth
