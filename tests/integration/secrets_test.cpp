// No secret of a client appears in anything that a run shows or writes: for each server, whether the run succeeds, fails,
// or meets a server that repeats every request in its answers. Tokens, assertions and signed URLs are made during the
// run. The sandbox speaks plain HTTP here, and a proxy in between reads its requests, so the test knows them all.
//
// bcda_result_manifest is not searched: it holds the manifests as the server sent them, with the signed URLs.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>
#include <utility>

#include "base/bytes.hpp"
#include "http/form.hpp"
#include "integration/scripted_proxy.hpp"
#include "integration/scripted_service.hpp"
#include "integration/support.hpp"

namespace bcda_test {
namespace {

using Secrets = std::map<std::string, std::string>;  // by value: what it is
using Settings = std::map<std::string, std::string>;
using Texts = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kUser = "corp-user";
constexpr const char* kPassword = "hunter2-Hunter2+/";
constexpr const char* kPasswordInUrl = "hunter2-Hunter2%2B%2F";
constexpr const char* kUnsigned = "0";
constexpr std::size_t kShortest = 8;
constexpr std::size_t kEnd = 24;  // of a long secret, of which a text may show only the beginning or the end

std::string base64(const std::string& text) { return libbcda::to_base64(libbcda::as_bytes(text)); }

// Each "%XX" is one byte.
std::string from_url(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size();
    out += is_escape ? static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)) : text[i];
    i += is_escape ? 2 : 0;
  }
  return out;
}

std::string with_slashes_escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '/' ? "\\/" : std::string(1, c);
  return out;
}

// ---- Which secrets there are ------------------------------------------------------------------------------------------

// What stands between `begin` and one of `ends`, wherever `begin` occurs.
std::vector<std::string> all_between(const std::string& text, const std::string& begin, const char* ends) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    found.push_back(text.substr(at, text.find_first_of(ends, at) - at));
  }
  return found;
}

void add_messages(Secrets& secrets, const std::string& messages) {
  for (const std::string& token : all_between(messages, "uthorization: Bearer ", "\r")) secrets[token] = "token";
  for (const std::string& token : all_between(messages, "\"access_token\":\"", "\"")) secrets[token] = "token";
  for (const std::string& pair : all_between(messages, "uthorization: Basic ", "\r"))
    secrets[pair] = "Basic credentials";
  for (const std::string& assertion : all_between(messages, "client_assertion=", "& \r"))
    secrets[from_url(assertion)] = "assertion";
  for (const std::string& query : all_between(messages, "?AWSAccessKeyId=", " \""))
    secrets["AWSAccessKeyId=" + query] = "query";
  for (const std::string& one : all_between(messages, "&Signature=", " \""))
    secrets[from_url(one)] = "signature of a URL";
}

// Each line of a key, and of its header.
void add_key(Secrets& secrets, const std::string& path) {
  std::istringstream lines(read(path));
  for (std::string line; std::getline(lines, line);) secrets[line] = "key";
}

Secrets secrets_of(const Settings& settings, const ScriptedProxy& proxy) {
  Secrets secrets{{kPassword, "proxy password"}};
  add_messages(secrets, proxy.received());
  add_messages(secrets, proxy.answered());
  for (const char* name : {"signing_key", "private_key"})
    if (settings.count(name) > 0) add_key(secrets, settings.at(name));
  if (settings.count("client_secret") > 0) {
    const std::string secret = settings.at("client_secret");
    secrets[secret] = "client secret";
    secrets[settings.at("client_id") + ":" + secret] = "client id and secret";
  }
  return secrets;
}

// ---- The search -------------------------------------------------------------------------------------------------------

// How a text may show a secret.
std::set<std::string> forms_of(const std::string& secret) {
  std::set<std::string> forms{secret, base64(secret), libbcda::to_base64url(libbcda::as_bytes(secret)),
                              libbcda::http::percent_encode_query(secret), with_slashes_escaped(secret)};
  if (secret.size() >= 2 * kEnd) {
    forms.insert(secret.substr(0, kEnd));
    forms.insert(secret.substr(secret.size() - kEnd));
  }
  return forms;
}

