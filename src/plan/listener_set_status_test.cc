// What the conformance tests of ListenerSet ask of the status. Test names are their ShortNames (GEP-1713).
#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string gateway(std::string_view allowed, std::string_view listeners = "") {
  return std::string(kService) +
         "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: "
         "infra}\nspec:\n  gatewayClassName: turnpike\n" +
         (allowed.empty() ? "" : "  allowedListeners: {namespaces: " + std::string(allowed) + "}\n") +
         "  listeners:\n" +
         (listeners.empty()
              ? std::string("  - {name: http, port: 80, protocol: HTTP, hostname: gw.example}\n")
              : std::string(listeners));
}

std::string set(std::string_view name, std::string_view listeners, std::string_view namespace_ = "infra",
                std::string_view created = "") {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: " +
         std::string(name) + ", namespace: " + std::string(namespace_) + std::string(created) +
         "}\nspec:\n  parentRef: {name: gw, namespace: "
         "infra}\n  listeners:\n" +
         std::string(listeners);
}

std::string route(std::string_view name, std::string_view parents, std::string_view namespace_ = "infra") {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " +
         std::string(name) + ", namespace: " + std::string(namespace_) +
         "}\nspec:\n  parentRefs: " + std::string(parents) + "\n  rules: [{matches: [{path: {value: /" +
         std::string(name) +
         "}}], filters: [{type: RequestRedirect, "
         "requestRedirect: {hostname: a}}]}]\n";
}

constexpr std::string_view kOne = "  - {name: extra, port: 80, protocol: HTTP, hostname: set.example}\n";

TEST(ListenerSetDefaultNotAllowed, IsNotAllowed) {
  const TestPlan test(gateway("") + set("ls", kOne) + route("r", "[{kind: ListenerSet, name: ls}]"));
  EXPECT_EQ(test.condition("ListenerSet infra/ls", "Accepted"), "False NotAllowed");
  EXPECT_EQ(test.condition("ListenerSet infra/ls", "Programmed"), "False NotAllowed");
  EXPECT_EQ(test.status("Gateway infra/gw").attached_listener_sets, 0u);
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "False NoMatchingParent");
  EXPECT_EQ(test.send(80, "set.example", "/r"), "404 no listener");
}

TEST(ListenerSetAllowedNamespaces, NoneSameAllSelector) {
  const std::string namespaces =
      "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: red, labels: {team: red}}\n"
      "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: blue, labels: {team: blue}}\n";
  const auto accepted = [&](std::string_view from) {
    const TestPlan test(gateway(from) + namespaces +
                        set("a", "  - {name: l, port: 80, protocol: HTTP, hostname: a.example}\n") +
                        set("b", "  - {name: l, port: 80, protocol: HTTP, hostname: b.example}\n", "red") +
                        set("c", "  - {name: l, port: 80, protocol: HTTP, hostname: c.example}\n", "blue"));
    std::string out;
    for (const std::string_view name : {"infra/a", "red/b", "blue/c"})
      out += test.condition("ListenerSet " + std::string(name), "Accepted").starts_with("True") ? '1' : '0';
    return out + std::to_string(test.status("Gateway infra/gw").attached_listener_sets);
  };
  EXPECT_EQ(accepted("{from: None}"), "0000");  // ListenerSetAllowedNamespaceNone
  EXPECT_EQ(accepted("{from: Same}"), "1001");  // ListenerSetAllowedNamespaceSame
  EXPECT_EQ(accepted("{from: All}"), "1113");
  EXPECT_EQ(accepted("{from: Selector, selector: {matchLabels: {team: red}}}"), "0101");  // …Selector
}

