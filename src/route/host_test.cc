#include "route/host.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace turnpike::route {
namespace {

HostPattern pattern(std::string_view text) { return HostPattern::parse(text).value(); }

TEST(HostPattern, ParsesTheThreeKinds) {
  EXPECT_EQ(pattern("a.example.com"), (HostPattern{HostPattern::Kind::exact, "a.example.com"}));
  EXPECT_EQ(pattern("*.example.com"), (HostPattern{HostPattern::Kind::wildcard, "example.com"}));
  EXPECT_EQ(pattern(""), HostPattern{});
  EXPECT_EQ(pattern("*"), HostPattern{});
  EXPECT_EQ(pattern("*.example.com").text(), "*.example.com");
  EXPECT_EQ(pattern("").text(), "*");
}

TEST(HostPattern, RefusesWhatIsNoHostName) {
  for (const char* text : {"Example.com", "a..b", ".a", "a.", "-a.b", "a-.b", "*a.b", "a.*.b", "*.*.b", "a b",
                           "a/b", "*.", "a:80", "\xc3\xa9.fr"}) {
    EXPECT_FALSE(HostPattern::parse(text)) << text;
  }
  EXPECT_FALSE(HostPattern::parse(std::string(64, 'a')));
  EXPECT_TRUE(HostPattern::parse(std::string(63, 'a')));
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += i == 0 ? "a" : ".a";
  EXPECT_EQ(longest.size(), 253U);
  EXPECT_TRUE(HostPattern::parse(longest));
  EXPECT_FALSE(HostPattern::parse(longest + ".a"));
}

TEST(HostPattern, AWildcardMatchesOneOrMoreLabelsButNotNone) {
  const HostPattern p = pattern("*.example.com");
  EXPECT_TRUE(p.matches("a.example.com"));
  EXPECT_TRUE(p.matches("a.b.example.com"));
  EXPECT_FALSE(p.matches("example.com"));
  EXPECT_FALSE(p.matches(".example.com"));
  EXPECT_FALSE(p.matches("aexample.com"));
  EXPECT_FALSE(p.matches(""));
  EXPECT_TRUE(pattern("").matches(""));
}

// The table of Gateway API's HTTPRoute.spec.hostnames.
TEST(HostPattern, Intersects) {
  const auto both = [](std::string_view a, std::string_view b) -> std::string {
    const auto one = intersect(pattern(a), pattern(b));
    const auto two = intersect(pattern(b), pattern(a));
    EXPECT_EQ(one.has_value(), two.has_value());
    if (!one || !two) return "none";
    EXPECT_EQ(*one, *two);
    return one->text();
  };
  EXPECT_EQ(both("very.specific.com", "very.specific.com"), "very.specific.com");
  EXPECT_EQ(both("very.specific.com", "*.specific.com"), "very.specific.com");
  EXPECT_EQ(both("*.wildcard.io", "foo.bar.wildcard.io"), "foo.bar.wildcard.io");
  EXPECT_EQ(both("*.wildcard.io", "wildcard.io"), "none");
  EXPECT_EQ(both("*.example.com", "*.com"), "*.example.com");
  EXPECT_EQ(both("*.example.com", "*.example.com"), "*.example.com");
  EXPECT_EQ(both("*.example.com", "*.b.example.com"), "*.b.example.com");
  EXPECT_EQ(both("*.a.com", "*.b.com"), "none");
  EXPECT_EQ(both("*.ab.com", "*.b.com"), "none");
  EXPECT_EQ(both("a.com", "b.com"), "none");
  EXPECT_EQ(both("", "a.com"), "a.com");
  EXPECT_EQ(both("", "*.a.com"), "*.a.com");
  EXPECT_EQ(both("", ""), "*");
}

std::vector<std::uint32_t> visited(const HostIndex& index, std::string_view host) {
  std::vector<std::uint32_t> out;
  index.visit(host, [&](std::uint32_t number) {
    out.push_back(number);
    return false;
  });
  return out;
}

TEST(HostIndex, VisitsTheMostSpecificFirst) {
  const std::vector<HostPattern> patterns = {pattern(""), pattern("*.com"), pattern("a.b.com"),
                                             pattern("*.b.com"), pattern("b.com")};
  const HostIndex index(patterns);
  EXPECT_EQ(visited(index, "a.b.com"), (std::vector<std::uint32_t>{2, 3, 1, 0}));
  EXPECT_EQ(visited(index, "x.y.b.com"), (std::vector<std::uint32_t>{3, 1, 0}));
  EXPECT_EQ(visited(index, "b.com"), (std::vector<std::uint32_t>{4, 1, 0}));
  EXPECT_EQ(visited(index, "com"), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(visited(index, ""), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(index.find("a.b.com"), 2U);
}

TEST(HostIndex, OfEqualPatternsTheFirstOneCounts) {
  const std::vector<HostPattern> patterns = {pattern("a.com"), pattern("a.com"), pattern(""), pattern("*")};
  const HostIndex index(patterns);
  EXPECT_EQ(visited(index, "a.com"), (std::vector<std::uint32_t>{0, 2}));
}

TEST(HostIndex, AnEmptyOneFindsNothing) {
  EXPECT_EQ(HostIndex().find("a.com"), HostIndex::kNone);
  EXPECT_EQ(HostIndex().find(""), HostIndex::kNone);
}

TEST(HostIndex, KeepsItsOwnNames) {
  HostIndex index;
  {
    std::string name = "a-long-enough-name.example.com";
    const std::vector<HostPattern> patterns = {pattern(name)};
    index = HostIndex(patterns);
    name.assign(name.size(), 'x');
  }
  EXPECT_EQ(index.find("a-long-enough-name.example.com"), 0U);
}

TEST(HostIndex, AgreesWithThePatternsForHostsOfManyLabels) {
  std::string deep = "z";
  for (int i = 0; i < 100; ++i) deep.insert(0, "a.");
  const std::vector<HostPattern> patterns = {pattern("*.z"), pattern(deep)};
  const HostIndex index(patterns);
  EXPECT_EQ(index.find(deep), 1U);
  EXPECT_EQ(index.find("b." + deep), 0U);
  std::string half(std::string_view(deep).substr(40));
  const std::string wild = "*." + half;
  const std::vector<HostPattern> nested = {pattern("*.z"), pattern(wild)};
  EXPECT_EQ(HostIndex(nested).find(deep), 1U);
}

}  // namespace
}  // namespace turnpike::route
