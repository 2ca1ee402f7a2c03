// What the conformance tests of Gateway and GatewayClass ask of the status. Test names are their ShortNames.
#include <gtest/gtest.h>

#include "crypto/test_certificates.h"
#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string gateway(std::string_view listeners, std::string_view more = "", std::string_view name = "gw") {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: " +
         std::string(name) + ", namespace: infra, generation: 7}\nspec:\n  gatewayClassName: turnpike\n" +
         std::string(more) + "  listeners:\n" + std::string(listeners);
}

std::string indent(std::string_view text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

const crypto::TestAuthority& authority() {
  static const crypto::TestAuthority root("test root");
  return root;
}

std::string secret(std::string_view name, std::string_view namespace_ = "infra") {
  const crypto::TestIdentity identity =
      authority().issue({.common_name = "web", .names = {"DNS:example.org", "DNS:*.example.org"}});
  return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: " + std::string(name) +
         ", namespace: " + std::string(namespace_) +
         "}\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: |\n" + indent(identity.chain_pem) +
         "  tls.key: |\n" + indent(identity.key_pem);
}

std::string ca(std::string_view name) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + std::string(name) +
         ", namespace: infra}\ndata:\n  ca.crt: |\n" + indent(authority().pem());
}

constexpr std::string_view kHttps =
    "  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}\n";

TEST(GatewayClassObservedGenerationBump, IsAccepted) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: mine, generation: 3}\n"
      "spec: {controllerName: " +
      std::string(resource::kControllerName) + "}\n" +
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: theirs}\n"
      "spec: {controllerName: example.com/other}\n");
  EXPECT_EQ(test.condition("GatewayClass mine", "Accepted"), "True Accepted");
  EXPECT_EQ(test.status("GatewayClass mine").conditions[0].observed_generation, 3);
  EXPECT_EQ(test.compiled.statuses.size(), 1u);
}

TEST(GatewayObservedGenerationBump, IsInEachCondition) {
  const TestPlan test(gateway("  - {name: http, port: 80, protocol: HTTP}\n"));
  for (const auto& condition : test.status("Gateway infra/gw").conditions)
    EXPECT_EQ(condition.observed_generation, 7);
  for (const auto& condition : test.listener_status("Gateway infra/gw", "http").conditions)
    EXPECT_EQ(condition.observed_generation, 7);
  EXPECT_EQ(test.condition("Gateway infra/gw", "ResolvedRefs"), "True ResolvedRefs");
  EXPECT_EQ(test.listener("Gateway infra/gw", "http", "Conflicted"), "False NoConflicts");
}

TEST(GatewayClasses, OthersAreLeftAloneAndMissingOnesTold) {
  const TestPlan test(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw}\nspec: "
      "{gatewayClassName: turnpik, listeners: [{name: http, port: 80, protocol: HTTP}]}\n");
  EXPECT_TRUE(test.compiled.statuses.empty());
  EXPECT_TRUE(test.compiled.plan->ports.empty());
  EXPECT_NE(test.diagnostics().find("there is no GatewayClass 'turnpik'"), std::string::npos);
}

TEST(GatewayListenerUnsupportedProtocol, OnlyThatListenerIsRefused) {
  const TestPlan one(gateway("  - {name: invalid, port: 80, protocol: example.com/other}\n"));
  EXPECT_EQ(one.condition("Gateway infra/gw", "Accepted"), "False ListenersNotValid");
  EXPECT_EQ(one.listener("Gateway infra/gw", "invalid", "Accepted"), "False UnsupportedProtocol");
  EXPECT_TRUE(one.listener_status("Gateway infra/gw", "invalid").supported_kinds.empty());
  const TestPlan two(
      gateway("  - {name: http, port: 80, protocol: HTTP}\n  - {name: invalid, port: 80, protocol: "
              "example.com/other}\n"));
  EXPECT_EQ(two.condition("Gateway infra/gw", "Accepted"), "True ListenersNotValid");
  EXPECT_EQ(two.listener("Gateway infra/gw", "http", "Accepted"), "True Accepted");
  EXPECT_EQ(two.listener("Gateway infra/gw", "invalid", "Accepted"), "False UnsupportedProtocol");
  EXPECT_EQ(two.listener_status("Gateway infra/gw", "http").supported_kinds,
            (std::vector{resource::Kind::http_route, resource::Kind::grpc_route}));
}

