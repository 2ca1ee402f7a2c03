// GRPCRoute: what the status says and which rule a call reaches. Test names are ShortNames of Gateway API's
// conformance suite where there is one.
#include <gtest/gtest.h>

#include "plan/diff.h"
#include "plan/explain.h"
#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string with_gateway(std::string_view rest) {
  return std::string(kGateway) + kService + std::string(rest);
}
std::string route_of(std::string_view kind, std::string_view name, std::string_view more,
                     std::string_view meta = "") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: " + std::string(kind) +
         "\nmetadata: {name: " + std::string(name) + ", namespace: infra" + std::string(meta) +
         "}\nspec:\n  parentRefs: [{name: gw}]\n" + std::string(more) + "---\n";
}
std::string grpc(std::string_view rules) {
  return with_gateway(route_of("GRPCRoute", "g", "  rules:\n" + std::string(rules)));
}

// What the Service infra/web is called when calls go there.
const std::string kWeb = "infra/web:80 (HTTP/2)";

std::string call(const TestPlan& test, std::string_view path, std::string_view host = "x") {
  return test.send(8080, host, path, {{"content-type", "application/grpc"}}, "POST");
}

TEST(GRPCExactMethodMatching, CallsOnly) {
  const TestPlan test(
      grpc("  - {matches: [{method: {service: a.B, method: One}}], backendRefs: [{name: web, port: 80}]}\n"
           "  - {name: two, matches: [{method: {service: a.B, method: Two}}], backendRefs: [{name: web, "
           "port: 80}]}\n"));
  EXPECT_EQ(test.parent("GRPCRoute infra/g", "Accepted"), "True Accepted");
  EXPECT_EQ(call(test, "/a.B/One"), "infra/g 0 -> " + kWeb);
  EXPECT_EQ(call(test, "/a.B/Two"), "infra/g two -> " + kWeb);
  EXPECT_EQ(call(test, "/a.B/Three"), "404 no route");
  EXPECT_EQ(call(test, "/a.B/one"), "404 no route");
  EXPECT_EQ(test.send(8080, "x", "/a.B/One"), "404 no route");
}

TEST(GRPCRouteHeaderMatching, AsForHTTP) {
  const TestPlan test(grpc(
      "  - {matches: [{headers: [{name: version, value: one}]}], backendRefs: [{name: web, port: 80}]}\n"));
  EXPECT_EQ(
      test.send(8080, "x", "/a.B/C", {{"content-type", "application/grpc"}, {"Version", "one"}}, "POST"),
      "infra/g 0 -> " + kWeb);
  EXPECT_EQ(call(test, "/a.B/C"), "404 no route");
}

TEST(GRPCRoute, IsAKindThatListenersSupport) {
  const TestPlan test(grpc("  - {}\n"));
  using enum resource::Kind;
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").supported_kinds,
            (std::vector{http_route, grpc_route}));
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").attached_routes, 1U);
}

TEST(GRPCRoute, AllowedRoutesMayShutItOut) {
  const std::string gateway =
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
      "infra}\nspec:\n"
      "  gatewayClassName: turnpike\n  listeners: [{name: http, port: 8080, protocol: HTTP, allowedRoutes: "
      "{kinds: [{kind: ";
  const TestPlan http(gateway + "HTTPRoute}]}}]\n---\n" + route_of("GRPCRoute", "g", "  rules: [{}]\n"));
  EXPECT_EQ(http.parent("GRPCRoute infra/g", "Accepted"), "False NotAllowedByListeners");
  EXPECT_EQ(http.parent_message("GRPCRoute infra/g", "Accepted"),
            "no listener of Gateway gw allows GRPCRoutes of the namespace 'infra'");
  const TestPlan grpc_only(gateway + "GRPCRoute}]}}]\n---\n" + route_of("GRPCRoute", "g", "  rules: [{}]\n") +
                           route_of("HTTPRoute", "h", "  rules: [{}]\n"));
  EXPECT_EQ(grpc_only.parent("GRPCRoute infra/g", "Accepted"), "True Accepted");
  EXPECT_EQ(grpc_only.parent("HTTPRoute infra/h", "Accepted"), "False NotAllowedByListeners");
}

TEST(GRPCRoute, TheOlderOfTwoKindsKeepsAHostname) {
  struct Case {
    const char *http_meta, *http_hosts, *grpc_meta, *grpc_hosts, *http, *grpc;
  };
  const char* const old = ", creationTimestamp: '2026-01-01T00:00:00Z'";
  const char* const young = ", creationTimestamp: '2026-01-02T00:00:00Z'";
  const char* const in = "True Accepted";
  const char* const out = "False HostnameConflict";
  const Case cases[] = {
      {old, "[a.com]", young, "[a.com]", in, out},
      {young, "[a.com]", old, "[a.com]", out, in},
      {old, "[a.com]", old, "[a.com]", out, in},  // "g" is before "h"
      {old, "[a.com]", young, "[b.com]", in, in},
      {old, "['*.a.com']", young, "[b.a.com]", in, out},
      {young, "['*.a.com']", old, "[b.a.com]", out, in},
      {old, "[b.a.com]", young, "['*.a.com']", in, out},
      {old, "[a.com]", young, "['*.a.com']", in, in},
      {old, "['*.b.a.com']", young, "['*.a.com']", in, out},
      {old, "[]", young, "[a.com]", in, out},
      {old, "[c.com, a.com]", young, "[a.com, d.com]", in, out},
  };
  for (const Case& c : cases) {
    const TestPlan test(with_gateway(
        route_of("HTTPRoute", "h", "  hostnames: " + std::string(c.http_hosts) + "\n  rules: [{}]\n",
                 c.http_meta) +
        route_of("GRPCRoute", "g", "  hostnames: " + std::string(c.grpc_hosts) + "\n  rules: [{}]\n",
                 c.grpc_meta)));
    SCOPED_TRACE(std::string(c.http_hosts) + c.grpc_hosts + c.http_meta);
    EXPECT_EQ(test.parent("HTTPRoute infra/h", "Accepted"), c.http);
    EXPECT_EQ(test.parent("GRPCRoute infra/g", "Accepted"), c.grpc);
    EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").attached_routes,
              1U + (std::string_view(c.http) == c.grpc ? 1 : 0));
  }
}

