// TLSRoutes, TCPRoutes and UDPRoutes: statuses and tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "plan/diff.h"
#include "plan/explain.h"
#include "plan/testing.h"

namespace turnpike::plan {
namespace {

using testing::HasSubstr;

std::string gateway(std::string_view listeners) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
         "spec:\n  gatewayClassName: turnpike\n  listeners:\n" +
         std::string(listeners) + "---\n" + kService + "---\n";
}
std::string route(std::string_view kind, std::string_view name, std::string_view spec,
                  std::string_view created = "") {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: " + std::string(kind) +
         "\nmetadata: {name: " + std::string(name) + ", namespace: infra" + std::string(created) +
         "}\nspec: {parentRefs: [{name: gw}], " + std::string(spec) + "}\n---\n";
}
constexpr std::string_view kToWeb = "rules: [{backendRefs: [{name: web, port: 80}]}]";

const Port* port(const TestPlan& test, std::uint16_t number, bool datagrams = false) {
  for (const auto& port : test.compiled.plan->ports) {
    if (port->port == number && port->datagrams == datagrams) return port.get();
  }
  return nullptr;
}
// "listener -> route" of a server name.
std::string lead(const TestPlan& test, std::uint16_t number, std::string_view name) {
  const Port* p = port(test, number);
  if (p == nullptr) return "no port";
  const std::uint32_t found = p->looks_at_hello ? p->hosts.find(name) : 0;
  if (found == route::HostIndex::kNone) return "no listener";
  const Listener& listener = p->listeners[found];
  const std::uint32_t target = listener.l4.hosts.find(p->looks_at_hello ? name : "");
  if (target == route::HostIndex::kNone) return listener.name + " -> nothing";
  return listener.name + " -> " + test.compiled.plan->rules[listener.l4.targets[target].rule].route;
}

TEST(L4, TcpAndUdpMayHaveOnePort) {
  const TestPlan test(
      gateway("  - {name: tcp, port: 53, protocol: TCP}\n  - {name: udp, port: 53, protocol: UDP}\n") +
      route("TCPRoute", "r", kToWeb));
  ASSERT_NE(port(test, 53, false), nullptr);
  ASSERT_NE(port(test, 53, true), nullptr);
  EXPECT_EQ(port(test, 53, false)->listeners[0].kind, ListenerKind::tcp);
  EXPECT_NE(port(test, 53, false)->key(), port(test, 53, true)->key());
  EXPECT_EQ(lead(test, 53, ""), "infra/gw/tcp -> infra/r");
  EXPECT_EQ(test.listener("Gateway infra/gw", "udp", "Programmed"), "True Programmed");
  const auto* cluster = test.cluster("infra/web:80/tcp");
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(cluster->protocol, upstream::Protocol::tcp);
  EXPECT_EQ(cluster->endpoints.size(), 1U);
}

TEST(L4, AnyApplicationProtocolIsGoodForTcp) {
  const TestPlan test(
      gateway("  - {name: tcp, port: 5432, protocol: TCP}\n") +
      route("TCPRoute", "r", "rules: [{backendRefs: [{name: db, port: 5432}]}]") +
      "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: infra}\n"
      "spec: {ports: [{name: pg, port: 5432, appProtocol: postgres}]}\n---\n"
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: db-1, namespace: infra, "
      "labels: "
      "{kubernetes.io/service-name: db}}\naddressType: IPv4\nports: [{name: pg, port: 5432}]\n"
      "endpoints: [{addresses: [10.0.0.7]}]\n");
  EXPECT_EQ(test.parent("TCPRoute infra/r", "ResolvedRefs"), "True ResolvedRefs");
  ASSERT_NE(test.cluster("infra/db:5432/tcp"), nullptr);
}

TEST(L4, UdpNeedsAPortOfUdp) {
  const TestPlan test(gateway("  - {name: udp, port: 53, protocol: UDP}\n") + route("UDPRoute", "r", kToWeb));
  EXPECT_EQ(test.parent("UDPRoute infra/r", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("UDPRoute infra/r", "ResolvedRefs"), "False BackendNotFound");
  EXPECT_THAT(test.parent_message("UDPRoute infra/r", "ResolvedRefs"), HasSubstr("has no UDP port 80"));
  EXPECT_THAT(test.diagnostics(), HasSubstr("connections to it are refused"));
}

TEST(L4, TheOldestRouteOfANameOrListenerWins) {
  const std::string listeners =
      "  - {name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}\n"
      "  - {name: tcp, port: 90, protocol: TCP}\n";
  const std::string older = ", creationTimestamp: '2026-01-01T00:00:00Z'";
  const std::string newer = ", creationTimestamp: '2026-01-02T00:00:00Z'";
  const std::string names = "hostnames: [a.x, '*.y'], " + std::string(kToWeb);
  const TestPlan test(gateway(listeners) + route("TLSRoute", "a", names, newer) +
                      route("TLSRoute", "b", names, older) +
                      route("TLSRoute", "c", "hostnames: [s.y], " + std::string(kToWeb), newer) +
                      route("TCPRoute", "m", kToWeb, newer) + route("TCPRoute", "n", kToWeb, older));
  EXPECT_EQ(lead(test, 443, "a.x"), "infra/gw/tls -> infra/b");
  EXPECT_EQ(lead(test, 443, "q.y"), "infra/gw/tls -> infra/b");
  EXPECT_EQ(lead(test, 443, "s.y"), "infra/gw/tls -> infra/c");
  EXPECT_EQ(lead(test, 443, "z.x"), "infra/gw/tls -> nothing");
  EXPECT_EQ(lead(test, 443, ""), "infra/gw/tls -> nothing");
  EXPECT_EQ(lead(test, 90, ""), "infra/gw/tcp -> infra/n");
  EXPECT_EQ(test.parent("TCPRoute infra/m", "Accepted"), "True Accepted");
  EXPECT_EQ(test.listener_status("Gateway infra/gw", "tcp").attached_routes, 2);
  EXPECT_THAT(test.diagnostics(),
              HasSubstr("it gets nothing from the listener 'infra/gw/tcp': 'infra/n' is older"));
}

TEST(L4, PortsOfTlsAreSharedByName) {
  const TestPlan test(
      gateway("  - {name: any, port: 443, protocol: TLS, tls: {mode: Passthrough}}\n"
              "  - {name: one, port: 443, protocol: TLS, hostname: a.x, tls: {mode: Passthrough}}\n"
              "  - {name: web, port: 443, protocol: HTTP}\n"));
  EXPECT_EQ(test.listener("Gateway infra/gw", "any", "Accepted"), "False Invalid");
  EXPECT_EQ(test.listener("Gateway infra/gw", "web", "Conflicted"), "True ProtocolConflict");

  const TestPlan two(
      gateway("  - {name: any, port: 443, protocol: TLS, tls: {mode: Passthrough}}\n"
              "  - {name: one, port: 443, protocol: TLS, hostname: a.x, tls: {mode: Passthrough}}\n") +
      route("TLSRoute", "r", "hostnames: [a.x, b.x], " + std::string(kToWeb)));
  EXPECT_EQ(lead(two, 443, "a.x"), "infra/gw/one -> infra/r");
  EXPECT_EQ(lead(two, 443, "b.x"), "infra/gw/any -> infra/r");
}

TEST(L4, TrafficPoliciesAndListenerPoliciesReachThem) {
  const TestPlan test(
      gateway("  - {name: tcp, port: 90, protocol: TCP}\n") + route("TCPRoute", "r", kToWeb) +
      "apiVersion: turnpike.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: t, namespace: infra}\n"
      "spec: {targetRefs: [{kind: TCPRoute, name: r}], timeouts: {idle: 7s, request: 9s, connect: 1s}, "
      "proxyProtocol: V2, loadBalancing: {type: ConsistentHash, consistentHash: {sourceIP: {}}}}\n---\n"
      "apiVersion: turnpike.dev/v1alpha1\nkind: ListenerPolicy\nmetadata: {name: l, namespace: infra}\n"
      "spec: {targetRefs: [{kind: Gateway, name: gw}], proxyProtocol: {trustedSources: [10.0.0.0/8]}}\n");
  const Rule& rule = test.compiled.plan->rules.at(0);
  EXPECT_EQ(rule.timeouts.stream_idle, 7s);
  EXPECT_EQ(rule.timeouts.request, 9s);
  EXPECT_EQ(rule.hash_key, Rule::HashKey::source_ip);
  EXPECT_EQ(rule.retry.attempts, 2U);
  const auto* cluster = test.cluster("infra/web:80/tcp (infra/t)");
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(cluster->proxy_protocol, l4::ProxyVersion::v2);
  EXPECT_EQ(cluster->pool.connect_timeout, 1s);
  const ProxyProtocol& proxy = port(test, 90)->settings.proxy_protocol;
  EXPECT_EQ(proxy.mode, ProxyProtocol::Mode::required);
  EXPECT_EQ(proxy.trusted.size(), 1U);
  EXPECT_FALSE(port(test, 90)->only_http());
}

TEST(L4, DiffSeesTheirRoutes) {
  TestPlan test(gateway("  - {name: tcp, port: 90, protocol: TCP}\n") + route("TCPRoute", "r", kToWeb));
  const auto before = test.compiled.plan;
  test.recompile(gateway("  - {name: tcp, port: 90, protocol: TCP}\n") +
                 route("TCPRoute", "r", "rules: [{backendRefs: [{name: web, port: 80, weight: 7}]}]"));
  const Difference changed = diff(*before, *test.compiled.plan);
  EXPECT_EQ(changed.routes.changed, 1U);
  EXPECT_FALSE(changed.ports.any());
}

TEST(L4, Explained) {
  const std::string text =
      gateway(
          "  - {name: tcp, port: 90, protocol: TCP}\n  - {name: udp, port: 53, protocol: UDP}\n"
          "  - {name: http, port: 80, protocol: HTTP}\n") +
      route("TCPRoute", "r", kToWeb);
  const TestPlan test(text);
  const auto ask = [&](std::string url) {
    return explain(test.loaded.store, {.url = std::move(url), .headers = {}});
  };
  EXPECT_EQ(ask("tcp://x:90").outcome, "relayed as it comes");
  EXPECT_EQ(ask("tcp://x:90").backends.at(0).protocol, "TCP");
  EXPECT_EQ(ask("udp://x:53").outcome, "refused: no route takes it");
  EXPECT_EQ(ask("udp://x:54").problem,
            "no listener for udp has the port 54; there are: 53 (UDP), 80 (HTTP), 90 (TCP)");
  EXPECT_EQ(ask("tls://x").problem, "write tls://HOST:PORT: which port is meant?");
  EXPECT_THAT(ask("http://x:90/").outcome, HasSubstr("takes connections as TCP (explain tcp://x:90)"));
}

}  // namespace
}  // namespace turnpike::plan
