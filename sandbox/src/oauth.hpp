// Token requests that have a form: with an assertion, or with Basic credentials.
#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "assertion.hpp"
#include "dialects.hpp"
#include "tokens.hpp"

namespace libbcda::sandbox::bulk {

std::string token_url(const Dialect& dialect, const std::string& origin);

class Oauth {  // thread-safe
 public:
  Oauth(Tokens& tokens, Registration client) : tokens_(tokens), client_(std::move(client)) {}
  Response answer(const Request& request, const Dialect& dialect, const Options& options, Time now);

 private:
  Response signed_request(const std::map<std::string, std::string>& form, const Request& request,
                          const Dialect& dialect, const Options& options, Time now);
  Response form_request(const std::map<std::string, std::string>& form, const Request& request, const Dialect& dialect,
                        const Options& options, Time now);
  bool is_new(const std::string& assertion_id);

  Tokens& tokens_;
  const Registration client_;
  std::mutex mutex_;
  std::set<std::string> used_;  // the jti of assertions
};

// The document of /.well-known/smart-configuration.
Response smart_configuration(const Dialect& dialect, const std::string& origin);

}  // namespace libbcda::sandbox::bulk
