#include "resource/scalar.h"

#include <gtest/gtest.h>

namespace turnpike::resource {
namespace {

using namespace std::chrono_literals;

TEST(Scalar, durations) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1h1m1s1ms"), 1h + 1min + 1s + 1ms);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("99999h"), 99999h);
  for (const char* wrong :
       {"", "10", "s", "1.5s", "-1s", "1d", "1s ", " 1s", "100000s", "1s1s1s1s1s", "1us", "1hm"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(25ms), "25ms");
  EXPECT_EQ(format_duration(0s), "0s");
}

TEST(Scalar, sizes) {
  EXPECT_EQ(parse_byte_size("4096")->bytes, 4096U);
  EXPECT_EQ(parse_byte_size("64Ki")->bytes, 65536U);
  EXPECT_EQ(parse_byte_size("10M")->bytes, 10'000'000U);
  for (const char* wrong : {"", "Ki", "1.5Mi", "-1", "1kb", "99999999999999999999", "9999999999Ti"}) {
    EXPECT_FALSE(parse_byte_size(wrong)) << wrong;
  }
  EXPECT_EQ(format_byte_size({65536}), "64Ki");
  EXPECT_EQ(format_byte_size({1000}), "1000");
}

TEST(Scalar, networks) {
  const auto ten = parse_cidr("10.0.0.0/8");
  ASSERT_TRUE(ten);
  const std::uint8_t inside[4] = {10, 1, 2, 3};
  const std::uint8_t outside[4] = {11, 1, 2, 3};
  EXPECT_TRUE(ten->contains(inside, false));
  EXPECT_FALSE(ten->contains(outside, false));
  const auto odd = parse_cidr("192.168.0.128/25");
  ASSERT_TRUE(odd);
  const std::uint8_t high[4] = {192, 168, 0, 200};
  const std::uint8_t low[4] = {192, 168, 0, 100};
  EXPECT_TRUE(odd->contains(high, false));
  EXPECT_FALSE(odd->contains(low, false));
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(outside, false));
  EXPECT_TRUE(parse_cidr("::1")->ipv6);
  EXPECT_EQ(parse_cidr("fd00::/8")->prefix, 8);
  EXPECT_FALSE(parse_cidr("fd00::/8")->contains(inside, false));
  for (const char* wrong :
       {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/", "::/129", "1.2.3.4/-1"}) {
    EXPECT_FALSE(parse_cidr(wrong)) << wrong;
  }
}

TEST(Scalar, timestamps) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_timestamp("2026-01-31T12:00:00Z"), 1769860800);
  EXPECT_EQ(parse_timestamp("2026-01-31T14:00:00.123+02:00"), 1769860800);
  for (const char* wrong : {"", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z",
                            "2026-01-31T12:00:00", "2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+2:00"}) {
    EXPECT_FALSE(parse_timestamp(wrong)) << wrong;
  }
}

TEST(Scalar, base64) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v\n YmFy"), "foobar");
  EXPECT_EQ(decode_base64("/+8="), "\xff\xef");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg=a", "Zm9v=", "Z!==", "===="})
    EXPECT_FALSE(decode_base64(wrong)) << wrong;
}

TEST(Scalar, plain_texts_that_kubernetes_takes_for_something_else) {
  for (const char* number : {"0", "1", "-3", "+7", "1.5", ".5", "1e3", "1E-3", "0x1f", "0o17", "1_000",
                             ".inf", "-.Inf", ".nan", "08", "2."}) {
    EXPECT_EQ(plain_type_of(number), "a number") << number;
  }
  for (const char* boolean : {"true", "False", "yes", "NO", "on", "off"}) {
    EXPECT_EQ(plain_type_of(boolean), "a boolean") << boolean;
  }
  for (const char* text : {"", "a", "v1", "1s", "1.2.3", "10.0.0.1", "/1", "-", "+", ".", "e3", "1e", "0xg",
                           "y", "n", "2026-01-31", "nothing", "1-2"}) {
    EXPECT_EQ(plain_type_of(text), "") << text;
  }
}

}  // namespace
}  // namespace turnpike::resource