TEST(GRPCRoute, AConflictOnOneListenerLeavesTheOthers) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
      "infra}\nspec:\n"
      "  gatewayClassName: turnpike\n  listeners:\n  - {name: one, port: 8080, protocol: HTTP}\n"
      "  - {name: two, port: 8081, protocol: HTTP}\n---\n"
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a, namespace: "
      "infra}\nspec:\n"
      "  parentRefs: [{name: gw, sectionName: one}]\n---\n"
      "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: g, namespace: "
      "infra}\nspec:\n"
      "  parentRefs: [{name: gw}, {name: gw, sectionName: one}]\n");
  EXPECT_EQ(test.parent("GRPCRoute infra/g", "Accepted", 0), "True Accepted");
  EXPECT_EQ(test.parent("GRPCRoute infra/g", "Accepted", 1), "False HostnameConflict");
  EXPECT_EQ(test.send(8081, "x", "/a.B/C", {{"content-type", "application/grpc"}}, "POST"),
            "infra/g 0 -> 500");
  EXPECT_EQ(call(test, "/a.B/C"), "infra/a 0 -> 500");  // HTTPRoutes take calls too
  EXPECT_NE(test.diagnostics().find("a listener of Gateway gw has a hostname in common"), std::string::npos)
      << test.diagnostics();
}

TEST(GRPCRouteNamedRule, APolicyMayNameIt) {
  const TestPlan test(
      grpc("  - {name: main, backendRefs: [{name: web, port: 80}]}\n") +
      "apiVersion: turnpike.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: p, namespace: infra}\nspec:\n"
      "  targetRefs: [{group: gateway.networking.k8s.io, kind: GRPCRoute, name: g, sectionName: main}]\n"
      "  timeouts: {request: 7s}\n");
  const Rule* rule = &test.compiled.plan->rules.at(0);
  EXPECT_EQ(rule->rule, "main");
  EXPECT_TRUE(rule->grpc);
  EXPECT_EQ(rule->timeouts.request, std::chrono::seconds(7));
  EXPECT_EQ(test.condition("TrafficPolicy infra/p", "Accepted") +
                test.ancestor("TrafficPolicy infra/p", "Accepted"),
            "True Accepted");
}

TEST(GRPCRoute, ReferenceGrantsNameItsKind) {
  const auto grant = [](std::string_view kind) {
    return grpc("  - backendRefs: [{name: other, namespace: apps, port: 80}]\n") +
           "apiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {name: r, namespace: "
           "apps}\n"
           "spec:\n  from: [{group: gateway.networking.k8s.io, kind: " +
           std::string(kind) + ", namespace: infra}]\n  to: [{group: '', kind: Service}]\n";
  };
  EXPECT_EQ(TestPlan(grant("HTTPRoute")).parent("GRPCRoute infra/g", "ResolvedRefs"),
            "False RefNotPermitted");
  EXPECT_EQ(TestPlan(grant("GRPCRoute")).parent("GRPCRoute infra/g", "ResolvedRefs"),
            "False BackendNotFound");
}

TEST(GRPCRoute, BackendsAreSpokenToWithHTTP2) {
  const TestPlan test(grpc("  - backendRefs: [{name: web, port: 80}]\n") +
                      route_of("HTTPRoute", "h",
                               "  hostnames: [h.com]\n  rules: [{backendRefs: [{name: web, port: "
                               "80}]}]\n",
                               ", creationTimestamp: '2026-01-01T00:00:00Z'"));
  const auto* cluster = test.cluster("infra/web:80 (HTTP/2)");
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(cluster->protocol, upstream::Protocol::h2c);
}

TEST(GRPCRoute, ABadExpressionIsPartlyInvalid) {
  const TestPlan test(
      grpc("  - {matches: [{headers: [{name: a, type: RegularExpression, value: '('}]}]}\n  - {}\n"));
  EXPECT_EQ(test.parent("GRPCRoute infra/g", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("GRPCRoute infra/g", "PartiallyInvalid"), "True UnsupportedValue");
}

TEST(GRPCRoute, IsExplained) {
  const TestPlan test(
      grpc("  - {matches: [{method: {service: a.B, method: C}}], backendRefs: [{name: web, port: 80}]}\n"));
  const Explanation why = explain(
      test.loaded.store,
      {.method = "POST", .url = "http://x:8080/a.B/C", .headers = {{"content-type", "application/grpc"}}});
  ASSERT_FALSE(why.candidates.empty());
  EXPECT_TRUE(why.candidates[0].matched);
  EXPECT_EQ(why.candidates[0].match, "gRPC, Exact /a.B/C");
}

TEST(GRPCRoute, ChangesAreSeenByDiff) {
  TestPlan test(grpc("  - {matches: [{method: {service: a.B, method: C}}]}\n"));
  const auto before = test.compiled.plan;
  test.recompile(grpc("  - {matches: [{method: {service: a.B, method: D}}]}\n"));
  EXPECT_EQ(diff(*before, *test.compiled.plan).routes.changed, 1U);
}

}  // namespace
}  // namespace turnpike::plan
