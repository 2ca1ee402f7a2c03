#include "policy/path_modifier.h"

#include <gtest/gtest.h>

namespace turnpike::policy {
namespace {

using Kind = PathModifierConfig::Kind;

struct Case {
  std::string_view path;
  std::size_t matched;
  std::string_view value;
  std::string_view expected;
};

// The table of HTTPPathModifier in Gateway API, and what it leaves open.
constexpr Case kPrefixes[] = {
    {"/foo/bar", 4, "/xyz", "/xyz/bar"},
    {"/foo/bar", 4, "/xyz/", "/xyz/bar"},
    {"/foo/bar", 5, "/xyz", "/xyz/bar"},  // prefix "/foo/"
    {"/foo/bar", 5, "/xyz/", "/xyz/bar"},
    {"/foo", 4, "/xyz", "/xyz"},
    {"/foo/", 4, "/xyz", "/xyz/"},
    {"/foo/bar", 4, "", "/bar"},
    {"/foo/", 4, "", "/"},
    {"/foo", 4, "", "/"},
    {"/foo/", 4, "/", "/"},
    {"/foo", 4, "/", "/"},
    {"/foo/bar", 4, "/", "/bar"},
    {"/foo", 4, "/xyz/", "/xyz"},
    {"/bar", 0, "/xyz", "/xyz/bar"},  // prefix "/"
    {"/", 0, "/xyz", "/xyz/"},
    {"/bar", 1, "/xyz", "/xyz/bar"},
    {"/", 1, "", "/"},
    {"/foo//evil.example", 4, "", "/evil.example"},  // never a path that reads as a host
    {"/foo//bar", 4, "/xyz", "/xyz//bar"},
    {"/foo/%2e", 4, "/a b", "/a%20b/%2e"},
    {"*", 1, "/xyz", "*"},
};

TEST(PathModifier, ReplacesPrefixesAsTheTableOfTheSpecification) {
  for (const Case& c : kPrefixes) {
    const auto modifier = PathModifier::make({Kind::prefix, std::string(c.value)});
    ASSERT_TRUE(modifier) << c.value << ": " << modifier.error();
    Arena arena;
    EXPECT_EQ(modifier->apply(c.path, c.matched, arena), c.expected)
        << c.path << " matched " << c.matched << " by '" << c.value << "'";
  }
}

TEST(PathModifier, ReplacesTheWholePath) {
  Arena arena;
  EXPECT_EQ(PathModifier::make({Kind::full, "/one"})->apply("/full/one/two", 5, arena), "/one");
  EXPECT_EQ(PathModifier::make({Kind::full, "/one/"})->apply("/x", 2, arena), "/one/");
  EXPECT_EQ(PathModifier::make({Kind::full, ""})->apply("/x", 2, arena), "/");
  EXPECT_EQ(PathModifier::make({Kind::full, "/"})->apply("/x", 2, arena), "/");
}

TEST(PathModifier, KeepsThePathByDefault) {
  Arena arena;
  const PathModifier keep;
  EXPECT_TRUE(keep.keeps());
  EXPECT_EQ(keep.apply("/a//b", 2, arena), "/a//b");
  EXPECT_EQ(keep.describe(), "");
}

TEST(PathModifier, BringsValuesIntoNormalForm) {
  const auto written = [](std::string value) {
    Arena arena;
    const auto modifier = PathModifier::make({Kind::full, std::move(value)});
    return modifier ? std::string(modifier->apply("/x", 2, arena)) : "refused: " + modifier.error();
  };
  EXPECT_EQ(written("/a b"), "/a%20b");
  EXPECT_EQ(written("/%41%7e%2d"), "/A~-");
  EXPECT_EQ(written("/%c3%a9"), "/%C3%A9");
  EXPECT_EQ(written("/\xc3\xa9"), "/%C3%A9");
  EXPECT_EQ(written("/a\"<>^`{|}"), "/a%22%3C%3E%5E%60%7B%7C%7D");
  EXPECT_EQ(written("/a!$&'()*+,;=:@-._~"), "/a!$&'()*+,;=:@-._~");
}

TEST(PathModifier, RefusesWhatReadersMightTakeApartDifferently) {
  for (const std::string_view value :
       {"no-slash",     "/a?b=c",     "/a#b",  "/a\\b",  "/a/../b", "/..",    "/a/.",
        "/./a",         "/%2e%2e/a",  "/a//b", "//host", "/a%2fb",  "/a%5Cb", "/a%00",
        "/a%0d%0aX: y", "/a\r\nX: y", "/a%zz", "/a%4",   "/a%",     "/a\x7f"}) {
    EXPECT_FALSE(PathModifier::make({Kind::full, std::string(value)})) << value;
    EXPECT_FALSE(PathModifier::make({Kind::prefix, std::string(value)})) << value;
  }
  EXPECT_FALSE(PathModifier::make({Kind::full, "/" + std::string(1024, 'a')}));
  EXPECT_EQ(PathModifier::make({Kind::full, "/a?b"}).error(),
            "replaceFullPath '/a?b' has a query or a fragment: only the path can be replaced");
}

TEST(PathModifier, SurvivesAMatchLongerThanThePath) {
  Arena arena;
  EXPECT_EQ(PathModifier::make({Kind::prefix, "/xyz"})->apply("/a", 99, arena), "/xyz");
}

}  // namespace
}  // namespace turnpike::policy