TEST(GatewayInvalidRouteKind, SupportedKindsAreWhatIsLeft) {
  const TestPlan only(gateway(
      "  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: InvalidRoute}]}}\n"));
  EXPECT_EQ(only.listener("Gateway infra/gw", "http", "ResolvedRefs"), "False InvalidRouteKinds");
  EXPECT_TRUE(only.listener_status("Gateway infra/gw", "http").supported_kinds.empty());
  const TestPlan both(
      gateway("  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: InvalidRoute}, "
              "{kind: HTTPRoute}]}}\n"));
  EXPECT_EQ(both.listener("Gateway infra/gw", "http", "ResolvedRefs"), "False InvalidRouteKinds");
  EXPECT_EQ(both.listener_status("Gateway infra/gw", "http").supported_kinds.size(), 1u);
  EXPECT_EQ(both.listener("Gateway infra/gw", "http", "Programmed"), "True Programmed");
}

TEST(GatewayInvalidParametersRef, IsInvalidParameters) {
  const TestPlan test(
      gateway("  - {name: http, port: 80, protocol: HTTP}\n",
              "  infrastructure: {parametersRef: {group: example.com, kind: Parameters, name: p}}\n"));
  EXPECT_EQ(test.condition("Gateway infra/gw", "Accepted"), "False InvalidParameters");
  EXPECT_TRUE(test.compiled.plan->ports.empty());
}

TEST(GatewayStaticAddresses, AreBound) {
  const TestPlan test(gateway("  - {name: http, port: 80, protocol: HTTP}\n",
                              "  addresses: [{value: 127.0.0.2}, {type: IPAddress, value: '::1'}]\n"));
  EXPECT_EQ(test.condition("Gateway infra/gw", "Programmed"), "True Programmed");
  EXPECT_EQ(test.status("Gateway infra/gw").addresses, (std::vector<std::string>{"127.0.0.2", "::1"}));
  ASSERT_EQ(test.compiled.plan->ports.size(), 2u);
  EXPECT_EQ(test.compiled.plan->ports[0]->address.text(), "127.0.0.2:80");
  EXPECT_EQ(test.compiled.plan->ports[1]->address.text(), "[::1]:80");
  const TestPlan unsupported(gateway("  - {name: http, port: 80, protocol: HTTP}\n",
                                     "  addresses: [{type: Hostname, value: example.com}]\n"));
  EXPECT_EQ(unsupported.condition("Gateway infra/gw", "Accepted"), "False UnsupportedAddress");
  EXPECT_NE(unsupported.diagnostics().find("not served: addresses of the type Hostname"), std::string::npos)
      << unsupported.diagnostics();
  EXPECT_TRUE(unsupported.compiled.plan->ports.empty());
}

TEST(GatewayStaticAddresses, OneThatTheMachineLacksConcernsItsGatewayOnly) {
  CompileOptions options;
  options.address_usable = [](const io::Address& address) { return address.ip() == "127.0.0.1"; };
  const TestPlan test(gateway("  - {name: http, port: 80, protocol: HTTP}\n",
                              "  addresses: [{value: 192.0.2.77}, {value: 127.0.0.1}]\n", "lost") +
                          gateway("  - {name: http, port: 80, protocol: HTTP}\n",
                                  "  addresses: [{value: 127.0.0.1}]\n", "there"),
                      options);
  EXPECT_EQ(test.condition("Gateway infra/lost", "Accepted"), "True Accepted");
  EXPECT_EQ(test.condition("Gateway infra/lost", "Programmed"), "False AddressNotUsable");
  EXPECT_EQ(test.listener("Gateway infra/lost", "http", "Programmed"), "False Invalid");
  EXPECT_TRUE(test.status("Gateway infra/lost").addresses.empty());  // it is bound to none of them
  EXPECT_EQ(test.condition("Gateway infra/there", "Programmed"), "True Programmed");
  // What does not serve does not stand in the way of others.
  EXPECT_EQ(test.listener("Gateway infra/there", "http", "Conflicted"), "False NoConflicts");
  ASSERT_EQ(test.compiled.plan->ports.size(), 1u);
  EXPECT_EQ(test.compiled.plan->ports[0]->listeners[0].name, "infra/there/http");
  ASSERT_EQ(test.compiled.diagnostics.size(), 1u);
  EXPECT_EQ(test.compiled.diagnostics[0].severity, resource::Severity::warning);
  EXPECT_NE(test.compiled.diagnostics[0].message.find("192.0.2.77"), std::string::npos);
}

