#include "world/address.hpp"

#include <gtest/gtest.h>

namespace libbcda::world {
namespace {

bool is_public_text(const char* text) { return is_public(asio::ip::make_address(text)); }

TEST(Addresses, OfTheInternetArePublic) {
  for (const char* text : {"8.8.8.8",        "1.1.1.1",          "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
                           "100.128.0.0",    "126.255.255.255",  "128.0.0.0",       "169.253.255.255", "169.255.0.0",
                           "172.15.255.255", "172.32.0.0",       "192.0.1.0",       "192.167.255.255", "192.169.0.0",
                           "198.17.255.255", "198.20.0.0",       "223.255.255.255", "2606:4700::1111", "2001:db8::1",
                           "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"})
    EXPECT_TRUE(is_public_text(text)) << text;
}

TEST(Addresses, OfThisMachineAndOfPrivateNetworksAreNot) {
  for (const char* text : {"0.0.0.0",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.168.0.1",
                           "198.18.0.0",
                           "198.19.255.255",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd00:ec2::254",
                           "ff02::1",
                           "::ffff:169.254.169.254",
                           "::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "2002:a9fe:a9fe::1",
                           "2002:7f00:1::1"})
    EXPECT_FALSE(is_public_text(text)) << text;
}

}  // namespace
}  // namespace libbcda::world
