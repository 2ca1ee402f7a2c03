// Matches of gRPC calls: what counts as one, and the precedence of GRPCRouteRule.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "route/explain.h"
#include "route/naive_match.h"
#include "route/test_request.h"

namespace turnpike::route {
namespace {

Match call(Match match) {
  match.grpc = true;
  return match;
}
Match weighing(Match match, std::uint32_t weight) {
  match.path.weight = weight;
  return match;
}
Match late(std::string_view pattern, std::uint32_t target) {
  return match_of("", PathMatch::Kind::late_regex, pattern, target);
}

// The target that a call reaches, -1 for none; the table, the explanation and the specification must agree.
int reached(const std::vector<Match>& matches, const TestRequest& request, std::string_view host = "a.com") {
  auto table = Table::compile(matches);
  EXPECT_TRUE(table) << table.error();
  Scratch scratch;
  const auto hit = table->find(host, request.head, scratch);
  const auto expected = naive::find(matches, host, request.head);
  EXPECT_EQ(hit ? static_cast<long>(hit->match_index) : -1, expected ? static_cast<long>(*expected) : -1);
  const auto explained = explain(matches, host, request.head);
  EXPECT_EQ(!explained.empty() && explained[0].verdict == Verdict::matched, hit.has_value());
  if (hit && !explained.empty()) EXPECT_EQ(explained[0].match, hit->match_index);
  return hit ? static_cast<int>(hit->target) : -1;
}
int call_reaches(const std::vector<Match>& matches, std::string_view path, Pairs more = {}) {
  TestRequest request("POST", path, {{"content-type", "application/grpc+proto"}});
  for (const auto& [name, value] : more) request.head.fields.add(request.arena, name, value);
  return reached(matches, request);
}

TEST(GrpcMatch, TakesCallsOnly) {
  const std::vector<Match> any{call(prefix("/", 1))};
  for (const char* type : {"application/grpc", "application/grpc+json", "Application/GRPC;x=1",
                           "application/grpc-web", "application/grpc-web-text+proto"}) {
    EXPECT_EQ(reached(any, TestRequest("POST", "/a.B/C", {{"content-type", type}})), 1) << type;
  }
  for (const char* type : {"application/grpcx", "application/grpc-webby", "text/plain", ""})
    EXPECT_EQ(reached(any, TestRequest("POST", "/a.B/C", {{"content-type", type}})), -1) << type;
  EXPECT_EQ(reached(any, TestRequest("GET", "/a.B/C", {{"content-type", "application/grpc"}})), -1);
  EXPECT_EQ(reached(any, TestRequest("POST", "/a.B/C")), -1);
}

TEST(GrpcMatch, TakesPreflightsOfBrowsers) {
  const std::vector<Match> any{call(prefix("/", 1))};
  EXPECT_EQ(reached(any, TestRequest("OPTIONS", "/a.B/C",
                                     {{"origin", "https://x"}, {"access-control-request-method", "POST"}})),
            1);
  EXPECT_EQ(reached(any, TestRequest("OPTIONS", "/a.B/C",
                                     {{"origin", "https://x"}, {"access-control-request-method", "PUT"}})),
            -1);
  EXPECT_EQ(reached(any, TestRequest("OPTIONS", "/a.B/C")), -1);
}

TEST(GrpcMatch, PrecedenceIsByServiceThenMethodThenHeaders) {
  const std::vector<Match> all{
      call(prefix("/", 0)),                                         // every call
      call(late("/[^/]+/(?:Get)", 1)),                              // a method of any service
      call(weighing(late("/[^/]+/(?:G.*)", 2), 1)),                 // a shorter one
      call(prefix("/shop.Cart", 3)),                                // a service
      call(weighing(regex("/(?:shop\\..*)/[^/]+", 4), 7 * 1025)),   // services
      call(weighing(regex("/(?:shop\\.C.*)/[^/]+", 5), 8 * 1025)),  // more of its name
      call(exact("/shop.Cart/Get", 6)),
      with_header(call(exact("/shop.Cart/Get", 7)), "version", "2"),
  };
  EXPECT_EQ(call_reaches(all, "/shop.Cart/Get", {{"version", "2"}}), 7);
  EXPECT_EQ(call_reaches(all, "/shop.Cart/Get"), 6);
  EXPECT_EQ(call_reaches(all, "/shop.Cart/Put"), 5);
  EXPECT_EQ(call_reaches(all, "/shop.Stock/Put"), 4);
  EXPECT_EQ(call_reaches(all, "/other.Cart/Get"), 1);
  EXPECT_EQ(call_reaches(all, "/other.Cart/Give"), 2);
  EXPECT_EQ(call_reaches(all, "/other.Cart/Put"), 0);
  // Without the expressions: a service goes before a method of any service.
  EXPECT_EQ(call_reaches({all[0], all[1], all[3]}, "/shop.Cart/Get"), 3);
  EXPECT_EQ(call_reaches({all[0], all[1], all[3]}, "/shop.Carts/Get"), 1);
}

TEST(GrpcMatch, ExplainSaysWhatIsMissing) {
  const std::vector<Match> any{call(prefix("/", 1))};
  const auto why = explain(any, "a.com", TestRequest("POST", "/a.B/C", {{"content-type", "text/x"}}).head);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].verdict, Verdict::method);
  EXPECT_EQ(why[0].reason, "it is no gRPC call (POST with the content-type application/grpc)");
}

}  // namespace
}  // namespace turnpike::route
