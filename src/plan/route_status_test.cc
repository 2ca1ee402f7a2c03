// What the conformance tests of HTTPRoute ask of the status, and of which rule a request reaches. Test names
// are their ShortNames (Gateway API v1.6).
#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string with_gateway(std::string_view rest) {
  return std::string(kGateway) + kService + std::string(rest);
}

// An HTTPRoute infra/r of the Gateway infra/gw.
std::string route(std::string_view rules, std::string_view parents = "[{name: gw}]",
                  std::string_view more = "") {
  return with_gateway(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: infra}\n"
      "spec:\n  parentRefs: " +
      std::string(parents) + "\n" + std::string(more) + "  rules:\n" + std::string(rules));
}

constexpr std::string_view kToWeb = "  - backendRefs: [{name: web, port: 80}]\n";

TEST(HTTPRouteSimpleSameNamespace, IsAccepted) {
  const TestPlan test(route(kToWeb));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> infra/web:80");
  const auto* cluster = test.cluster("infra/web:80");
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(cluster->endpoints.at(0).port, 9000);
  EXPECT_EQ(test.diagnostics(), "");
}

TEST(HTTPRouteCrossNamespace, NeedsTheListenersConsent) {
  const auto other = [](std::string_view from) {
    return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
           "infra}\nspec:\n"
           "  gatewayClassName: turnpike\n  listeners:\n  - {name: http, port: 8080, protocol: HTTP, "
           "allowedRoutes: "
           "{namespaces: " +
           std::string(from) +
           "}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: apps, "
           "labels: {team: red}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: "
           "{name: r, "
           "namespace: apps}\nspec:\n  parentRefs: [{name: gw, namespace: infra}]\n  rules: [{filters: "
           "[{type: "
           "RequestRedirect, requestRedirect: {hostname: a}}]}]\n";
  };
  EXPECT_EQ(TestPlan(other("{from: All}")).parent("HTTPRoute apps/r", "Accepted"), "True Accepted");
  EXPECT_EQ(TestPlan(other("{from: Same}")).parent("HTTPRoute apps/r", "Accepted"),
            "False NotAllowedByListeners");
  EXPECT_EQ(TestPlan(other("{from: Selector, selector: {matchLabels: {team: red}}}"))
                .parent("HTTPRoute apps/r", "Accepted"),
            "True Accepted");
  EXPECT_EQ(TestPlan(other("{from: Selector, selector: {matchLabels: {team: blue}}}"))
                .parent("HTTPRoute apps/r", "Accepted"),
            "False NotAllowedByListeners");
  EXPECT_EQ(TestPlan(other("{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: apps}}}"))
                .parent("HTTPRoute apps/r", "Accepted"),
            "True Accepted");
}

TEST(HTTPRouteInvalidCrossNamespaceParentRef, IsNotAllowedByListeners) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
      "infra}\nspec: "
      "{gatewayClassName: turnpike, listeners: [{name: http, port: 8080, protocol: HTTP}]}\n---\n"
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
      "web}\nspec:\n"
      "  parentRefs: [{name: gw, namespace: infra}]\n");
  EXPECT_EQ(test.parent("HTTPRoute web/r", "Accepted"), "False NotAllowedByListeners");
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").attached_routes, 0u);
  EXPECT_NE(test.diagnostics().find("see allowedRoutes of the listener"), std::string::npos)
      << test.diagnostics();
}

TEST(HTTPRouteDisallowedKind, IsNotAllowedByListeners) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
      "infra}\nspec: "
      "{gatewayClassName: turnpike, listeners: [{name: tls, port: 8443, protocol: TLS, tls: {mode: "
      "Passthrough}, "
      "allowedRoutes: {kinds: [{kind: TLSRoute}]}}]}\n---\n" +
      std::string(kService) +
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
      "infra}\nspec: "
      "{parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "False NotAllowedByListeners");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "True ResolvedRefs");
}