TEST(GatewayOptionalAddressValue, EmptyMeansAny) {
  const TestPlan test(
      gateway("  - {name: http, port: 80, protocol: HTTP}\n", "  addresses: [{type: IPAddress}]\n"));
  EXPECT_EQ(test.condition("Gateway infra/gw", "Programmed"), "True Programmed");
  ASSERT_EQ(test.compiled.plan->ports.size(), 1u);
}

TEST(Bind, OverridesAddressesAndPortsMayBeFree) {
  CompileOptions options;
  options.bind = "127.0.0.1";
  options.ephemeral_ports = true;
  const TestPlan test(
      gateway("  - {name: http, port: 80, protocol: HTTP}\n", "  addresses: [{value: 10.9.8.7}]\n"), options);
  ASSERT_EQ(test.compiled.plan->ports.size(), 1u);
  EXPECT_EQ(test.compiled.plan->ports[0]->address.text(), "127.0.0.1:0");
  EXPECT_EQ(test.compiled.plan->ports[0]->port, 80);
}

TEST(ListenersConflict, NoneOfThemWins) {
  const TestPlan hosts(
      gateway("  - {name: a, port: 80, protocol: HTTP, hostname: x.com}\n"
              "  - {name: b, port: 81, protocol: HTTP, hostname: x.com}\n"
              "  - {name: c, port: 82, protocol: HTTP}\n"));
  EXPECT_EQ(hosts.listener("Gateway infra/gw", "a", "Conflicted"), "False NoConflicts");
  const TestPlan protocols(secret("cert") +
                           gateway("  - {name: a, port: 80, protocol: HTTP}\n"
                                   "  - {name: b, port: 80, protocol: HTTPS, hostname: y.com, tls: "
                                   "{certificateRefs: [{name: cert}]}}\n"
                                   "  - {name: c, port: 81, protocol: HTTP}\n"));
  for (const std::string_view name : {"a", "b"}) {
    EXPECT_EQ(protocols.listener("Gateway infra/gw", name, "Conflicted"), "True ProtocolConflict");
    EXPECT_EQ(protocols.listener("Gateway infra/gw", name, "Accepted"), "False Invalid");
    EXPECT_EQ(protocols.listener("Gateway infra/gw", name, "Programmed"), "False Invalid");
  }
  EXPECT_EQ(protocols.condition("Gateway infra/gw", "Accepted"), "True ListenersNotValid");
  ASSERT_EQ(protocols.compiled.plan->ports.size(), 1u);
  EXPECT_EQ(protocols.compiled.plan->ports[0]->port, 81);
}

TEST(ListenersConflict, OfTwoGatewaysTheOlderHasThePort) {
  const TestPlan test(gateway("  - {name: http, port: 80, protocol: HTTP}\n", "", "first") +
                      gateway("  - {name: same, port: 80, protocol: HTTP}\n"
                              "  - {name: other, port: 80, protocol: HTTP, hostname: x.com}\n",
                              "", "second"));
  EXPECT_EQ(test.listener("Gateway infra/first", "http", "Accepted"), "True Accepted");
  EXPECT_EQ(test.listener("Gateway infra/second", "same", "Conflicted"), "True HostnameConflict");
  EXPECT_EQ(test.listener("Gateway infra/second", "other", "Programmed"), "True Programmed");
  ASSERT_EQ(test.compiled.plan->ports.size(), 1u);
  ASSERT_EQ(test.compiled.plan->ports[0]->listeners.size(), 2u);
  EXPECT_EQ(test.compiled.plan->ports[0]->listeners[0].name,
            "infra/second/other");  // the more specific first
}

