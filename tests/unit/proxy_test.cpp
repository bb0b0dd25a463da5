// Which requests go through a proxy, and what is said to it and by it.
#include "http/proxy.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::http {
namespace {

using test::error_of;
using test::holds;

Url url(const std::string& text) { return parse_url(text, "the URL"); }
bool covers(const std::string& list, const std::string& target) { return NoProxy(list).covers(url(target)); }

TEST(NoProxies, AHostOrDomainCoversItselfAndWhatIsBelowIt) {
  for (const char* item : {"example.com", ".example.com", "*.example.com", "EXAMPLE.com", "example.com."}) {
    EXPECT_TRUE(covers(item, "https://example.com")) << item;
    EXPECT_TRUE(covers(item, "https://a.b.Example.com:8443/x")) << item;
    EXPECT_TRUE(covers(item, "https://example.com.")) << item;
    EXPECT_FALSE(covers(item, "https://notexample.com")) << item;
    EXPECT_FALSE(covers(item, "https://example.com.evil.org")) << item;
    EXPECT_FALSE(covers(item, "https://example.org")) << item;
  }
}

TEST(NoProxies, APortLimitsAnItem) {
  EXPECT_TRUE(covers("example.com:8443", "https://example.com:8443"));
  EXPECT_TRUE(covers("example.com:443", "https://www.example.com"));
  EXPECT_FALSE(covers("example.com:8443", "https://example.com"));
  EXPECT_TRUE(covers("10.1.2.3:80", "http://10.1.2.3"));
  EXPECT_FALSE(covers("10.1.2.3:81", "http://10.1.2.3"));
  EXPECT_TRUE(covers("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"));
  EXPECT_FALSE(covers("[2001:db8::1]:8443", "https://[2001:db8::1]"));
}

TEST(NoProxies, AddressesAreComparedAsNumbers) {
  EXPECT_TRUE(covers("10.1.2.3", "https://10.1.2.3:1"));
  EXPECT_FALSE(covers("10.1.2.3", "https://10.1.2.33"));
  EXPECT_FALSE(covers("2.3", "https://10.1.2.4"));
  EXPECT_TRUE(covers("2001:db8::1", "https://[2001:db8:0:0:0:0:0:1]"));
  EXPECT_TRUE(covers("[2001:db8::1]", "https://[2001:db8::1]"));
  EXPECT_FALSE(covers("2001:db8::1", "https://[2001:db8::2]"));
}

TEST(NoProxies, ANetworkCoversItsAddresses) {
  EXPECT_TRUE(covers("10.0.0.0/8", "https://10.255.0.1"));
  EXPECT_FALSE(covers("10.0.0.0/8", "https://11.0.0.1"));
  EXPECT_TRUE(covers("192.168.16.0/20", "https://192.168.31.255"));
  EXPECT_FALSE(covers("192.168.16.0/20", "https://192.168.32.0"));
  EXPECT_TRUE(covers("0.0.0.0/0", "https://8.8.8.8"));
  EXPECT_FALSE(covers("0.0.0.0/0", "https://[::2]"));
  EXPECT_TRUE(covers("2001:db8::/33", "https://[2001:db8:7fff::1]"));
  EXPECT_FALSE(covers("2001:db8::/33", "https://[2001:db8:8000::1]"));
  EXPECT_TRUE(covers("10.1.2.3/32", "https://10.1.2.3"));
  for (const char* item : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/x", "example.com/8", "::/129"}) {
    EXPECT_FALSE(covers(item, "https://10.0.0.1")) << item;
    EXPECT_FALSE(covers(item, "https://example.com")) << item;
  }
}

TEST(NoProxies, AListHasCommasOrBlanksAndMayCoverAll) {
  EXPECT_TRUE(covers("a.org, example.com ,b.org", "https://example.com"));
  EXPECT_TRUE(covers("a.org example.com\tb.org", "https://b.org"));
  EXPECT_TRUE(covers("*", "https://example.com"));
  EXPECT_TRUE(covers("a.org,*", "https://[::2]:1"));
  for (const char* list : {"", ",", " , ,", ".", "*.", ":", ":80", "host:0", "host:99999", "host:x", "ex*.com"})
    EXPECT_FALSE(covers(list, "https://example.com")) << list;
}

TEST(Proxies, AreParsed) {
  EXPECT_EQ(parse_proxy("http://proxy.corp:3128", "x").shown(), "proxy.corp:3128");
  EXPECT_EQ(parse_proxy("HTTP://Proxy.corp/", "x").shown(), "proxy.corp:80");
  EXPECT_EQ(parse_proxy(" proxy:8080 ", "x").shown(), "proxy:8080");
  EXPECT_EQ(parse_proxy("http://[2001:db8::1]:3128", "x").shown(), "[2001:db8::1]:3128");
  EXPECT_EQ(parse_proxy("[2001:db8::1]", "x").host, "2001:db8::1");
  EXPECT_TRUE(parse_proxy("http://proxy", "x").credentials.empty());
  EXPECT_TRUE(parse_proxy("http://@proxy", "x").credentials.empty());
}

TEST(Proxies, CredentialsAreDecodedAndNotShown) {
  const auto credentials = [](const char* text) {
    const Proxy proxy = parse_proxy(text, "x");
    EXPECT_EQ(proxy.shown(), "proxy:3128");
    return std::string(proxy.credentials.reveal());
  };
  EXPECT_EQ(credentials("http://user:pass@proxy:3128"), "Basic " + to_base64(as_bytes("user:pass")));
  EXPECT_EQ(credentials("user:p%40ss%3Aw%25@proxy:3128"), "Basic " + to_base64(as_bytes("user:p@ss:w%")));
  EXPECT_EQ(credentials("http://user:p@ss@proxy:3128"), "Basic " + to_base64(as_bytes("user:p@ss")));
  EXPECT_EQ(credentials("http://user:a:b@proxy:3128"), "Basic " + to_base64(as_bytes("user:a:b")));
  EXPECT_EQ(credentials("http://user@proxy:3128"), "Basic " + to_base64(as_bytes("user:")));
}

TEST(Proxies, WhatCannotBeUsedIsRefusedWithoutItsText) {
  for (const char* text :
       {"https://u:hunter2@proxy", "socks5://u:hunter2@proxy", "ftp://u:hunter2@proxy", "http://u:hunter2@",
        "http://u:hunter2@proxy:x", "http://u:hunter2%zz@proxy", "http://u:hunter2%4", "http://u:hunter2@pro xy",
        "http://a%3Ab:hunter2@proxy", "http://u:hunter2@[::1", "hunter2://proxy", "http://hunter:12/hunter2@proxy",
        "http://hunter2/x:1@proxy", "http://u:1?hunter2@proxy", "u:1#hunter2@proxy"}) {
    const Error error = error_of([&] { parse_proxy(text, "the setting proxy"); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "the setting proxy"));
    EXPECT_EQ(error.message.find("hunter2"), std::string::npos) << error.message;
  }
  EXPECT_TRUE(holds(error_of([] { parse_proxy("https://proxy", "x"); }).message, "TLS to the proxy"));
  EXPECT_TRUE(holds(error_of([] { parse_proxy("socks5h://proxy", "x"); }).message, "SOCKS"));
}

ProxyVariables variables(const char* https, const char* http = "", const char* none = "") {
  return {{"HTTPS_PROXY", Secret(https)}, {"http_proxy", Secret(http)}, none};
}

std::string chosen(const ProxyRules& rules, const char* target) {
  const Proxy* proxy = rules.find(url(target));
  return proxy ? proxy->shown() : "";
}

TEST(ProxyChoice, TheEnvironmentHasOneForEachScheme) {
  const ProxyRules rules(Secret(), variables("http://secure:1", "plain:2", "inside.org,10.0.0.0/8"));
  EXPECT_EQ(chosen(rules, "https://example.com"), "secure:1");
  EXPECT_EQ(chosen(rules, "http://example.com"), "plain:2");
  EXPECT_EQ(chosen(rules, "https://www.inside.org"), "");
  EXPECT_EQ(chosen(rules, "https://10.9.9.9"), "");
  EXPECT_EQ(rules.find(url("https://example.com"))->source, "the environment variable HTTPS_PROXY");
  for (const char* here : {"https://localhost", "https://127.0.0.1:1", "http://127.9.9.9", "https://[::1]"})
    EXPECT_EQ(chosen(rules, here), "") << here;
  EXPECT_EQ(chosen(ProxyRules(Secret(), variables(" ")), "https://example.com"), "");
  EXPECT_EQ(chosen(ProxyRules(), "https://example.com"), "");
}

TEST(ProxyChoice, TheSettingIsForEveryRequest) {
  const ProxyRules rules(Secret("set:3"), variables("http://secure:1", "plain:2", "*"));
  for (const char* target : {"https://example.com", "http://example.com", "https://localhost", "http://[::1]:1"})
    EXPECT_EQ(chosen(rules, target), "set:3") << target;
  EXPECT_EQ(rules.find(url("https://example.com"))->source, "the setting proxy");
  EXPECT_EQ(chosen(ProxyRules(Secret("none"), variables("http://secure:1")), "https://example.com"), "");
}

TEST(ProxyChoice, AVariableThatCannotBeUsedFailsOnlyWhereItCounts) {
  const ProxyRules rules(Secret(), variables("socks5://u:hunter2@proxy", "", "inside.org"));
  EXPECT_EQ(chosen(rules, "https://localhost"), "");
  EXPECT_EQ(chosen(rules, "https://inside.org"), "");
  EXPECT_EQ(chosen(rules, "http://example.com"), "");
  const Error error = error_of([&] { rules.find(url("https://example.com")); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "HTTPS_PROXY"));
  EXPECT_EQ(error.message.find("hunter2"), std::string::npos);
  EXPECT_EQ(error_of([] { ProxyRules(Secret("ftp://x"), {}); }).status, Status::INVALID_ARGUMENT);
}

// ---- CONNECT

const Url kTarget = url("https://api.example.com/secret/path?token=hunter2");

std::string request_for(const Proxy& proxy, const Url& target) {
  const SecretBytes text = connect_request(proxy, target);
  return {text.begin(), text.end()};
}

TEST(Connect, TheRequestNamesHostAndPortAndNothingElse) {
  EXPECT_EQ(request_for(parse_proxy("proxy:1", "x"), kTarget),
            "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n");
  EXPECT_EQ(
      request_for(parse_proxy("u:p@proxy:1", "x"), url("http://[2001:db8::1]:8080/x")),
      "CONNECT [2001:db8::1]:8080 HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

// Feeds an answer in pieces of `size` bytes. Returns whether the tunnel is open.
bool fed(const std::string& answer, std::size_t size = 4096, const char* proxy_url = "http://proxy:3128") {
  const Proxy proxy = parse_proxy(proxy_url, "the setting proxy");
  ConnectAnswer reader(proxy, kTarget);
  bool is_open = false;
  for (std::size_t i = 0; i < answer.size(); i += size) is_open = reader.feed(answer.substr(i, size));
  return is_open;
}

TEST(Connect, AnAnswerMayComeInPieces) {
  for (const char* answer :
       {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 204 x\n\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 y\r\n\r\nHTTP/1.1 200 z\r\n\r\n"})
    for (std::size_t size : {1u, 2u, 3u, 7u, 4096u}) {
      EXPECT_TRUE(fed(answer, size)) << answer << size;
      EXPECT_FALSE(fed(std::string(answer).substr(0, std::string(answer).size() - 1), size)) << answer << size;
    }
}

TEST(Connect, WhatIsNotHttpIsRefused) {
  for (const char* answer : {"\x15\x03\x01\x00\x02\x02\x46", "SSH-2.0-OpenSSH", "<html>", "HTTP/2 200\r\n\r\n",
                             "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nmore"}) {
    const Error error = error_of([&] { fed(answer); });
    EXPECT_EQ(error.status, Status::PROTOCOL) << answer;
    EXPECT_TRUE(holds(error.message, "proxy:3128"));
  }
}

TEST(Connect, AHeadWithoutEndIsALimit) {
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() < (64 << 10)) endless += "X-Y: zzzzzzzzzzzzzzzzzzzzzzzzz\r\n";
  EXPECT_EQ(error_of([&] { fed(endless); }).status, Status::LIMIT);
  std::string interim;
  while (interim.size() < (64 << 10)) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(error_of([&] { fed(interim); }).status, Status::LIMIT);
}

TEST(Connect, ARefusalIsShownWithTheProxyAndTheTarget) {
  const Error no = error_of([] { fed("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n"); });
  EXPECT_EQ(no.status, Status::NETWORK);
  EXPECT_FALSE(no.retriable);
  for (const char* part : {"proxy:3128", "the setting proxy", "api.example.com:443", "HTTP 403", "may not allow"})
    EXPECT_TRUE(holds(no.message, part));
  EXPECT_EQ(no.message.find("hunter2"), std::string::npos);
  const Error busy = error_of([] { fed("HTTP/1.1 503 x\r\n\r\n"); });
  EXPECT_EQ(busy.status, Status::NETWORK);
  EXPECT_TRUE(busy.retriable);
  EXPECT_TRUE(holds(error_of([] { fed("HTTP/1.1 302 x\r\nLocation: http://sign-in\r\n\r\n"); }).message, "HTTP 302"));
}

Error refused_407(const std::string& challenges, const char* proxy = "http://proxy:3128") {
  return error_of([&] { fed("HTTP/1.1 407 x\r\n" + challenges + "\r\n", 4096, proxy); });
}

TEST(Connect, A407SaysWhatIsMissing) {
  const Error missing = refused_407("Proxy-Authenticate: Basic realm=\"corp\"\r\n");
  EXPECT_EQ(missing.status, Status::AUTHENTICATION);
  EXPECT_TRUE(holds(missing.message, "wants a user and a password"));
  EXPECT_TRUE(holds(refused_407("").message, "wants a user and a password"));

  const Error wrong = refused_407("proxy-authenticate: basic realm=\"x\"\r\n", "http://u:hunter2@proxy:3128");
  EXPECT_EQ(wrong.status, Status::AUTHENTICATION);
  EXPECT_TRUE(holds(wrong.message, "refused its user and password"));
  EXPECT_EQ(wrong.message.find("hunter2"), std::string::npos);

  for (const char* proxy : {"http://proxy:3128", "http://u:hunter2-hunter2@proxy:3128"}) {
    const Error other = refused_407(
        "Proxy-Authenticate: Digest realm=\"Basic\", nonce=\"x, y\"\r\n"
        "Proxy-Authenticate: Negotiate, NTLM\r\n",
        proxy);
    EXPECT_EQ(other.status, Status::AUTHENTICATION);
    EXPECT_TRUE(holds(other.message, "another scheme than Basic"));
    EXPECT_TRUE(holds(other.message, "it offers Digest, Negotiate, NTLM;"));
  }
  const Error echo = refused_407("Proxy-Authenticate: hunter2-hunter2\r\n", "http://u:hunter2-hunter2@proxy:3128");
  EXPECT_EQ(echo.message.find("hunter2"), std::string::npos) << echo.message;
}

TEST(Connect, SchemesAreFoundAmongTheirParameters) {
  const auto schemes = [](const std::string& value) { return offered_schemes("x\r\nProxy-Authenticate: " + value); };
  EXPECT_EQ(schemes("Basic realm=\"a, b\""), "Basic");
  EXPECT_EQ(schemes("Digest realm=\"a\\\", NTLM\", qop = \"auth\", algorithm=MD5, Basic realm=x"), "Digest, Basic");
  EXPECT_EQ(schemes("Negotiate oYGv=="), "Negotiate");
  EXPECT_EQ(schemes(""), "");
  EXPECT_EQ(schemes("\"<script>\", \x01, a/b"), "");
}

}  // namespace
}  // namespace libbcda::http