TEST(ListenerSetHTTPRouting, ServesItsRoutes) {
  const TestPlan test(gateway("{from: Same}") + set("ls", kOne) + route("gw", "[{name: gw}]") +
                      route("ls", "[{kind: ListenerSet, name: ls}]") +
                      route("section", "[{kind: ListenerSet, name: ls, sectionName: extra}]"));
  EXPECT_EQ(test.condition("ListenerSet infra/ls", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("ListenerSet infra/ls", "extra", "Programmed"), "True Programmed");
  EXPECT_EQ(test.send(80, "gw.example", "/gw"), "infra/gw 0 -> 500");
  EXPECT_EQ(test.send(80, "set.example", "/gw"), "404 no route");
  EXPECT_EQ(test.send(80, "set.example", "/ls"), "infra/ls 0 -> 500");
  EXPECT_EQ(test.send(80, "set.example", "/section"), "infra/section 0 -> 500");
  EXPECT_EQ(test.send(80, "gw.example", "/ls"), "404 no route");
  EXPECT_EQ(test.listener_status("ListenerSet infra/ls", "extra").attached_routes, 2u);
  EXPECT_EQ(test.compiled.plan->ports.size(), 1u);
}

TEST(ListenerSetHostnameConflict, TheGatewayThenTheOlderSetWins) {
  const TestPlan test(gateway("{from: Same}",
                              "  - {name: own, port: 80, protocol: HTTP, hostname: own.example}\n"
                              "  - {name: shared, port: 80, protocol: HTTP, hostname: shared.example}\n") +
                      set("b-older",
                          "  - {name: good, port: 80, protocol: HTTP, hostname: good.example}\n"
                          "  - {name: shared, port: 80, protocol: HTTP, hostname: shared.example}\n"
                          "  - {name: third, port: 80, protocol: HTTP, hostname: third.example}\n",
                          "infra", ", creationTimestamp: '2026-01-01T00:00:00Z'") +
                      set("a-newer", "  - {name: third, port: 80, protocol: HTTP, hostname: third.example}\n",
                          "infra", ", creationTimestamp: '2026-01-02T00:00:00Z'"));
  EXPECT_EQ(test.listener("Gateway infra/gw", "shared", "Conflicted"), "False NoConflicts");
  EXPECT_EQ(test.listener("ListenerSet infra/b-older", "shared", "Conflicted"), "True HostnameConflict");
  EXPECT_EQ(test.listener("ListenerSet infra/b-older", "shared", "Accepted"), "False Conflicted");
  EXPECT_EQ(test.listener("ListenerSet infra/b-older", "shared", "Programmed"), "False Invalid");
  EXPECT_EQ(test.listener("ListenerSet infra/b-older", "good", "Accepted"), "True Accepted");
  EXPECT_EQ(test.listener("ListenerSet infra/b-older", "third", "Accepted"), "True Accepted");
  EXPECT_EQ(test.condition("ListenerSet infra/b-older", "Accepted"), "True Accepted");
  EXPECT_EQ(test.condition("ListenerSet infra/b-older", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("ListenerSet infra/a-newer", "third", "Conflicted"), "True HostnameConflict");
  EXPECT_EQ(test.condition("ListenerSet infra/a-newer", "Accepted"), "False ListenersNotValid");
  EXPECT_EQ(test.condition("ListenerSet infra/a-newer", "Programmed"), "False ListenersNotValid");
  EXPECT_EQ(test.status("Gateway infra/gw").attached_listener_sets, 1u);
}

TEST(ListenerSetProtocolConflict, TheGatewayWins) {
  const TestPlan test(
      gateway("{from: Same}", "  - {name: own, port: 80, protocol: HTTP, hostname: own.example}\n") +
      set("one",
          "  - {name: good, port: 80, protocol: HTTP, hostname: good.example}\n"
          "  - {name: tcp, port: 80, protocol: TCP}\n") +
      set("two", "  - {name: tcp, port: 80, protocol: TCP}\n"));
  EXPECT_EQ(test.listener("Gateway infra/gw", "own", "Accepted"), "True Accepted");
  for (const std::string_view name : {"ListenerSet infra/one", "ListenerSet infra/two"}) {
    EXPECT_EQ(test.listener(name, "tcp", "Conflicted"), "True ProtocolConflict");
    EXPECT_EQ(test.listener(name, "tcp", "Accepted"), "False Conflicted");
    EXPECT_EQ(test.listener(name, "tcp", "Programmed"), "False Invalid");
  }
  EXPECT_EQ(test.condition("ListenerSet infra/one", "Accepted"), "True Accepted");
  EXPECT_EQ(test.condition("ListenerSet infra/two", "Accepted"), "False ListenersNotValid");
  EXPECT_EQ(test.status("Gateway infra/gw").attached_listener_sets, 1u);
}

TEST(ListenerSetAllowedRoutesNamespaces, ItsOwnNamespaceIsTheSame) {
  const TestPlan test(gateway("{from: All}") + set("ls", kOne, "apps") +
                      route("apps", "[{kind: ListenerSet, name: ls, namespace: apps}]", "apps") +
                      route("infra", "[{kind: ListenerSet, name: ls, namespace: apps}]", "infra"));
  EXPECT_EQ(test.parent("HTTPRoute apps/apps", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/infra", "Accepted"), "False NotAllowedByListeners");
}

TEST(ListenerSetAllowedRoutesSupportedKinds, OthersAreInvalid) {
  const TestPlan test(gateway("{from: Same}") +
                      set("ls",
                          "  - {name: l, port: 80, protocol: HTTP, hostname: s.example, "
                          "allowedRoutes: {kinds: [{kind: TLSRoute}]}}\n"));
  EXPECT_EQ(test.listener("ListenerSet infra/ls", "l", "ResolvedRefs"), "False InvalidRouteKinds");
}

TEST(ListenerSetGatewayParentSectionNameNotFound, GatewaysHaveTheirOwnListenersOnly) {
  const TestPlan test(gateway("{from: Same}") + set("ls", kOne) +
                      route("r", "[{name: gw, sectionName: extra}]"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "False NoMatchingParent");
  EXPECT_EQ(test.listener_status("ListenerSet infra/ls", "extra").attached_routes, 0u);
}

TEST(ListenerSetDualParentRefIndependence, EachParentHasItsOwnConditions) {
  const TestPlan test(gateway("{from: Same}") + set("ls", kOne) +
                      route("r", "[{name: gw}, {kind: ListenerSet, name: ls, sectionName: nothing}]"));
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted", 0), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted", 1), "False NoMatchingParent");
}

TEST(ListenerSetRouteStatusScopedToParentRef, NoOtherParentsAppear) {
  const TestPlan test(gateway("{from: Same}") + set("ls", kOne) + route("a", "[{name: gw}]") +
                      route("b", "[{kind: ListenerSet, name: ls}]"));
  ASSERT_EQ(test.status("HTTPRoute infra/a").parents.size(), 1u);
  EXPECT_EQ(test.status("HTTPRoute infra/a").parents[0].parent_ref.kind, "Gateway");
  ASSERT_EQ(test.status("HTTPRoute infra/b").parents.size(), 1u);
  EXPECT_EQ(test.status("HTTPRoute infra/b").parents[0].parent_ref.kind, "ListenerSet");
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "http").attached_routes, 1u);
  EXPECT_EQ(test.listener_status("ListenerSet infra/ls", "extra").attached_routes, 1u);
}

TEST(ListenerSetReferenceGrant, TheGrantsOfTheGatewayAreNotInherited) {
  const auto grant = [](std::string_view kind) {
    return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {name: g, "
           "namespace: certs}\nspec: "
           "{from: [{group: gateway.networking.k8s.io, kind: " +
           std::string(kind) +
           ", namespace: infra}], to: [{group: '', "
           "kind: Secret}]}\n";
  };
  const std::string base =
      gateway("{from: Same}") +
      set("ls",
          "  - {name: l, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert, "
          "namespace: certs}]}}\n");
  const TestPlan forbidden(base + grant("Gateway"));
  EXPECT_EQ(forbidden.listener("ListenerSet infra/ls", "l", "ResolvedRefs"), "False RefNotPermitted");
  EXPECT_EQ(forbidden.condition("ListenerSet infra/ls", "Accepted"), "False ListenersNotValid");
  EXPECT_EQ(forbidden.condition("ListenerSet infra/ls", "Programmed"), "False ListenersNotValid");
  EXPECT_EQ(TestPlan(base + grant("Gateway")).condition("ListenerSet infra/ls", "Accepted"),
            "False ListenersNotValid");
  // Permitted now; that there is no such Secret is another matter.
  EXPECT_EQ(TestPlan(base + grant("ListenerSet")).listener("ListenerSet infra/ls", "l", "ResolvedRefs"),
            "False InvalidCertificateRef");
}

TEST(ListenerSets, WithoutAGateway) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\nmetadata: {name: ls}\nspec: {parentRef: "
      "{name: gone}, listeners: [{name: l, port: 80, protocol: HTTP}]}\n");
  EXPECT_EQ(test.condition("ListenerSet default/ls", "Accepted"), "False ParentNotAccepted");
}

}  // namespace
}  // namespace turnpike::plan