TEST(HTTPRouteInvalidParentRefNotMatchingSectionName, HasNoMatchingParent) {
  const TestPlan test(route(kToWeb, "[{name: gw, sectionName: htpp}]"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "False NoMatchingParent");
  EXPECT_NE(test.diagnostics().find("did you mean 'http'"), std::string::npos) << test.diagnostics();
}

TEST(HTTPRouteInvalidParentRefNotMatchingListenerPort, HasNoMatchingParent) {
  EXPECT_EQ(TestPlan(route(kToWeb, "[{name: gw, port: 81}]")).parent("HTTPRoute infra/r", "Accepted"),
            "False NoMatchingParent");
}

TEST(HTTPRouteInvalidParentRefSectionNameNotMatchingPort, HasNoMatchingParent) {
  EXPECT_EQ(TestPlan(route(kToWeb, "[{name: gw, sectionName: http, port: 81}]"))
                .parent("HTTPRoute infra/r", "Accepted"),
            "False NoMatchingParent");
  EXPECT_EQ(TestPlan(route(kToWeb, "[{name: gw, sectionName: http, port: 8080}]"))
                .parent("HTTPRoute infra/r", "Accepted"),
            "True Accepted");
}

TEST(ParentRefs, ThatLeadNowhere) {
  const TestPlan missing(route(kToWeb, "[{name: gv}]"));
  EXPECT_EQ(missing.parent("HTTPRoute infra/r", "Accepted"), "False NoMatchingParent");
  EXPECT_NE(missing.diagnostics().find("did you mean 'gw'"), std::string::npos) << missing.diagnostics();
  const TestPlan service(route(kToWeb, "[{group: '', kind: Service, name: web}]"));
  EXPECT_EQ(service.parent("HTTPRoute infra/r", "Accepted"), "False UnsupportedValue");
  EXPECT_NE(service.diagnostics().find("mesh"), std::string::npos);
}

TEST(HTTPRouteInvalidNonExistentBackendRef, Gets500) {
  const TestPlan test(route("  - backendRefs: [{name: webb, port: 80}]\n"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
  EXPECT_NE(test.diagnostics().find("did you mean 'web'"), std::string::npos) << test.diagnostics();
  EXPECT_EQ(TestPlan(route("  - backendRefs: [{name: web, port: 81}]\n"))
                .parent("HTTPRoute infra/r", "ResolvedRefs"),
            "False BackendNotFound");
}

TEST(HTTPRouteInvalidBackendRefUnknownKind, Gets500) {
  const TestPlan test(
      route("  - backendRefs: [{group: unknown.example.io, kind: NonExistent, name: web, port: 80}]\n"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False InvalidKind");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
}

constexpr std::string_view kOther = R"(---
apiVersion: v1
kind: Service
metadata: {name: away, namespace: other}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: away-1, namespace: other, labels: {kubernetes.io/service-name: away}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.1.0.1]}]
)";

std::string grant(std::string_view from, std::string_view to, std::string_view namespace_ = "other") {
  return "---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, "
         "namespace: " +
         std::string(namespace_) + "}\nspec: {from: [" + std::string(from) + "], to: [" + std::string(to) +
         "]}\n";
}

constexpr std::string_view kFromRoutes =
    "{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: infra}";

TEST(HTTPRouteReferenceGrant, LetsReferencesCross) {
  const std::string to_away =
      route("  - backendRefs: [{name: away, namespace: other, port: 80}]\n") + std::string(kOther);
  for (const std::string_view to : {"{group: '', kind: Service}", "{group: '', kind: Service, name: away}"}) {
    const TestPlan test(to_away + grant(kFromRoutes, to));
    EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "True ResolvedRefs") << to;
    EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> other/away:80");
  }
}

TEST(HTTPRouteInvalidCrossNamespaceBackendRef, IsNotPermitted) {
  const TestPlan test(route("  - backendRefs: [{name: away, namespace: other, port: 80}]\n") +
                      std::string(kOther));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False RefNotPermitted");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
}

TEST(HTTPRouteInvalidReferenceGrant, IsNotPermitted) {
  const std::string to_away =
      route("  - backendRefs: [{name: away, namespace: other, port: 80}]\n") + std::string(kOther);
  const std::string service = "{group: '', kind: Service}";
  for (const std::string& wrong : {
           grant("{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}", service),
           grant("{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: web}", service),
           grant("{group: other.example, kind: HTTPRoute, namespace: infra}", service),
           grant(kFromRoutes, "{group: '', kind: Secret}"),
           grant(kFromRoutes, "{group: '', kind: Service, name: another}"),
           grant(kFromRoutes, service, "infra"),
       }) {
    const TestPlan test(to_away + wrong);
    EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False RefNotPermitted") << wrong;
  }
}

TEST(HTTPRoutePartiallyInvalidViaInvalidReferenceGrant, ServesWhatIsValid) {
  const TestPlan test(
      route("  - matches: [{path: {value: /away}}]\n    backendRefs: [{name: away, namespace: other, port: "
            "80}]\n  - matches: [{path: {value: /web}}]\n    backendRefs: [{name: web, port: 80}]\n") +
      std::string(kOther));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False RefNotPermitted");
  EXPECT_EQ(test.send(8080, "x", "/away"), "infra/r 0 -> 500");
  EXPECT_EQ(test.send(8080, "x", "/web"), "infra/r 1 -> infra/web:80");
}

