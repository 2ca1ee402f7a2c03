#include "io/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace turnpike::io {
namespace {

std::string parsed(std::string_view text) {
  const auto address = Address::parse(text);
  return address ? address->text() : "-";
}

TEST(Address, ParsesWhatUsersWrite) {
  EXPECT_EQ(parsed("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(parsed("[::1]:8080"), "[::1]:8080");
  EXPECT_EQ(parsed("[0:0::1]:0"), "[::1]:0");
  EXPECT_EQ(parsed(":8080"), "[::]:8080");
  EXPECT_EQ(parsed("[::ffff:10.0.0.1]:80"), "10.0.0.1:80");
  EXPECT_EQ(parsed("unix:/run/turnpike.sock"), "unix:/run/turnpike.sock");
  EXPECT_EQ(parsed("unix:@turnpike"), "unix:@turnpike");
  EXPECT_EQ(parsed("[fe80::1%1]:80"), "[fe80::1%1]:80");
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text : {"",
                           ":",
                           "8080",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:+80",
                           "127.0.0.1:80 ",
                           "127.0.0.1:080000",
                           "::1:80",
                           "[::1]",
                           "[::1]80",
                           "[127.0.0.1]:80",
                           "localhost:80",
                           "[]:80",
                           "[::1:80",
                           "::1]:80",
                           "256.0.0.1:80",
                           "1.2.3:80",
                           "unix:",
                           "unix:@",
                           "[fe80::1%nowhere]:80"}) {
    EXPECT_EQ(parsed(text), "-") << text;
  }
  EXPECT_FALSE(Address::from_unix(std::string(200, 'x')));
  EXPECT_FALSE(Address::from_unix(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(Address::from_ip(std::string_view("1.2.3.4\0", 8), 1));
}

TEST(Address, LongestUnixPathIsKept) {
  const std::string path(107, 'p');
  ASSERT_TRUE(Address::from_unix(path));
  EXPECT_EQ(Address::from_unix(path)->ip(), "unix:" + path);
  EXPECT_FALSE(Address::from_unix(path + "p"));
}

TEST(Address, ComparesByWhatItMeans) {
  EXPECT_EQ(Address::parse("[::ffff:10.0.0.1]:80"), Address::parse("10.0.0.1:80"));
  EXPECT_FALSE(Address::parse("10.0.0.1:80") == Address::parse("10.0.0.1:81"));
  EXPECT_FALSE(Address::parse("[::1]:80") == Address::parse("127.0.0.1:80"));
  EXPECT_EQ(Address::parse("unix:/a"), Address::parse("unix:/a"));
  EXPECT_FALSE(Address::parse("unix:/a") == Address::parse("unix:/ab"));
  EXPECT_EQ(Address(), Address());
}

TEST(Address, KernelAddressesAreTakenAsTheyCome) {
  EXPECT_EQ(Address(nullptr, 0).text(), "");
  sockaddr_un unnamed{};
  unnamed.sun_family = AF_UNIX;
  EXPECT_EQ(Address(reinterpret_cast<sockaddr*>(&unnamed), sizeof(sa_family_t)).text(), "unix:");
  Address address = *Address::from_ip("::1", 1);
  address.set_port(443);
  EXPECT_EQ(address.port(), 443);
  std::uint8_t ip[16];
  Address::from_ip("10.1.2.3", 0)->ip_bytes(ip);
  const std::uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
  EXPECT_EQ(std::memcmp(ip, mapped, 16), 0);
}

bool within(std::string_view block, std::string_view ip) {
  const auto cidr = Cidr::parse(block);
  EXPECT_TRUE(cidr) << block;
  return cidr && cidr->contains(*Address::from_ip(ip, 1));
}

TEST(Cidr, Contains) {
  EXPECT_TRUE(within("10.0.0.0/8", "10.255.0.1"));
  EXPECT_TRUE(within("10.9.9.9/8", "10.255.0.1"));
  EXPECT_FALSE(within("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(within("192.168.1.128/25", "192.168.1.200"));
  EXPECT_FALSE(within("192.168.1.128/25", "192.168.1.127"));
  EXPECT_TRUE(within("192.168.1.2/31", "192.168.1.3"));
  EXPECT_TRUE(within("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(within("10.0.0.1", "10.0.0.2"));
  EXPECT_TRUE(within("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(within("0.0.0.0/0", "::1"));
  EXPECT_FALSE(within("::/0", "203.0.113.1"));
  EXPECT_TRUE(within("::/0", "2001:db8::1"));
  EXPECT_TRUE(within("fd00::/8", "fdff::1"));
  EXPECT_FALSE(within("fd00::/8", "fe00::1"));
  EXPECT_TRUE(within("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_TRUE(within("::ffff:10.0.0.0/104", "10.1.1.1"));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(*Address::from_unix("/a")));
}

TEST(Cidr, RefusesWhatIsNone) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8 ",
                           "10.0.0/8", "x/8", "10.0.0.0/0008", "fe80::1%1/64"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

}  // namespace
}  // namespace turnpike::io