TEST(GatewayHTTPListenerIsolation, TheMostSpecificListenerTakesTheRequest) {
  std::string yaml = std::string(kService) +
                     gateway(
                         "  - {name: empty, port: 80, protocol: HTTP}\n"
                         "  - {name: wild, port: 80, protocol: HTTP, hostname: '*.example.com'}\n"
                         "  - {name: foo, port: 80, protocol: HTTP, hostname: '*.foo.example.com'}\n"
                         "  - {name: abc, port: 80, protocol: HTTP, hostname: abc.foo.example.com}\n");
  for (const std::string name : {"empty", "wild", "foo", "abc"})
    yaml += "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r-" + name +
            ", namespace: infra}\nspec: {parentRefs: [{name: gw, sectionName: " + name +
            "}], rules: [{matches: [{path: {value: /" + name +
            "}}], backendRefs: [{name: web, port: 80}]}]}\n";
  const TestPlan test(yaml);
  const std::pair<std::string_view, std::string_view> hosts[] = {{"bar.com", "empty"},
                                                                 {"bar.example.com", "wild"},
                                                                 {"bar.foo.example.com", "foo"},
                                                                 {"abc.foo.example.com", "abc"}};
  for (const auto& [host, own] : hosts) {
    for (const std::string path : {"empty", "wild", "foo", "abc"})
      EXPECT_EQ(test.send(80, host, "/" + path),
                path == own ? "infra/r-" + path + " 0 -> infra/web:80" : "404 no route")
          << host << " " << path;
  }
}

TEST(GatewayInvalidTLSConfiguration, IsInvalidCertificateRef) {
  const std::string malformed =
      "---\napiVersion: v1\nkind: Secret\nmetadata: {name: cert, namespace: infra}\ntype: Opaque\n"
      "stringData: {tls.crt: rubbish, tls.key: rubbish}\n";
  const std::string cases[] = {
      gateway(kHttps), malformed + gateway(kHttps),
      secret("cert") +
          gateway(
              "  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{group: wrong.example, "
              "kind: Secret, name: cert}]}}\n"),
      secret("cert") +
          gateway(
              "  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, name: "
              "cert}]}}\n")};
  for (const std::string& yaml : cases) {
    const TestPlan test(yaml);
    EXPECT_EQ(test.listener("Gateway infra/gw", "https", "ResolvedRefs"), "False InvalidCertificateRef")
        << yaml;
    EXPECT_EQ(test.listener("Gateway infra/gw", "https", "Programmed"), "False Invalid");
    EXPECT_EQ(test.listener_status("Gateway infra/gw", "https").supported_kinds.size(), 2u);
    EXPECT_EQ(test.condition("Gateway infra/gw", "ResolvedRefs"), "False ListenersNotResolved");
    EXPECT_TRUE(test.compiled.plan->ports.empty());
  }
}