TEST(HTTPRouteNoBackendRefs, Gets500) {
  const TestPlan test(route("  - matches: [{path: {value: /}}]\n"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
  EXPECT_EQ(TestPlan(route("  - backendRefs: [{name: web, port: 80, weight: 0}]\n")).send(8080, "x", "/"),
            "infra/r 0 -> infra/web:80*0 500");
}

TEST(HTTPRouteWeight, InvalidBackendsKeepTheirShare) {
  const TestPlan test(
      route("  - backendRefs: [{name: web, port: 80, weight: 70}, {name: gone, port: 80, weight: 30}]\n"));
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> infra/web:80*70 500*30");
  EXPECT_EQ(test.rule(8080, "x", "/")->total_weight, 100u);
}

TEST(HTTPRouteHostnameIntersection, AttachesWhereHostnamesMeet) {
  std::string yaml = std::string(kService) + R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: listener-1, port: 80, protocol: HTTP, hostname: very.specific.com}
  - {name: listener-2, port: 80, protocol: HTTP, hostname: "*.wildcard.io"}
  - {name: listener-3, port: 80, protocol: HTTP, hostname: "*.anotherwildcard.io"}
)";
  const std::pair<std::string_view, std::string_view> routes[] = {
      {"s1", "[non.matching.com, '*.nonmatchingwildcard.io', very.specific.com]"},
      {"s2", "[non.matching.com, wildcard.io, foo.wildcard.io, bar.wildcard.io, foo.bar.wildcard.io]"},
      {"s3", "[non.matching.com, '*.specific.com']"},
      {"s4", "['*.anotherwildcard.io']"},
      {"s5", "[specific.but.wrong.com, wildcard.io]"}};
  for (const auto& [name, hosts] : routes) {
    yaml += "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " +
            std::string(name) +
            ", namespace: infra}\nspec:\n  parentRefs: [{name: gw}]\n  hostnames: " + std::string(hosts) +
            "\n  rules: [{matches: [{path: {value: /" + std::string(name) +
            "}}], backendRefs: [{name: web, port: 80}]}]\n";
  }
  const TestPlan test(yaml);
  const auto reached = [&](std::string_view host, std::string_view path) {
    const std::string answer = test.send(80, host, path);
    return answer.starts_with("404") ? "404" : answer.substr(6, 2);
  };
  struct Case {
    std::string_view host, path, expected;
  };
  for (const Case& c : {Case{"very.specific.com", "/s1", "s1"},
                        {"non.matching.com", "/s1", "404"},
                        {"foo.nonmatchingwildcard.io", "/s1", "404"},
                        {"foo.wildcard.io", "/s1", "404"},
                        {"foo.wildcard.io", "/s2", "s2"},
                        {"foo.bar.wildcard.io", "/s2", "s2"},
                        {"wildcard.io", "/s2", "404"},
                        {"baz.wildcard.io", "/s2", "404"},
                        {"very.specific.com", "/s3", "s3"},
                        {"foo.specific.com", "/s3", "404"},
                        {"foo.anotherwildcard.io", "/s4", "s4"},
                        {"foo.bar.anotherwildcard.io", "/s4", "s4"},
                        {"anotherwildcard.io", "/s4", "404"},
                        {"specific.but.wrong.com", "/s5", "404"}})
    EXPECT_EQ(reached(c.host, c.path), c.expected) << c.host << c.path;
  EXPECT_EQ(test.parent("HTTPRoute infra/s5", "Accepted"), "False NoMatchingListenerHostname");
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "listener-1").attached_routes, 2u);
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "listener-2").attached_routes, 1u);
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "listener-3").attached_routes, 1u);
}

