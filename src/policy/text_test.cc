#include "policy/text.h"

#include <gtest/gtest.h>

namespace turnpike::policy {
namespace {

TEST(PolicyText, Tokens) {
  EXPECT_TRUE(is_token("X-Env"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09az"));
  for (const std::string_view bad : {"", "a b", "a:", ":method", "a\r", "\x80", "a/b", "a,b"})
    EXPECT_FALSE(is_token(bad)) << bad;
}

TEST(PolicyText, FieldValues) {
  for (const std::string_view good : {"", "a", "a b\tc", "\xc3\xa9"})
    EXPECT_TRUE(is_field_value(good)) << good;
  using std::string_view_literals::operator""sv;
  for (const std::string_view bad : {"a\r\nb: c"sv, "a\n"sv, " a"sv, "a\t"sv, "\x7f"sv, "a\0b"sv})
    EXPECT_FALSE(is_field_value(bad)) << bad;
}

TEST(PolicyText, HostNames) {
  for (const std::string_view good : {"a", "example.com", "a-b.c1", "1.2.3"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const std::string_view bad :
       {"", "A.com", "a..b", ".a", "a.", "-a", "a-", "a-.b", "a.-b", "*.a", "a:80", "a/b", "a_b"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_FALSE(is_host_name(std::string(254, 'a')));
}

}  // namespace
}  // namespace turnpike::policy
