#include "route/table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "route/test_request.h"

namespace turnpike::route {
namespace {

constexpr int kNotFound = -1;

class RouteTable : public testing::Test {
 protected:
  void compile(std::vector<Match> matches) {
    auto table = Table::compile(matches);
    ASSERT_TRUE(table) << table.error();
    table_ = std::move(*table);
  }
  // The target, or kNotFound.
  int find(std::string_view host, std::string_view target, Pairs fields = {},
           std::string_view method = "GET") {
    const TestRequest request(method, target, fields);
    const auto hit = table_.find(host, request.head, scratch_);
    return hit ? static_cast<int>(hit->target) : kNotFound;
  }
  static std::string fault(const Match& match) {
    const auto table = Table::compile({&match, 1});
    return table ? "" : table.error();
  }

  Table table_;
  Scratch scratch_;
};

TEST_F(RouteTable, AnEmptyOneMatchesNothing) {
  EXPECT_TRUE(table_.empty());
  EXPECT_EQ(find("a.com", "/"), kNotFound);
  compile({});
  EXPECT_TRUE(table_.empty());
  EXPECT_EQ(find("a.com", "/"), kNotFound);
}

TEST_F(RouteTable, HTTPRouteMatching) {
  compile({prefix("/", 1), with_header(prefix("/", 1), "version", "one"), prefix("/v2", 2),
           with_header(prefix("/", 2), "version", "two")});
  EXPECT_EQ(find("x", "/"), 1);
  EXPECT_EQ(find("x", "/example"), 1);
  EXPECT_EQ(find("x", "/", {{"Version", "one"}}), 1);
  EXPECT_EQ(find("x", "/v2"), 2);
  EXPECT_EQ(find("x", "/v2/"), 2);
  EXPECT_EQ(find("x", "/v2example"), 1);
  EXPECT_EQ(find("x", "/foo/v2/example"), 1);
  EXPECT_EQ(find("x", "/v2/example"), 2);
  EXPECT_EQ(find("x", "/", {{"Version", "two"}}), 2);
}

TEST_F(RouteTable, HTTPRouteMatchingAcrossRoutes) {
  compile({prefix("/", 1, "example.com"), with_header(prefix("/", 1, "example.com"), "version", "one"),
           prefix("/", 1, "example.net"), with_header(prefix("/", 1, "example.net"), "version", "one"),
           prefix("/v2", 2, "example.com"), with_header(prefix("/", 2, "example.com"), "version", "two")});
  EXPECT_EQ(find("example.com", "/"), 1);
  EXPECT_EQ(find("example.com", "/example"), 1);
  EXPECT_EQ(find("example.net", "/example"), 1);
  EXPECT_EQ(find("example.com", "/example", {{"Version", "one"}}), 1);
  EXPECT_EQ(find("example.com", "/v2"), 2);
  EXPECT_EQ(find("example.net", "/v2"), 1);
  EXPECT_EQ(find("example.com", "/v2/example"), 2);
  EXPECT_EQ(find("example.com", "/", {{"Version", "two"}}), 2);
  EXPECT_EQ(find("example.org", "/"), kNotFound);
}

TEST_F(RouteTable, HTTPRoutePathMatchOrder) {
  compile({exact("/match/exact/one", 3), exact("/match/exact", 2), exact("/match", 1),
           prefix("/match/prefix/one", 2), prefix("/match/prefix/", 1), prefix("/match/", 3)});
  EXPECT_EQ(find("x", "/match/exact/one"), 3);
  EXPECT_EQ(find("x", "/match/exact"), 2);
  EXPECT_EQ(find("x", "/match"), 1);
  EXPECT_EQ(find("x", "/match/prefix/one/any"), 2);
  EXPECT_EQ(find("x", "/match/prefix/any"), 1);
  EXPECT_EQ(find("x", "/match/any"), 3);
}

TEST_F(RouteTable, HTTPRouteExactPathMatching) {
  compile({exact("/one", 1), exact("/two", 2), exact("/Three/", 3)});
  EXPECT_EQ(find("x", "/one"), 1);
  EXPECT_EQ(find("x", "/two"), 2);
  EXPECT_EQ(find("x", "/"), kNotFound);
  EXPECT_EQ(find("x", "/one/example"), kNotFound);
  EXPECT_EQ(find("x", "/two/"), kNotFound);
  EXPECT_EQ(find("x", "/Two"), kNotFound);
  EXPECT_EQ(find("x", "/Three"), kNotFound);
  EXPECT_EQ(find("x", "/Three/"), 3);
}

TEST_F(RouteTable, HTTPRouteHeaderMatching) {
  const Match any = prefix("/", 0);
  const auto to = [&](std::uint32_t target) {
    Match match = any;
    match.target = target;
    return match;
  };
  compile({with_header(to(1), "version", "one"), with_header(to(2), "version", "two"),
           with_header(with_header(to(1), "version", "two"), "color", "orange"),
           with_header(to(1), "color", "blue"), with_header(to(1), "color", "green"),
           with_header(to(2), "color", "red"), with_header(to(2), "color", "yellow")});
  EXPECT_EQ(find("x", "/", {{"Version", "one"}}), 1);
  EXPECT_EQ(find("x", "/", {{"Version", "two"}}), 2);
  EXPECT_EQ(find("x", "/", {{"Version", "two"}, {"Color", "orange"}}), 1);
  EXPECT_EQ(find("x", "/", {{"Color", "orange"}}), kNotFound);
  EXPECT_EQ(find("x", "/", {{"Some-Other-Header", "one"}}), kNotFound);
  EXPECT_EQ(find("x", "/", {{"Color", "blue"}}), 1);
  EXPECT_EQ(find("x", "/", {{"Color", "green"}}), 1);
  EXPECT_EQ(find("x", "/", {{"Color", "red"}}), 2);
  EXPECT_EQ(find("x", "/", {{"Color", "yellow"}}), 2);
  EXPECT_EQ(find("x", "/", {{"Color", "purple"}}), kNotFound);
}

// The first rule goes before the later one of the same route, as HTTPRouteHeaderMatching asks.
TEST_F(RouteTable, TiesGoToTheFirstRule) {
  Match two = with_header(prefix("/", 2), "version", "two");
  Match blue = with_header(prefix("/", 1), "color", "blue");
  two.precedence.rule = 1;
  blue.precedence.rule = 3;
  compile({blue, two});
  EXPECT_EQ(find("x", "/", {{"Version", "two"}, {"Color", "blue"}}), 2);
}

TEST_F(RouteTable, HTTPRouteQueryParamMatching) {
  compile({with_query(prefix("/", 1), "animal", "whale"), with_query(prefix("/", 2), "animal", "dolphin"),
           with_query(with_query(prefix("/", 3), "animal", "dolphin"), "color", "blue"),
           with_query(prefix("/", 3), "ANIMAL", "Whale"), with_query(prefix("/path1", 1), "animal", "whale"),
           with_header(with_query(prefix("/", 2), "animal", "whale"), "version", "one"),
           with_header(with_query(prefix("/path2", 3), "animal", "whale"), "version", "two"),
           with_query(prefix("/path3", 1), "animal", "shark"),
           with_header(with_query(prefix("/path4", 1), "animal", "kraken"), "version", "three"),
           with_query(prefix("/path5", 1), "animal", "hydra"),
           with_header(with_query(prefix("/", 3), "animal", "hydra"), "version", "four")});
  EXPECT_EQ(find("x", "/?animal=whale"), 1);
  EXPECT_EQ(find("x", "/?animal=dolphin"), 2);
  EXPECT_EQ(find("x", "/?animal=dolphin&color=blue"), 3);
  EXPECT_EQ(find("x", "/?ANIMAL=Whale"), 3);
  EXPECT_EQ(find("x", "/?animal=whale&otherparam=irrelevant"), 1);
  EXPECT_EQ(find("x", "/?animal=dolphin&color=yellow"), 2);
  EXPECT_EQ(find("x", "/?color=blue"), kNotFound);
  EXPECT_EQ(find("x", "/?animal=dog"), kNotFound);
  EXPECT_EQ(find("x", "/?animal=whaledolphin"), kNotFound);
  EXPECT_EQ(find("x", "/"), kNotFound);
  EXPECT_EQ(find("x", "/path1?animal=whale"), 1);
  EXPECT_EQ(find("x", "/?animal=whale", {{"version", "one"}}), 2);
  EXPECT_EQ(find("x", "/path2?animal=whale", {{"version", "two"}}), 3);
  EXPECT_EQ(find("x", "/path3?animal=shark"), 1);
  EXPECT_EQ(find("x", "/path4?animal=kraken", {{"version", "three"}}), 1);
  EXPECT_EQ(find("x", "/?animal=shark"), kNotFound);
  EXPECT_EQ(find("x", "/path4?animal=kraken"), kNotFound);
  EXPECT_EQ(find("x", "/path5?animal=hydra"), 1);
  EXPECT_EQ(find("x", "/?animal=hydra", {{"version", "four"}}), 3);
}

TEST_F(RouteTable, HTTPRouteMethodMatching) {
  using http::Method;
  compile({with_method(prefix("/", 1), Method::post), with_method(prefix("/", 2), Method::get),
           with_method(prefix("/path1", 1), Method::get),
           with_header(with_method(prefix("/", 2), Method::put), "version", "one"),
           with_header(with_method(prefix("/path2", 3), Method::post), "version", "two"),
           with_method(prefix("/path3", 1), Method::patch), with_method(prefix("/path5", 1), Method::patch),
           with_header(with_method(prefix("/", 2), Method::patch), "version", "four")});
  EXPECT_EQ(find("x", "/", {}, "POST"), 1);
  EXPECT_EQ(find("x", "/", {}, "GET"), 2);
  EXPECT_EQ(find("x", "/", {}, "HEAD"), kNotFound);
  EXPECT_EQ(find("x", "/", {}, "get"), kNotFound);
  EXPECT_EQ(find("x", "/path1", {}, "GET"), 1);
  EXPECT_EQ(find("x", "/", {{"version", "one"}}, "PUT"), 2);
  EXPECT_EQ(find("x", "/", {}, "PUT"), kNotFound);
  EXPECT_EQ(find("x", "/path2", {{"version", "two"}}, "POST"), 3);
  EXPECT_EQ(find("x", "/path3", {}, "PATCH"), 1);
  EXPECT_EQ(find("x", "/path5", {{"version", "four"}}, "PATCH"), 1);
  EXPECT_EQ(find("x", "/", {{"version", "four"}}, "PATCH"), 2);
}

TEST_F(RouteTable, HTTPRouteListenerHostnameMatching) {
  compile({prefix("/", 1, "bar.com"), prefix("/", 2, "foo.bar.com"), prefix("/", 3, "*.bar.com"),
           prefix("/", 4, "*.foo.com")});
  EXPECT_EQ(find("bar.com", "/"), 1);
  EXPECT_EQ(find("foo.bar.com", "/"), 2);
  EXPECT_EQ(find("baz.bar.com", "/"), 3);
  EXPECT_EQ(find("multiple.prefixes.bar.com", "/"), 3);
  EXPECT_EQ(find("multiple.prefixes.foo.com", "/"), 4);
  EXPECT_EQ(find("foo.com", "/"), kNotFound);
  EXPECT_EQ(find("no.matching.host", "/"), kNotFound);
  EXPECT_EQ(find("", "/"), kNotFound);
}

TEST_F(RouteTable, FallsThroughToLessSpecificHosts) {
  compile({prefix("/a", 1, "a.b.com"), prefix("/b", 2, "*.b.com"), prefix("/c", 3, "*.com"), prefix("/d", 4),
           prefix("/a", 5)});
  EXPECT_EQ(find("a.b.com", "/a"), 1);
  EXPECT_EQ(find("a.b.com", "/b"), 2);
  EXPECT_EQ(find("a.b.com", "/c"), 3);
  EXPECT_EQ(find("a.b.com", "/d"), 4);
  EXPECT_EQ(find("b.b.com", "/a"), 5);
  EXPECT_EQ(find("a.b.com", "/e"), kNotFound);
}

// A host decides before a path does: a catch-all of an exact host hides longer paths of a wildcard.
TEST_F(RouteTable, TheHostGoesBeforeThePath) {
  compile({prefix("/", 1, "example.com"), exact("/v2", 2, "*.com"), exact("/v2", 3)});
  EXPECT_EQ(find("example.com", "/v2"), 1);
  EXPECT_EQ(find("other.com", "/v2"), 2);
  EXPECT_EQ(find("other.org", "/v2"), 3);
}

TEST_F(RouteTable, PrefixesMatchWholeElements) {
  compile({prefix("/foo", 1), prefix("/foo/bar/", 2), prefix("/a/b/c/d/e/f", 3)});
  EXPECT_EQ(find("x", "/foo"), 1);
  EXPECT_EQ(find("x", "/foo/"), 1);
  EXPECT_EQ(find("x", "/foo/baz"), 1);
  EXPECT_EQ(find("x", "/foobar"), kNotFound);
  EXPECT_EQ(find("x", "/fo"), kNotFound);
  EXPECT_EQ(find("x", "/foo/bar"), 2);
  EXPECT_EQ(find("x", "/foo/bar/"), 2);
  EXPECT_EQ(find("x", "/foo/barbar"), 1);
  EXPECT_EQ(find("x", "/foo//bar"), 1);
  EXPECT_EQ(find("x", "//foo"), kNotFound);
  EXPECT_EQ(find("x", "/FOO"), kNotFound);
  EXPECT_EQ(find("x", "/a/b/c/d/e/f/g/h/i/j"), 3);
  EXPECT_EQ(find("x", "/a/b/c/d/e"), kNotFound);
  EXPECT_EQ(find("x", ""), kNotFound);
  EXPECT_EQ(find("x", "*", {}, "OPTIONS"), kNotFound);
}

TEST_F(RouteTable, TheRootPrefixMatchesEverything) {
  compile({prefix("/", 1)});
  EXPECT_EQ(find("x", "/"), 1);
  EXPECT_EQ(find("x", ""), 1);
  EXPECT_EQ(find("x", "*", {}, "OPTIONS"), 1);
  EXPECT_EQ(find("", "//"), 1);
}

TEST_F(RouteTable, DeepPrefixesAndLongPaths) {
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "/e";
  const std::string shallow = deep.substr(0, 140);
  compile({prefix(deep, 1), prefix(shallow, 2), prefix("/e", 3)});
  EXPECT_EQ(find("x", deep + "/e/e/e"), 1);
  EXPECT_EQ(find("x", deep.substr(0, deep.size() - 2)), 2);
  EXPECT_EQ(find("x", deep.substr(0, 138)), 3);
  std::string path;
  for (int i = 0; i < 30'000; ++i) path += "/e";
  EXPECT_EQ(find("x", path), 1);
  EXPECT_EQ(find("x", std::string(60'000, '/')), kNotFound);
}

TEST_F(RouteTable, FallsBackToShorterPrefixesWhereConditionsFail) {
  compile({with_header(prefix("/a/b", 1), "x", "1"), with_method(prefix("/a", 2), http::Method::post),
           prefix("/", 3), with_query(exact("/a/b", 4), "q", "1")});
  EXPECT_EQ(find("h", "/a/b", {{"x", "1"}}), 1);
  EXPECT_EQ(find("h", "/a/b?q=1", {{"x", "1"}}), 4);
  EXPECT_EQ(find("h", "/a/b", {}, "POST"), 2);
  EXPECT_EQ(find("h", "/a/b", {{"x", "2"}}), 3);
}

TEST_F(RouteTable, MethodThenHeadersThenQueryDecide) {
  using http::Method;
  compile({with_query(with_query(prefix("/", 1), "a", "1"), "b", "1"), with_header(prefix("/", 2), "x", "1"),
           with_header(with_header(prefix("/", 3), "x", "1"), "y", "1"),
           with_method(prefix("/", 4), Method::get), prefix("/", 5), with_query(prefix("/", 6), "a", "1")});
  EXPECT_EQ(find("h", "/?a=1&b=1", {{"x", "1"}, {"y", "1"}}), 4);
  EXPECT_EQ(find("h", "/?a=1&b=1", {{"x", "1"}, {"y", "1"}}, "PUT"), 3);
  EXPECT_EQ(find("h", "/?a=1&b=1", {{"x", "1"}}, "PUT"), 2);
  EXPECT_EQ(find("h", "/?a=1&b=1", {}, "PUT"), 1);
  EXPECT_EQ(find("h", "/?a=1", {}, "PUT"), 6);
  EXPECT_EQ(find("h", "/", {}, "PUT"), 5);
}

TEST_F(RouteTable, AgeThenNameThenRuleThenMatchDecide) {
  const auto made = [](std::int64_t created, std::string_view route, std::uint32_t rule, std::uint32_t index,
                       std::uint32_t target) {
    Match match = prefix("/", target);
    match.precedence = {created, route, rule, index};
    return match;
  };
  std::vector<Match> all = {made(9, "a/a", 0, 0, 1), made(5, "b/b", 0, 0, 2), made(5, "a/z", 1, 1, 3),
                            made(5, "a/z", 1, 0, 4), made(5, "a/z", 0, 7, 5)};
  // The one that should win is taken away each time.
  for (int expected : {5, 4, 3, 2, 1}) {
    compile(all);
    EXPECT_EQ(find("h", "/"), expected);
    std::erase_if(all, [&](const Match& m) { return m.target == static_cast<std::uint32_t>(expected); });
  }
}

TEST_F(RouteTable, HeaderNamesIgnoreCaseAndValuesDoNot) {
  compile(
      {with_header(prefix("/", 1), "X-Tenant", "Acme"), with_header(prefix("/", 2), "user-AGENT", "curl")});
  EXPECT_EQ(find("h", "/", {{"x-tenant", "Acme"}}), 1);
  EXPECT_EQ(find("h", "/", {{"X-TENANT", "acme"}}), kNotFound);
  EXPECT_EQ(find("h", "/", {{"USER-agent", "curl"}}), 2);
}

TEST_F(RouteTable, RepeatedFieldsAreJoined) {
  compile({with_header(prefix("/", 1), "x-a", "1,2"), with_header(prefix("/", 2), "cookie", "a=1; b=2"),
           with_header(prefix("/", 3), "accept", "x,.*,z", ValueMatch::Kind::regex),
           with_header(prefix("/", 4), "x-a", "1")});
  EXPECT_EQ(find("h", "/", {{"x-a", "1"}, {"other", "-"}, {"X-A", "2"}}), 1);
  EXPECT_EQ(find("h", "/", {{"x-a", "1,2"}}), 1);
  EXPECT_EQ(find("h", "/", {{"x-a", "1"}}), 4);
  EXPECT_EQ(find("h", "/", {{"x-a", "2"}, {"x-a", "1"}}), kNotFound);
  EXPECT_EQ(find("h", "/", {{"cookie", "a=1"}, {"Cookie", "b=2"}}), 2);
  EXPECT_EQ(find("h", "/", {{"accept", "x"}, {"accept", "y"}, {"accept", "z"}}), 3);
}

TEST_F(RouteTable, AnAuthorityStandsForTheHostField) {
  compile({with_header(prefix("/", 1), "host", "a.com:81")});
  TestRequest request("GET", "/");
  EXPECT_FALSE(table_.find("a.com", request.head, scratch_));
  request.head.authority = "a.com:81";
  EXPECT_TRUE(table_.find("a.com", request.head, scratch_));
}

// "If multiple entries specify equivalent header names, only the first entry MUST be considered."
TEST_F(RouteTable, OfConditionsWithOneNameTheFirstCounts) {
  compile({with_header(with_header(prefix("/", 1), "X", "1"), "x", "2"),
           with_query(with_query(prefix("/q", 2), "a", "1"), "a", "2")});
  EXPECT_EQ(find("h", "/", {{"x", "1"}}), 1);
  EXPECT_EQ(find("h", "/", {{"x", "2"}}), kNotFound);
  EXPECT_EQ(find("h", "/q?a=1"), 2);
  // ... nor do they count for precedence.
  compile(
      {with_header(with_header(prefix("/", 1), "x", "1"), "X", "2"), with_header(prefix("/", 0), "y", "1")});
  EXPECT_EQ(find("h", "/", {{"x", "1"}, {"y", "1"}}), 0);
}

TEST_F(RouteTable, QueryParametersAreDecoded) {
  compile({with_query(prefix("/", 1), "a b", "c&d"), with_query(prefix("/", 2), "empty", ""),
           with_query(prefix("/", 3), "100%", "%zz"),
           with_query(prefix("/", 4), "r", "x.y", ValueMatch::Kind::regex)});
  EXPECT_EQ(find("h", "/?a+b=c%26d"), 1);
  EXPECT_EQ(find("h", "/?a%20b=c%26d"), 1);
  EXPECT_EQ(find("h", "/?%61%20%62=%63%26%64"), 1);
  EXPECT_EQ(find("h", "/?a%2bb=c%26d"), kNotFound);
  EXPECT_EQ(find("h", "/?x=1&empty"), 2);
  EXPECT_EQ(find("h", "/?empty=&x=1"), 2);
  EXPECT_EQ(find("h", "/?empty=1"), kNotFound);
  EXPECT_EQ(find("h", "/?100%=%zz"), 3);
  EXPECT_EQ(find("h", "/?100%25=%25zz"), 3);
  EXPECT_EQ(find("h", "/?r=x%0ay"), 4);
  EXPECT_EQ(find("h", "/?r=x+y"), 4);
  EXPECT_EQ(find("h", "/?r=xy"), kNotFound);
}

TEST_F(RouteTable, TheFirstOfRepeatedParametersCounts) {
  compile({with_query(prefix("/", 1), "a", "1")});
  EXPECT_EQ(find("h", "/?a=1&a=2"), 1);
  EXPECT_EQ(find("h", "/?a=2&a=1"), kNotFound);
  EXPECT_EQ(find("h", "/?&&=&a=1"), 1);
  EXPECT_EQ(find("h", "/?a=1=2"), kNotFound);
  EXPECT_EQ(find("h", "/?aa=1"), kNotFound);
  EXPECT_EQ(find("h", "/?"), kNotFound);
}

TEST_F(RouteTable, RegularExpressionsMatchTheWholeAndGoBeforePrefixes) {
  compile({regex("/v[0-9]+/users", 1), regex("/v[0-9]+/.*", 2), exact("/v1/users", 3), prefix("/v2/users", 4),
           prefix("/", 5)});
  EXPECT_EQ(find("h", "/v1/users"), 3);
  EXPECT_EQ(find("h", "/v2/users"), 1);
  EXPECT_EQ(find("h", "/v2/users/7"), 2);
  EXPECT_EQ(find("h", "/v/users"), 5);
  EXPECT_EQ(find("h", "/x/v2/users"), 5);
}

TEST_F(RouteTable, RegularExpressionsOfOneHostFallThroughToOthers) {
  compile({regex("/a.*", 1, "a.com"),
           with_header(regex("/b.*", 2, "a.com"), "x", "[0-9]{3}", ValueMatch::Kind::regex),
           regex("/.*", 3)});
  EXPECT_EQ(find("a.com", "/a1"), 1);
  EXPECT_EQ(find("a.com", "/b1", {{"x", "123"}}), 2);
  EXPECT_EQ(find("a.com", "/b1", {{"x", "1234"}}), 3);
  EXPECT_EQ(find("b.com", "/a1"), 3);
}

TEST_F(RouteTable, CompileRefusesAndSaysWhere) {
  EXPECT_NE(
      fault(regex("/(", 4)).find("default/route, rule 4, match 0: the regular expression '/(' is refused"),
      std::string::npos);
  EXPECT_NE(fault(prefix("foo", 0)), "");
  EXPECT_NE(fault(exact("", 0)), "");
  EXPECT_NE(fault(with_header(prefix("/", 0), "", "x")), "");
  EXPECT_NE(fault(with_query(prefix("/", 0), "", "x")), "");
  EXPECT_EQ(fault(prefix("/" + std::string(kMaxPath - 1, 'a'), 0)), "");
  EXPECT_NE(fault(prefix("/" + std::string(kMaxPath, 'a'), 0)), "");
  EXPECT_NE(fault(prefix(std::string(kMaxElements, '/') + "/x", 0)), "");
  EXPECT_NE(fault(regex("/" + std::string(kMaxRegex, 'a'), 0)), "");
  EXPECT_NE(fault(regex("/((((x{100}){10}){10}){10})", 0)), "");
  Match many = prefix("/", 0);
  for (std::size_t i = 0; i <= kMaxConditions; ++i) many = with_header(many, "x", "y");
  EXPECT_NE(fault(many), "");
}

TEST_F(RouteTable, ARegularExpressionThatWouldExplodeElsewhereTakesLinearTime) {
  compile({regex("/(a*)*b", 1)});
  EXPECT_EQ(find("h", "/" + std::string(30'000, 'a')), kNotFound);
  EXPECT_EQ(find("h", "/" + std::string(30'000, 'a') + "b"), 1);
}

TEST_F(RouteTable, WorkersShareATableEachWithItsOwnExpressions) {
  const std::vector<Match> matches = {regex("/a[0-9]+", 1), prefix("/", 2)};
  constexpr unsigned kWorkers = 4;
  auto table = Table::compile(matches, {.workers = kWorkers});
  ASSERT_TRUE(table);
  std::vector<std::thread> threads;
  std::vector<int> wrong(kWorkers);
  threads.reserve(kWorkers);
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([&, worker] {
      Scratch scratch(worker);
      const TestRequest one("GET", "/a1");
      const TestRequest two("GET", "/b");
      for (int i = 0; i < 2000; ++i) {
        wrong[worker] += table->find("h", one.head, scratch)->target != 1;
        wrong[worker] += table->find("h", two.head, scratch)->target != 2;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(kWorkers));
}

TEST_F(RouteTable, KeepsItsOwnTexts) {
  {
    std::string path = "/a/long/enough/path/to/live/on/the/heap";
    std::string value = "a value that is long enough for the heap";
    Match match = with_header(prefix(path, 1), "x", value);
    compile({match});
    path.assign(path.size(), '-');
    value.assign(value.size(), '-');
  }
  EXPECT_EQ(find("h", "/a/long/enough/path/to/live/on/the/heap",
                 {{"x", "a value that is long enough for the heap"}}),
            1);
}

TEST_F(RouteTable, ASimpleRouteTakesLittleMemory) {
  std::vector<std::string> texts;
  texts.reserve(20'000);
  std::vector<Match> matches;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const std::string& host = texts.emplace_back("host-" + std::to_string(i % 500) + ".example.com");
    const std::string& path = texts.emplace_back("/service/" + std::to_string(i) + "/v1");
    matches.push_back(prefix(path, i, host));
  }
  compile(matches);
  EXPECT_LE(table_.memory() / matches.size(), 120U);
  EXPECT_EQ(find("host-77.example.com", "/service/577/v1/x"), 577);
  EXPECT_EQ(find("host-77.example.com", "/service/578/v1/x"), kNotFound);
  EXPECT_EQ(find("host-499.example.com", "/service/9999/v1"), 9999);
}

TEST_F(RouteTable, HitsNameTheMatch) {
  compile({prefix("/a", 7), prefix("/b", 7)});
  const TestRequest request("GET", "/b");
  const auto hit = table_.find("h", request.head, scratch_);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->match_index, 1U);
}

}  // namespace
}  // namespace turnpike::route