TEST(Filters, ThatCannotBeMadeAnswer500AndDoNotFallThrough) {
  const TestPlan test(
      route("  - matches: [{path: {value: /a}}]\n    filters: [{type: ExtensionRef, extensionRef: {group: "
            "example.com, kind: Filter, name: f}}]\n    backendRefs: [{name: web, port: 80}]\n"
            "  - backendRefs: [{name: web, port: 80}]\n"));
  EXPECT_EQ(test.send(8080, "x", "/a"), "infra/r 0 -> 500");
  EXPECT_EQ(test.send(8080, "x", "/b"), "infra/r 1 -> infra/web:80");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "PartiallyInvalid"), "True UnsupportedValue");
  EXPECT_TRUE(test.parent_message("HTTPRoute infra/r", "PartiallyInvalid")
                  .starts_with("Dropped Rule 0: filter ExtensionRef"))
      << test.parent_message("HTTPRoute infra/r", "PartiallyInvalid");
  EXPECT_TRUE(resource::has_errors(test.compiled.diagnostics));
}

TEST(Filters, ThatAreAllBadMakeTheRouteUnsupported) {
  const TestPlan test(route(
      "  - filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Filter, name: f}}]\n"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "False UnsupportedValue");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "PartiallyInvalid"), "");
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").attached_routes, 0u);
}

TEST(Matches, WithBadExpressionsHurtNobodyElse) {
  const TestPlan test(
      route("  - matches: [{path: {type: RegularExpression, value: '/a('}}, {path: {value: /b}}]\n"
            "    backendRefs: [{name: web, port: 80}]\n  - matches: [{path: {value: /c}}]\n"
            "    backendRefs: [{name: web, port: 80}]\n"));
  EXPECT_EQ(test.send(8080, "x", "/b"), "infra/r 0 -> infra/web:80");
  EXPECT_EQ(test.send(8080, "x", "/c"), "infra/r 1 -> infra/web:80");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "PartiallyInvalid"), "True UnsupportedValue");
  EXPECT_TRUE(resource::has_errors(test.compiled.diagnostics));
}

TEST(HTTPRouteListenerPortMatching, SectionNameAndPortChooseListeners) {
  const TestPlan test(std::string(kService) + R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: a, port: 80, protocol: HTTP}
  - {name: b, port: 81, protocol: HTTP, hostname: x.com}
  - {name: c, port: 81, protocol: HTTP, hostname: y.com}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-port, namespace: infra}
spec: {parentRefs: [{name: gw, port: 81}], rules: [{matches: [{path: {value: /p}}], backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-section, namespace: infra}
spec: {parentRefs: [{name: gw, sectionName: c}], rules: [{matches: [{path: {value: /s}}], backendRefs: [{name: web, port: 80}]}]}
)");
  EXPECT_EQ(test.send(80, "x.com", "/p"), "404 no route");
  EXPECT_EQ(test.send(81, "x.com", "/p"), "infra/by-port 0 -> infra/web:80");
  EXPECT_EQ(test.send(81, "y.com", "/p"), "infra/by-port 0 -> infra/web:80");
  EXPECT_EQ(test.send(81, "y.com", "/s"), "infra/by-section 0 -> infra/web:80");
  EXPECT_EQ(test.send(81, "x.com", "/s"), "404 no route");
  EXPECT_EQ(test.send(81, "z.com", "/s"), "404 no listener");
}

