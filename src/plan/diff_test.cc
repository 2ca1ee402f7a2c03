#include "plan/diff.h"

#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string route(std::string_view name, std::string_view path, std::string_view more = "") {
  return std::string("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: ") +
         std::string(name) +
         ", namespace: infra}\nspec:\n  parentRefs: [{name: gw}]\n  rules:\n  - matches: [{path: {value: " +
         std::string(path) + "}}]\n" + std::string(more) + "    backendRefs: [{name: web, port: 80}]\n---\n";
}

std::string change(const std::string& before, const std::string& after) {
  TestPlan test(before);
  const auto old = test.compiled.plan;
  test.recompile(after);
  return diff(*old, *test.compiled.plan).text();
}

const std::string kBase = std::string(kGateway) + kService;

TEST(Diff, NothingChanged) {
  EXPECT_EQ(change(kBase + route("a", "/a"), kBase + route("a", "/a")), "nothing changed");
}

TEST(Diff, CountsRoutes) {
  EXPECT_EQ(change(kBase + route("a", "/a"), kBase + route("a", "/a") + route("b", "/b")),
            "routes +1 -0 ~0; listeners unchanged; upstreams unchanged");
  EXPECT_EQ(change(kBase + route("a", "/a") + route("b", "/b"), kBase + route("b", "/c")),
            "routes +0 -1 ~1; listeners unchanged; upstreams unchanged");
  EXPECT_EQ(change(kBase + route("a", "/a"), kBase + route("a", "/a", "    timeouts: {request: 1s}\n")),
            "routes +0 -0 ~1; listeners unchanged; upstreams unchanged");
  EXPECT_EQ(
      change(
          kBase + route("a", "/a"),
          kBase +
              route("a", "/a",
                    "    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [X]}}]\n")),
      "routes +0 -0 ~1; listeners unchanged; upstreams unchanged");
}

TEST(Diff, CountsListenersAndUpstreams) {
  std::string other = kBase + route("a", "/a");
  other.replace(other.find("10.0.0.1"), 8, "10.0.0.2");
  EXPECT_EQ(change(kBase + route("a", "/a"), other),
            "routes unchanged; listeners unchanged; upstreams +0 -0 ~1");
  other = kBase + route("a", "/a");
  other.replace(other.find("port: 8080"), 10, "port: 8081");
  EXPECT_EQ(change(kBase + route("a", "/a"), other),
            "routes unchanged; listeners +1 -1 ~0; ports +1 -1 ~0; upstreams unchanged");
}

}  // namespace
}  // namespace turnpike::plan
