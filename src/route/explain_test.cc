#include "route/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "route/table.h"
#include "route/test_request.h"

namespace turnpike::route {
namespace {

TEST(Explain, NamesEveryVerdictInOrder) {
  const std::vector<Match> matches = {
      prefix("/pay", 0, "other.com"),                                         // host
      prefix("/users", 1),                                                    // path
      with_method(prefix("/pay", 2), http::Method::post),                     // method
      with_header(prefix("/pay", 3), "x-tenant", "a"),                        // header
      with_query(prefix("/pay", 4), "q", "[0-9]+", ValueMatch::Kind::regex),  // query
      prefix("/", 5),                                                         // shorter
      prefix("/pay", 6),                                                      // this one
  };
  const TestRequest request("GET", "/pay/1?q=x", {{"X-Tenant", "b"}});
  const auto out = explain(matches, "a.com", request.head);
  ASSERT_EQ(out.size(), matches.size());
  EXPECT_EQ(out[0].match, 6U);
  EXPECT_EQ(out[0].verdict, Verdict::matched);
  EXPECT_EQ(out[1].match, 5U);
  EXPECT_EQ(out[1].verdict, Verdict::lower_precedence);
  EXPECT_EQ(out[1].reason, "default/route rule 6 match 0 has the longer path '/pay'");
  EXPECT_EQ(out[2].reason, "query parameter 'q' is 'x', which does not match '[0-9]+'");
  EXPECT_EQ(out[3].reason, "header 'x-tenant' is 'b', not 'a'");
  EXPECT_EQ(out[4].reason, "the method is 'GET', not 'POST'");
  EXPECT_EQ(out[5].reason, "the path '/pay/1' is not '/users' or below it");
  EXPECT_EQ(out[6].reason, "the host is 'a.com', not 'other.com'");
}

TEST(Explain, SaysWhyTheWinnerWins) {
  const TestRequest request("GET", "/a?q=1", {{"x", "1"}});
  const auto reason = [&](Match loser, Match winner) {
    loser.precedence = {5, "b/b", 1, 1};
    if (winner.precedence.route == "default/route") winner.precedence = {5, "b/b", 0, 0};
    const std::vector<Match> both = {loser, winner};
    const auto out = explain(both, "h.com", request.head);
    EXPECT_EQ(out[0].match, 1U);
    return out[1].reason;
  };
  Match older = prefix("/a", 0);
  older.precedence = {1, "z/z", 0, 0};
  Match first = prefix("/a", 0);
  first.precedence = {5, "a/a", 3, 3};
  EXPECT_EQ(reason(prefix("/a", 0), prefix("/", 0, "*.com")),
            "b/b rule 0 match 0 has the more specific host '*.com'");
  EXPECT_EQ(reason(prefix("/a", 0), exact("/a", 0)), "b/b rule 0 match 0 has an exact path");
  EXPECT_EQ(reason(prefix("/a", 0), regex("/.*", 0)), "b/b rule 0 match 0 has a regular expression");
  EXPECT_EQ(reason(prefix("/a", 0), with_method(prefix("/a", 0), http::Method::get)),
            "b/b rule 0 match 0 asks for a method");
  EXPECT_EQ(reason(prefix("/a", 0), with_header(prefix("/a", 0), "x", "1")),
            "b/b rule 0 match 0 asks for more headers");
  EXPECT_EQ(reason(prefix("/a", 0), with_query(prefix("/a", 0), "q", "1")),
            "b/b rule 0 match 0 asks for more query parameters");
  EXPECT_EQ(reason(prefix("/a", 0), older), "z/z rule 0 match 0 is of the older route");
  EXPECT_EQ(reason(prefix("/a", 0), first), "a/a rule 3 match 3 is of the route that is first by name");
  EXPECT_EQ(reason(prefix("/a", 0), prefix("/a", 0)), "b/b rule 0 match 0 stands before it");
}

TEST(Explain, SaysWhatIsMissingAndShowsNoControlBytes) {
  const std::vector<Match> matches = {with_header(prefix("/", 0), "x", "1"),
                                      with_header(prefix("/", 1), "y", "1")};
  const std::string value = "\x1b[31m" + std::string(200, 'a');
  const TestRequest request("GET", "/", {{"y", value}});
  const auto out = explain(matches, "h", request.head);
  EXPECT_EQ(out[0].reason, "header 'x' is missing");
  EXPECT_EQ(out[1].reason.find('\x1b'), std::string::npos);
  EXPECT_LT(out[1].reason.size(), 200U);
}

}  // namespace
}  // namespace turnpike::route