TEST(HTTPRouteServiceTypes, EndpointsComeFromSlices) {
  const TestPlan test(with_gateway(R"(apiVersion: v1
kind: Service
metadata: {name: headless, namespace: infra}
spec: {clusterIP: None, ports: [{name: a, port: 8080, targetPort: web}, {name: b, port: 8081, appProtocol: kubernetes.io/h2c}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: h-1, namespace: infra, labels: {kubernetes.io/service-name: headless}}
addressType: IPv4
ports: [{name: a, port: 3000}, {name: b, port: 3001}]
endpoints:
- {addresses: [10.0.0.1]}
- {addresses: [10.0.0.2], conditions: {ready: false}}
- {addresses: [10.0.0.3], conditions: {ready: true, terminating: true}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: h-2, namespace: infra, labels: {kubernetes.io/service-name: headless}}
addressType: IPv6
ports: [{name: a, port: 4000}]
endpoints: [{addresses: ["fd00::1"], zone: z1}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: infra}
spec: {type: ExternalName, externalName: example.com, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: lonely, namespace: infra}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: infra}
spec: {ports: [{port: 80, appProtocol: mongo}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: infra}
spec:
  parentRefs: [{name: gw}]
  rules:
  - {matches: [{path: {value: /a}}], backendRefs: [{name: headless, port: 8080}]}
  - {matches: [{path: {value: /b}}], backendRefs: [{name: headless, port: 8081}]}
  - {matches: [{path: {value: /lonely}}], backendRefs: [{name: lonely, port: 80}]}
  - {matches: [{path: {value: /outside}}], backendRefs: [{name: outside, port: 80}]}
  - {matches: [{path: {value: /db}}], backendRefs: [{name: db, port: 80}]}
)"));
  const auto* a = test.cluster("infra/headless:8080");
  ASSERT_NE(a, nullptr);
  ASSERT_EQ(a->endpoints.size(), 4u);
  EXPECT_EQ(a->endpoints[0].port, 3000);
  EXPECT_TRUE(a->endpoints[0].ready);
  EXPECT_FALSE(a->endpoints[1].ready);
  EXPECT_FALSE(a->endpoints[2].ready);
  EXPECT_EQ(a->endpoints[3].address, "fd00::1");
  EXPECT_EQ(a->endpoints[3].port, 4000);
  EXPECT_EQ(a->endpoints[3].zone, "z1");
  // HTTPRouteBackendProtocolH2C.
  const auto* b = test.cluster("infra/headless:8081");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->protocol, upstream::Protocol::h2c);
  EXPECT_EQ(test.send(8080, "x", "/b"), "infra/r 1 -> infra/headless:8081");
  EXPECT_EQ(test.send(8080, "x", "/lonely"),
            "infra/r 2 -> infra/lonely:80");  // 503 from an upstream without endpoints
  EXPECT_EQ(test.send(8080, "x", "/outside"), "infra/r 3 -> 500");
  EXPECT_EQ(test.send(8080, "x", "/db"), "infra/r 4 -> 500");
  EXPECT_NE(test.diagnostics().find("port 80 has no endpoint: requests to it get 503"), std::string::npos);
  EXPECT_NE(test.diagnostics().find("kubernetes.io/service-name: lonely"), std::string::npos);
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False InvalidKind");
}

TEST(HTTPRouteMatchingAcrossRoutes, TheOlderRouteWinsThenTheName) {
  const auto of = [](std::string_view name, std::string_view created) {
    return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " +
           std::string(name) + ", namespace: infra" + std::string(created) +
           "}\nspec: {parentRefs: [{name: gw}], rules: [{matches: [{path: "
           "{value: /x}}], backendRefs: [{name: web, port: 80}]}]}\n";
  };
  const auto winner = [&](std::string_view a, std::string_view b) {
    return TestPlan(with_gateway(of("a", a) + of("b", b))).send(8080, "h", "/x").substr(0, 7);
  };
  EXPECT_EQ(winner("", ""), "infra/a");
  EXPECT_EQ(
      winner(", creationTimestamp: '2026-01-02T00:00:00Z'", ", creationTimestamp: '2026-01-01T00:00:00Z'"),
      "infra/b");
  EXPECT_EQ(
      winner(", creationTimestamp: '2026-01-01T00:00:00Z'", ", creationTimestamp: '2026-01-01T00:00:00Z'"),
      "infra/a");
}

TEST(HTTPRouteNamedRule, KeepsItsName) {
  EXPECT_EQ(
      TestPlan(route("  - {name: main, backendRefs: [{name: web, port: 80}]}\n")).rule(8080, "x", "/")->rule,
      "main");
}

TEST(HTTPRouteMultipleGateways, AttachesToEach) {
  const TestPlan test(with_gateway(R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: second, namespace: infra}
spec: {gatewayClassName: turnpike, listeners: [{name: http, port: 8081, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: infra}
spec: {parentRefs: [{name: gw}, {name: second}, {name: gone}], rules: [{backendRefs: [{name: web, port: 80}]}]}
)"));
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> infra/web:80");
  EXPECT_EQ(test.send(8081, "x", "/"), "infra/r 0 -> infra/web:80");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted", 0), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted", 1), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted", 2), "False NoMatchingParent");
  EXPECT_EQ(test.compiled.plan->rules.size(), 1u);  // one rule serves both
}

TEST(HTTPRouteRequestMirror, LeadsToItsOwnUpstream) {
  const TestPlan test(route(
      "  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}, fraction: "
      "{numerator: 1, denominator: 3}}}, {type: RequestMirror, requestMirror: {backendRef: {name: gone, "
      "port: 80}}}]\n    backendRefs: [{name: web, port: 80}]\n"));
  const Rule* rule = test.rule(8080, "x", "/");
  ASSERT_EQ(rule->mirrors.size(), 1u);
  EXPECT_EQ(rule->mirrors[0].numerator, 1u);
  EXPECT_EQ(rule->mirrors[0].denominator, 3u);
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "ResolvedRefs"), "False BackendNotFound");
}

}  // namespace
}  // namespace turnpike::plan
