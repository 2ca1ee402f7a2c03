#include "base/strings.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace turnpike {
namespace {

TEST(Strings, ComparesAsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{")) << "they differ by 32 like letters";
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4")) << "no locale";
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_EQ(lower_case("AbC-[Z]\xc4"), "abc-[z]\xc4");
}

TEST(Strings, TrimsSpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\r\na\v"), "\r\na\v") << "only OWS";
}

TEST(Strings, ParsesDecimalStrictly) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(parse_decimal("18446744073709551616"));
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1.0", "a"})
    EXPECT_FALSE(parse_decimal(text)) << text;
  EXPECT_EQ(parse_decimal<std::uint8_t>("255"), 255);
  EXPECT_FALSE(parse_decimal<std::uint8_t>("256"));
  EXPECT_FALSE(parse_decimal<int>("-5"));
}

std::vector<std::string> elements(std::string_view list, std::size_t most = 100) {
  std::vector<std::string> out;
  for_each_element(list, [&](std::string_view part) {
    out.emplace_back(part);
    return out.size() < most;
  });
  return out;
}

TEST(Strings, ElementsOfLists) {
  using List = std::vector<std::string>;
  EXPECT_EQ(elements("a, b\t,c d"), (List{"a", "b", "c d"}));
  EXPECT_EQ(elements(",, a ,, ,b,"), (List{"a", "b"}));
  EXPECT_EQ(elements(""), List{});
  EXPECT_EQ(elements(" , "), List{});
  EXPECT_EQ(elements("a,b,c", 2), (List{"a", "b"}));
}

}  // namespace
}  // namespace turnpike
