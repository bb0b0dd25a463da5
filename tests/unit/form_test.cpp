#include "http/form.hpp"

#include <gtest/gtest.h>

namespace libbcda::http {
namespace {

TEST(PercentEncoding, LeavesUnreservedCharacters) {
  const std::string text = "ABCXYZabcxyz0189-._~";
  EXPECT_EQ(percent_encode_query(text), text);
  EXPECT_EQ(percent_encode_query(""), "");
}

TEST(PercentEncoding, EncodesAllElse) {
  EXPECT_EQ(percent_encode_query("a b+c"), "a%20b%2Bc");
  EXPECT_EQ(percent_encode_query("system/*.rs"), "system%2F%2A.rs");
  EXPECT_EQ(percent_encode_query("%20"), "%2520");
  EXPECT_EQ(percent_encode_query("\xE2\x82\xAC"), "%E2%82%AC");
  EXPECT_EQ(percent_encode_query("2020-01-01T00:00:00.000+01:00"), "2020-01-01T00%3A00%3A00.000%2B01%3A00");
  EXPECT_EQ(percent_encode_query("Patient?name=x&y=z#,;$'()!"), "Patient%3Fname%3Dx%26y%3Dz%23%2C%3B%24%27%28%29%21");
}

TEST(PercentEncoding, IsDecodedUnlessBroken) {
  const auto decoded = [](std::string_view text) {
    const auto bytes = percent_decode(text);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "broken";
  };
  EXPECT_EQ(decoded("a%20b%2Bc%2f+"), "a b+c/+");
  EXPECT_EQ(decoded(""), "");
  for (const char* broken : {"%", "%4", "a%zz"}) EXPECT_EQ(decoded(broken), "broken") << broken;
}

TEST(PercentEncoding, EncodesEveryByteReversibly) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string out = percent_encode_query(std::string(1, static_cast<char>(byte)));
    if (out.size() == 1) {
      EXPECT_EQ(static_cast<unsigned char>(out[0]), byte);
      continue;
    }
    ASSERT_EQ(out.size(), 3u);
    EXPECT_EQ(out[0], '%');
    EXPECT_EQ(std::stoi(out.substr(1), nullptr, 16), byte);
  }
}

TEST(Form, JoinsFieldsInOrder) {
  EXPECT_EQ(form_body({}), "");
  EXPECT_EQ(form_body({{"a", ""}}), "a=");
  EXPECT_EQ(form_body({{"b", "1"}, {"a", "2"}, {"b", "3"}}), "b=1&a=2&b=3");
  EXPECT_EQ(form_body({{"a b", "c&d=e"}}), "a%20b=c%26d%3De");
}

// The fields of a token request, as the reference server of SMART takes them.
TEST(Form, MakesTheBodyOfATokenRequest) {
  EXPECT_EQ(form_body({{"grant_type", "client_credentials"},
                       {"scope", "system/Patient.rs system/*.rs"},
                       {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                       {"client_assertion", "a-b.c_d.e"}}),
            "grant_type=client_credentials&scope=system%2FPatient.rs%20system%2F%2A.rs&client_assertion_type=urn%3Aietf"
            "%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a-b.c_d.e");
}

}  // namespace
}  // namespace libbcda::http