TEST(GatewaySecretReferenceGrants, DecideAboutOtherNamespaces) {
  const auto grant = [](std::string_view kind, std::string_view to) {
    return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {name: g, "
           "namespace: certs}\nspec:\n"
           "  from: [{group: gateway.networking.k8s.io, kind: " +
           std::string(kind) + ", namespace: infra}]\n  to: [" + std::string(to) + "]\n";
  };
  const std::string base =
      secret("cert", "certs") +
      gateway(
          "  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert, "
          "namespace: certs}]}}\n");
  struct Case {
    std::string_view short_name;
    std::string grant;
    std::string_view expected;
  };
  const Case cases[] = {{"GatewaySecretMissingReferenceGrant", "", "False RefNotPermitted"},
                        {"GatewaySecretInvalidReferenceGrant",
                         grant("HTTPRoute", "{group: '', kind: Secret}"), "False RefNotPermitted"},
                        {"GatewaySecretReferenceGrantAllInNamespace",
                         grant("Gateway", "{group: '', kind: Secret}"), "True ResolvedRefs"},
                        {"GatewaySecretReferenceGrantSpecific",
                         grant("Gateway", "{group: '', kind: Secret, name: cert}"), "True ResolvedRefs"}};
  for (const Case& c : cases) {
    const TestPlan test(base + c.grant);
    EXPECT_EQ(test.listener("Gateway infra/gw", "https", "ResolvedRefs"), c.expected) << c.short_name;
  }
}

TEST(HTTPRouteHTTPSListener, HasItsCertificates) {
  const TestPlan test(
      secret("cert") +
      gateway("  - {name: a, port: 443, protocol: HTTPS, hostname: example.org, tls: "
              "{certificateRefs: [{name: cert}]}}\n"
              "  - {name: b, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}, "
              "{name: gone}]}}\n"));
  ASSERT_EQ(test.compiled.plan->ports.size(), 1u);
  EXPECT_TRUE(test.compiled.plan->ports[0]->tls);
  EXPECT_NE(test.compiled.plan->ports[0]->tls_context, nullptr);
  EXPECT_EQ(test.listener("Gateway infra/gw", "b", "ResolvedRefs"), "False InvalidCertificateRef");
  EXPECT_EQ(test.listener("Gateway infra/gw", "b", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("Gateway infra/gw", "a", "OverlappingTLSConfig"), "True OverlappingHostnames");
}

TEST(GatewayOverlappingTLSConfigHostnames, IsToldWhereItOverlaps) {
  const auto https = [](std::string_view name, std::string_view host, int port = 443) {
    return "  - {name: " + std::string(name) + ", port: " + std::to_string(port) +
           ", protocol: HTTPS, hostname: '" + std::string(host) +
           "', tls: {certificateRefs: [{name: cert}]}}\n";
  };
  const TestPlan test(secret("cert") +
                      gateway(https("foo", "foo.example.org") + https("bar", "bar.example.org") +
                              https("wild", "*.example.org") + https("else", "foo.other.org") +
                              https("elsewhere", "*.example.org", 8443)));
  for (const std::string_view name : {"foo", "bar", "wild"})
    EXPECT_EQ(test.listener("Gateway infra/gw", name, "OverlappingTLSConfig"), "True OverlappingHostnames")
        << name;
  for (const std::string_view name : {"else", "elsewhere"})
    EXPECT_EQ(test.listener("Gateway infra/gw", name, "OverlappingTLSConfig"), "") << name;
}

TEST(UnchangedTls, KeepsItsContext) {
  const std::string yaml = secret("cert") + gateway(kHttps);
  TestPlan test(yaml);
  const auto before = test.compiled.plan;
  test.recompile(yaml + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: more}\n");
  EXPECT_EQ(before->ports[0]->tls_context, test.compiled.plan->ports[0]->tls_context);
  test.recompile(secret("cert") + gateway(kHttps));
  EXPECT_NE(before->ports[0]->tls_context, test.compiled.plan->ports[0]->tls_context);
}

constexpr std::string_view kPorts =
    "  - {name: http, port: 80, protocol: HTTP}\n"
    "  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}\n"
    "  - {name: other, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}\n";

TEST(GatewayFrontendClientCertificateValidation, DefaultAndPerPort) {
  const TestPlan test(
      secret("cert") + ca("ca") +
      gateway(kPorts,
              "  tls: {frontend: {default: {validation: {caCertificateRefs: [{group: '', kind: "
              "ConfigMap, name: ca}]}}, perPort: [{port: 8443, tls: {validation: {mode: "
              "AllowInsecureFallback, caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}}}]}}\n"));
  EXPECT_EQ(test.listener("Gateway infra/gw", "https", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("Gateway infra/gw", "other", "Programmed"), "True Programmed");
  // GatewayFrontendClientCertificateValidationInsecureFallback
  EXPECT_EQ(test.condition("Gateway infra/gw", "InsecureFrontendValidationMode"),
            "True ConfigurationChanged");
}

TEST(GatewayFrontendInvalidDefaultClientCertificateValidation, AffectsHttpsOnly) {
  const TestPlan test(
      secret("cert") + ca("ca") +
      gateway(kPorts,
              "  tls: {frontend: {default: {validation: {caCertificateRefs: [{group: '', kind: "
              "ConfigMap, name: gone}]}}, perPort: [{port: 8443, tls: {validation: "
              "{caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}}}]}}\n"));
  EXPECT_EQ(test.listener("Gateway infra/gw", "http", "Accepted"), "True Accepted");
  EXPECT_EQ(test.listener("Gateway infra/gw", "http", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("Gateway infra/gw", "https", "ResolvedRefs"), "False InvalidCACertificateRef");
  EXPECT_EQ(test.listener("Gateway infra/gw", "https", "Accepted"), "False NoValidCACertificate");
  EXPECT_EQ(test.listener("Gateway infra/gw", "https", "Programmed"), "False Invalid");
  EXPECT_EQ(test.listener("Gateway infra/gw", "other", "Programmed"), "True Programmed");
  EXPECT_EQ(test.condition("Gateway infra/gw", "InsecureFrontendValidationMode"), "");
}

TEST(GatewayInvalidFrontendClientCertificateValidation, SaysWhy) {
  const auto reason = [](std::string_view ref) {
    return TestPlan(secret("cert") + ca("ca") +
                    gateway(kHttps, "  tls: {frontend: {default: {validation: {caCertificateRefs: [" +
                                        std::string(ref) + "]}}}}\n"))
        .listener("Gateway infra/gw", "https", "ResolvedRefs");
  };
  EXPECT_EQ(reason("{group: '', kind: Service, name: ca}"), "False InvalidCACertificateKind");
  EXPECT_EQ(reason("{group: '', kind: ConfigMap, name: ca, namespace: other}"), "False RefNotPermitted");
  EXPECT_EQ(reason("{group: '', kind: Secret, name: cert}"),
            "False InvalidCACertificateRef");  // has no ca.crt
  EXPECT_EQ(reason("{group: '', kind: ConfigMap, name: ca}"), "True ResolvedRefs");
}

TEST(GatewayInvalidTLSBackendConfiguration, IsTheGatewaysOwnCondition) {
  const auto reason = [](std::string_view ref) {
    const TestPlan test(secret("cert") + secret("away", "other") +
                        gateway("  - {name: http, port: 80, protocol: HTTP}\n",
                                "  tls: {backend: {clientCertificateRef: " + std::string(ref) + "}}\n"));
    EXPECT_EQ(test.condition("Gateway infra/gw", "Accepted"), "True Accepted");
    return test.condition("Gateway infra/gw", "ResolvedRefs");
  };
  EXPECT_EQ(reason("{name: gone}"), "False InvalidClientCertificateRef");
  EXPECT_EQ(reason("{group: wrong.example, kind: Secret, name: cert}"), "False InvalidClientCertificateRef");
  EXPECT_EQ(reason("{kind: ConfigMap, name: cert}"), "False InvalidClientCertificateRef");
  EXPECT_EQ(reason("{name: away, namespace: other}"), "False RefNotPermitted");
  EXPECT_EQ(reason("{name: cert}"), "True ResolvedRefs");
}

TEST(GatewayWithAttachedRoutes, CountsThemWhateverTheListenersState) {
  const std::string to_gateway =
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
      "infra}\nspec: "
      "{parentRefs: [{name: gw}], rules: [{backendRefs: [{name: gone, port: 80}]}]}\n";
  const TestPlan unresolved(gateway(kHttps) + to_gateway);
  EXPECT_EQ(unresolved.listener_status("Gateway infra/gw", "https").attached_routes, 1u);
  EXPECT_EQ(unresolved.listener("Gateway infra/gw", "https", "ResolvedRefs"), "False InvalidCertificateRef");
  EXPECT_EQ(unresolved.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
  const TestPlan twice(
      gateway("  - {name: a, port: 80, protocol: HTTP}\n  - {name: b, port: 81, protocol: HTTP}\n") +
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
      "infra}\nspec: {parentRefs: [{name: gw, sectionName: a}]}\n");
  EXPECT_EQ(twice.listener_status("Gateway infra/gw", "a").attached_routes, 1u);
  EXPECT_EQ(twice.listener_status("Gateway infra/gw", "b").attached_routes, 0u);
}

TEST(GatewayModifyListeners, AddsAndRemovesThem) {
  TestPlan test(gateway("  - {name: a, port: 80, protocol: HTTP}\n"));
  test.recompile(
      gateway("  - {name: a, port: 80, protocol: HTTP}\n  - {name: b, port: 81, protocol: HTTP}\n"));
  EXPECT_EQ(test.status("Gateway infra/gw").listeners.size(), 2u);
  test.recompile(gateway("  - {name: b, port: 81, protocol: HTTP}\n"));
  EXPECT_EQ(test.status("Gateway infra/gw").listeners.size(), 1u);
  EXPECT_EQ(test.compiled.plan->ports.size(), 1u);
}

}  // namespace
}  // namespace turnpike::plan
