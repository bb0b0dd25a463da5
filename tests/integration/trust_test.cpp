// The servers that the client trusts, and the URLs that it refuses.
#include "integration/support.hpp"

namespace bcda_test {
namespace {

bcda::Status status_of(const bcda::Config& config, std::string* message) {
  try {
    bcda::Client(config).metadata();
    return BCDA_OK;
  } catch (const bcda::Error& e) {
    *message = e.what();
    return e.status();
  }
}

TEST(Trust, AnUnknownAuthorityIsRefusedAndTheRemedyNamed) {
  bcda::Sandbox sandbox = quick_sandbox();
  std::string message;
  EXPECT_EQ(status_of({{"url", sandbox.url()}}, &message), BCDA_TLS);
  EXPECT_NE(message.find("ca_file"), std::string::npos) << message;
}

TEST(Trust, TheAuthorityOfAnotherSandboxIsRefused) {
  bcda::Sandbox sandbox = quick_sandbox(), other = quick_sandbox();
  std::string message;
  EXPECT_EQ(status_of({{"url", sandbox.url()}, {"ca_file", other.ca_file()}}, &message), BCDA_TLS);
}

TEST(Trust, TheHostNameMustMatch) {
  bcda::Sandbox sandbox = quick_sandbox();
  std::string url = sandbox.url(), message;
  url.replace(url.find("localhost"), 9, "127.1");  // the same address, but not a name in the certificate
  EXPECT_EQ(status_of({{"url", url}, {"ca_file", sandbox.ca_file()}}, &message), BCDA_TLS);
  EXPECT_NE(message.find("another host"), std::string::npos) << message;
}

TEST(Trust, PlainHttpOnATlsPortAndTheReverse) {
  bcda::Sandbox tls = quick_sandbox(), plain = quick_sandbox({{"tls", "false"}});
  std::string message;
  EXPECT_EQ(status_of({{"url", "https" + plain.url().substr(4)}, {"ca_file", tls.ca_file()}}, &message), BCDA_TLS);
  EXPECT_NE(status_of({{"url", "http" + tls.url().substr(5)}}, &message), BCDA_OK);
}

TEST(Trust, UrlsThatCannotBeRightAreRefusedAtOnce) {
  std::string message;
  for (const char* url :
       {"", "api.bcda.cms.gov", "ftp://api.bcda.cms.gov", "https://", "https://user:pass@api.bcda.cms.gov",
        "https://api.bcda.cms.gov/api/v9", "https://api.bcda.cms.gov:0", "https://api.bcda.cms.gov:99999",
        "http://api.bcda.cms.gov", "https://a b", "https://api.bcda.cms.gov?x=1"}) {
    EXPECT_EQ(status_of({{"url", url}}, &message), BCDA_INVALID_ARGUMENT) << url;
    EXPECT_NE(message.find("url"), std::string::npos) << message;
  }
}

TEST(Trust, ACaFileThatHoldsNoneIsRefusedAtOnce) {
  TempDir dir;
  std::ofstream(dir / "empty.pem");
  std::string message;
  for (std::string file : {dir / "empty.pem", dir / "missing.pem"}) {
    EXPECT_EQ(status_of({{"url", "https://localhost:1"}, {"ca_file", file}}, &message), BCDA_TLS);
    EXPECT_NE(message.find(file), std::string::npos) << message;
  }
}

TEST(Trust, NobodyListening) {
  std::string message;
  EXPECT_EQ(status_of({{"url", "http://127.0.0.1:1"}}, &message), BCDA_NETWORK);
  EXPECT_NE(message.find("127.0.0.1:1"), std::string::npos) << message;
}

}  // namespace
}  // namespace bcda_test