testing::AssertionResult hides(const Texts& texts, const Secrets& secrets) {
  for (const auto& [secret, what] : secrets)
    for (const std::string& form : forms_of(secret))
      for (const auto& [where, text] : texts)
        if (secret.size() >= kShortest && text.find(form) != std::string::npos)
          return testing::AssertionFailure() << where << " shows the " << what << " " << form << ":\n" << text;
  return testing::AssertionSuccess();
}

// Every file below `dir`, with its name: data, receipt, log, journal. The run may be removing them.
void add_tree(Texts& texts, const std::string& dir) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(dir, error), end; entry != end && !error; entry.increment(error)) {
    const std::string name = entry->path().string();
    texts.emplace_back("the name of " + name, name);
    if (std::error_code gone; entry->is_regular_file(gone)) texts.emplace_back(name, read(name));
  }
}

bool has(const Texts& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& each) {
    return each.first.find(part) != std::string::npos && !each.second.empty();
  });
}

// ---- The runs ---------------------------------------------------------------------------------------------------------

// An answer that repeats a request in its headers and its body, as many forms as there are.
std::string repeat(const std::string& request, int status) {
  std::string lines;
  for (char c : request) lines += c == '\r' ? "" : c == '\n' ? " " : c == '"' ? "'" : std::string(1, c);
  const std::string body = R"({"resourceType":"OperationOutcome","error":"invalid_client","error_description":")" +
                           lines + R"(","issue":[{"severity":"error","code":"processing","diagnostics":")" + lines +
                           R"(","details":{"text":")" + lines + "\"}}]}";
  return "HTTP/1.1 " + std::to_string(status) + " " + lines.substr(0, 2000) + "\r\nX-Progress: " + lines +
         "\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer realm=\"" + lines +
         "\"\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

enum class Asked { other, token, kick_off, status, file };

Asked what_is_asked(const std::string& request) {
  const std::string line = request.substr(0, request.find(' ', request.find(' ') + 1));
  const auto has_any = [&](std::initializer_list<const char*> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const char* p) { return line.find(p) != std::string::npos; });
  };
  if (has_any({"$export-poll-status", "/jobs/", "/Jobs/", "/bulkstatus/", "/$status"})) return Asked::status;
  if (has_any({"$export"})) return Asked::kick_off;
  if (has_any({"/data/", "/bulkfiles/", "/file/", "/Data/", "/Binary/"})) return Asked::file;
  return has_any({"oken"}) ? Asked::token : Asked::other;
}

struct Ending {
  const char* name;
  Asked asked = Asked::other;  // this request is answered by `status`
  int status = 0;
  bool repeats = false;  // what was asked
  int skip = 0;          // the number of such requests before it
  bool is_once = false;
};

const Ending kEndings[] = {
    {"all is well"},
    {"the token request is refused", Asked::token, 401},
    {"the kick-off is refused", Asked::kick_off, 403},
    {"the token expires", Asked::status, 401, false, 0, true},
    {"the job fails", Asked::status, 500},
    {"a file is forbidden", Asked::file, 403, false, 1},
    {"a file is missing", Asked::file, 404, false, 1},
    {"the token request is repeated with 400", Asked::token, 400, true},
    {"the token request is repeated with 401", Asked::token, 401, true},
    {"the kick-off is repeated with 400", Asked::kick_off, 400, true},
    {"the kick-off is repeated with 200", Asked::kick_off, 200, true},
    {"the progress is repeated", Asked::status, 202, true, 0, true},
    {"the status request is repeated with 500", Asked::status, 500, true},
    {"the manifest is repeated", Asked::status, 200, true},
    {"a file request is repeated with 403", Asked::file, 403, true, 1},
    {"a file request is repeated with 500", Asked::file, 500, true, 1},
};

ScriptedProxy::Interceptor interceptor_of(const Ending& ending) {
  // Requests come on several threads. A copy of the interceptor shares the count.
  return [ending, seen = std::make_shared<std::atomic<int>>(0)](const std::string& request) -> std::string {
    if (ending.status == 0 || what_is_asked(request) != ending.asked) return "";
    const int before = (*seen)++;
    if (before < ending.skip || (ending.is_once && before > ending.skip)) return "";
    if (ending.repeats) return repeat(request, ending.status);
    return "HTTP/1.1 " + std::to_string(ending.status) + " No\r\nContent-Length: 0\r\n\r\n";
  };
}

// An export in this process, and everything that it shows. The directory is read after each event, because a run that
// succeeds removes its journal.
std::pair<Texts, bcda::Status> export_in_process(const Settings& settings, const std::string& out) {
  bcda::Config config;
  for (const auto& [name, value] : settings) config.set(name, value);
  Texts texts;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  bcda::Status status = BCDA_OK;
  try {
    bcda::Client client(config);
    texts.emplace_back("the plan", client.plan());
    bcda::Run run = client.start_export({{"out", out}});
    for (bcda::Event event; run.next_event(event) == BCDA_OK;) {
      texts.emplace_back("the event", event.json() + event.text() + event.url());
      if (event.kind() == BCDA_EVENT_FILE) add_tree(texts, out + "/.bcda");
    }
    run.wait();
  } catch (const bcda::Error& e) {
    status = e.status();
    texts.emplace_back("the error", std::string(e.what()) + "\n" + e.outcome());
  }
  texts.emplace_back("stdout", testing::internal::GetCapturedStdout());
  texts.emplace_back("stderr", testing::internal::GetCapturedStderr());
  add_tree(texts, out);
  return {texts, status};
}

class EachServersSecrets : public testing::TestWithParam<const char*> {
 protected:
  bool is(const std::string& profile) const { return GetParam() == profile; }

  // Some rows have all files on one origin, so signed URLs at another one are refused.
  bool takes(const std::string& signed_urls) const {
    return signed_urls == kUnsigned || is("bcda-2019") || is("generic") || is("hapi");
  }
  bool will_succeed(const Ending& ending, const std::string& signed_urls) const {
    if (!takes(signed_urls)) return false;
    if (is("hapi") && ending.asked == Asked::token) return true;  // it has no login
    return ending.status == 0 || (ending.is_once && !(is("hapi") && ending.status == 401));
  }

  // The user of a new sandbox, whose requests go through `proxy`.
  bcda::Sandbox sandbox(const std::string& signed_urls = kUnsigned) const {
    return quick_sandbox({{"profile", GetParam()},
                          {"tls", "false"},
                          {"host", "127.0.0.1"},
                          {"status_retry_after", "0"},
                          {"beneficiaries_per_file", "30"},
                          {"signed_urls", signed_urls}});
  }
  static Settings settings_of(const bcda::Sandbox& sandbox, const ScriptedProxy& proxy) {
    Settings settings = sandbox.settings();
    settings.insert({{"proxy", proxy.url(std::string(kUser) + ":" + kPasswordInUrl + "@")},
                     {"poll_interval", "5ms"},
                     {"poll_max_interval", "20ms"},
                     {"retry_delay", "2ms"},
                     {"retries", "0"},
                     {"outage_limit", "0s"},
                     {"parallel", "1"},
                     {"durability", "process"}});
    return settings;
  }

  void check(const Ending& ending, const std::string& signed_urls = kUnsigned) {
    SCOPED_TRACE(ending.name);
    ScriptedProxy proxy(ScriptedProxy::kAsAsked, ScriptedProxy::established, interceptor_of(ending));
    const bcda::Sandbox server = sandbox(signed_urls);
    const Settings settings = settings_of(server, proxy);
    const auto [texts, status] = export_in_process(settings, dir_ / "out");
    const bool succeeds = will_succeed(ending, signed_urls);
    EXPECT_EQ(status == BCDA_OK, succeeds) << status;
    const Secrets secrets = secrets_of(settings, proxy);
    expect_secrets(secrets, ending, signed_urls);
    EXPECT_TRUE(hides(texts, secrets));
    const bool has_job = succeeds || ending.asked == Asked::status || ending.asked == Asked::file;
    EXPECT_EQ(has(texts, "log.ndjson"), has_job || signed_urls != kUnsigned);
    EXPECT_EQ(has(texts, "export.json"), succeeds);
    EXPECT_TRUE(has(texts, "/.bcda/") || !takes(signed_urls) || !(succeeds || ending.asked == Asked::file));
    fs::remove_all(dir_ / "out");
  }

  // That the proxy has seen what the search is for.
  void expect_secrets(const Secrets& secrets, const Ending& ending, const std::string& signed_urls) const {
    std::set<std::string> kinds;
    for (const auto& each : secrets) kinds.insert(each.second);
    EXPECT_EQ(kinds.count("Basic credentials"), 1u);  // those of the proxy at least
    EXPECT_EQ(kinds.count("token"), is("hapi") || ending.asked == Asked::token ? 0u : 1u);
    const bool is_signed = is("generic") || is("dpc");
    EXPECT_EQ(kinds.count("assertion"), is_signed ? 1u : 0u);
    EXPECT_EQ(kinds.count("key"), is_signed || is("bcda-2019") ? 1u : 0u);
    EXPECT_EQ(kinds.count("query"), signed_urls == kUnsigned ? 0u : 1u);
  }

  TempDir dir_;
};

TEST_P(EachServersSecrets, AreNowhere) {
  for (const Ending& ending : kEndings) check(ending);
}

TEST_P(EachServersSecrets, AreNowhereWithSignedUrls) {
  for (const Ending& ending : kEndings)
    if (ending.asked == Asked::other || ending.asked == Asked::file) check(ending, "1h");
}

#ifdef BCDA_COMMAND
// What the command prints, to stdout and stderr, and what it writes.
Texts export_by_command(const Settings& settings, const std::string& arguments, const std::string& out) {
  for (const auto& [name, value] : settings) {
    std::string variable = "BCDA_" + name;
    for (char& c : variable) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    ::setenv(variable.c_str(), value.c_str(), 1);
  }
  ::setenv("BCDA_OUT", out.c_str(), 1);
  Texts texts{{"the command " + arguments, ""}};
  FILE* pipe = ::popen((std::string(BCDA_COMMAND " ") + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) texts[0].second.append(buffer, got);
  ::pclose(pipe);
  add_tree(texts, out);
  return texts;
}

TEST_P(EachServersSecrets, AreNotPrintedByTheCommand) {
  for (const Ending& ending : {kEndings[0], kEndings[7], kEndings[9], kEndings[14]})
    for (const char* arguments : {"export", "export --json", "export --dry-run", "auth"}) {
      SCOPED_TRACE(ending.name);
      ScriptedProxy proxy(ScriptedProxy::kAsAsked, ScriptedProxy::established, interceptor_of(ending));
      const bcda::Sandbox server = sandbox();
      const Settings settings = settings_of(server, proxy);
      const Texts texts = export_by_command(settings, arguments, dir_ / "out");
      EXPECT_FALSE(texts[0].second.empty()) << arguments;
      EXPECT_TRUE(hides(texts, secrets_of(settings, proxy)));
      fs::remove_all(dir_ / "out");
    }
}
#endif

INSTANTIATE_TEST_SUITE_P(Servers, EachServersSecrets,
                         testing::Values("bcda-2019", "bcda-v1", "bcda-v2", "bcda-v3", "ab2d", "dpc", "generic",
                                         "hapi"),
                         [](const auto& each) {
                           std::string name = each.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SearchForSecrets, FindsEachForm) {
  const std::string secret = "Zm9v/b3VzIHNlY3JldA+" + std::string(40, 'x') + "the end of a long secret";
  const Secrets secrets{{secret, "token"}};
  EXPECT_TRUE(hides({{"log", "nothing, and much of it"}}, secrets));
  for (const std::string& form : forms_of(secret))
    EXPECT_FALSE(hides({{"log", "before" + form + "after"}}, secrets)) << form;
  EXPECT_GE(forms_of(secret).size(), 6u);
  Secrets read;
  add_messages(read,
               "POST /token HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\nclient_assertion=a.b.c&x=y"
               "GET /f?AWSAccessKeyId=1&Signature=2%2F3 HTTP/1.1\r\nAuthorization: Bearer t0k3n\r\n\r\n");
  const Secrets expected{{"YTpi", "Basic credentials"},
                         {"a.b.c", "assertion"},
                         {"t0k3n", "token"},
                         {"AWSAccessKeyId=1&Signature=2%2F3", "query"},
                         {"2/3", "signature of a URL"}};
  EXPECT_EQ(read, expected);
}

}  // namespace
}  // namespace bcda_test
