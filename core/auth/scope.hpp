// The scopes of a token: which to ask for, and what the granted ones cover (SMART App Launch 2.2.0, "Scopes for
// requesting FHIR Resources", both syntaxes: system/Patient.rs and system/Patient.read).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace libbcda::auth {

// The scopes to ask for, with blanks between them. `row` is the profile's. `offered` is what the server lists; {}: not
// known. `types` is what will be exported; {}: all. One scope that a server lacks can refuse the whole request, so only
// offered ones are chosen; if nothing offered fits, the result is `row`.
std::string choose_scope(const std::string& row, const std::vector<std::string>& offered,
                         const std::vector<std::string>& types);

// Whether one of the scopes in `granted` lets a client read all resources of a type. "*" means all types.
bool covers(std::string_view granted, std::string_view type);

// What to say when a granted scope is narrower than the one that was asked for, or "". `types` as above.
std::string describe_narrow_scope(const std::string& asked, const std::string& granted,
                                  const std::vector<std::string>& types);

}  // namespace libbcda::auth
