#include "route/literal.h"

#include <gtest/gtest.h>

namespace turnpike::route {
namespace {

TEST(LiteralPrefix, IsWhatAllMatchesBeginWith) {
  EXPECT_EQ(literal_prefix("/api/v[0-9]+"), "/api/v");
  EXPECT_EQ(literal_prefix("^/api/.*$"), "/api/");
  EXPECT_EQ(literal_prefix("/api"), "/api");
  EXPECT_EQ(literal_prefix("/api/(a|b)/c"), "/api/");
  EXPECT_EQ(literal_prefix("/ab+c"), "/ab");
  EXPECT_EQ(literal_prefix("/a\\.b"), "/a");
  EXPECT_EQ(literal_prefix("/a(?i)b"), "/a");
}

TEST(LiteralPrefix, LeavesOutWhatMayBeMissing) {
  EXPECT_EQ(literal_prefix("/ab*"), "/a");
  EXPECT_EQ(literal_prefix("/ab?c"), "/a");
  EXPECT_EQ(literal_prefix("/ab{0,3}"), "/a");
  EXPECT_EQ(literal_prefix("a*"), "");
}

TEST(LiteralPrefix, IsEmptyWhereThereIsNone) {
  for (const char* pattern : {"", "^", ".*", "(?i)/api", "/a|/b", "(/a)|/b", "/a[|]b|c", "/a[]|]b",
                              "/a\\Q(\\E|b", "/a)|(b", "\\Q/a\\E", "/x\\(|y"}) {
    EXPECT_EQ(literal_prefix(pattern), "") << pattern;
  }
  EXPECT_EQ(literal_prefix("/a\\|b"), "/a");
}

}  // namespace
}  // namespace turnpike::route
