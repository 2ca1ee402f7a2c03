#include "policy/rewrite/rewrite.h"

#include <gtest/gtest.h>

#include "policy/testing.h"

namespace turnpike::policy {
namespace {

using Kind = PathModifierConfig::Kind;

TEST(Rewrite, ChangesHostAndPathAndKeepsTheQuery) {
  const auto policy = Rewrite::make({.hostname = "one.example.org", .path = {Kind::prefix, "/prefix"}});
  ASSERT_TRUE(policy) << policy.error();
  TestExchange test("/old/one?a=%2f&b", {{"Host", "example.com"}});
  test.exchange.matched_prefix = 4;
  EXPECT_EQ((*policy)->on_request(test.exchange), Verdict::next);
  EXPECT_EQ(test.request.path, "/prefix/one");
  EXPECT_TRUE(test.request.has_query);
  EXPECT_EQ(test.request.query, "a=%2f&b");
  EXPECT_EQ(test.exchange.rewritten_host, "one.example.org");
  EXPECT_EQ((*policy)->describe(), "host one.example.org; replace prefix by /prefix");
}

TEST(Rewrite, LeavesWhatItIsNotAskedToChange) {
  const auto host_only = Rewrite::make({.hostname = "a", .path = {}});
  TestExchange one("/x");
  (*host_only)->on_request(one.exchange);
  EXPECT_EQ(one.request.path, "/x");
  const auto path_only = Rewrite::make({.hostname = "", .path = {Kind::full, "/y"}});
  TestExchange two("/x");
  (*path_only)->on_request(two.exchange);
  EXPECT_EQ(two.request.path, "/y");
  EXPECT_EQ(two.exchange.rewritten_host, "");
  EXPECT_EQ((*path_only)->describe(), "replace path by /y");
}

TEST(Rewrite, RefusesHostsThatAreNone) {
  for (const std::string_view host : {"a b", "a:80", "A", "a\r\nX: y", "[::1]", "*.a"})
    EXPECT_FALSE(Rewrite::make({.hostname = std::string(host), .path = {}})) << host;
  EXPECT_FALSE(Rewrite::make({.hostname = "", .path = {Kind::full, "/a?b"}}));
}

}  // namespace
}  // namespace turnpike::policy
