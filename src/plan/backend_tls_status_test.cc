// What the conformance tests of BackendTLSPolicy ask of the status, and of the upstream. Names are their
// ShortNames.
#include <gtest/gtest.h>

#include "crypto/test_certificates.h"
#include "plan/testing.h"
#include "tls/context.h"

namespace turnpike::plan {
namespace {

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

// Gateway, Service, a CA in the ConfigMap `ca`, rubbish in the ConfigMap `malformed`, and a route to
// infra/web.
std::string base() {
  return std::string(kGateway) + kService +
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: infra}\ndata:\n"
         "  ca.crt: |\n" +
         indent(authority().pem()) +
         "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: malformed, namespace: infra}\ndata: "
         "{ca.crt: rubbish}\n"
         "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
         "infra}\nspec: "
         "{parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
}

std::string policy(
    std::string_view name,
    std::string_view validation = "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]",
    std::string_view target = "{group: '', kind: Service, name: web}", std::string_view created = "") {
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {name: " +
         std::string(name) + ", namespace: infra" + std::string(created) + "}\nspec: {targetRefs: [" +
         std::string(target) + "], validation: {" + std::string(validation) +
         ", hostname: abc.example.com}}\n";
}

TEST(BackendTLSPolicy, IsAcceptedAndTheUpstreamSpeaksTls) {
  const TestPlan test(base() + policy("p"));
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "Accepted"), "True Accepted");
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "ResolvedRefs"), "True ResolvedRefs");
  ASSERT_EQ(test.status("BackendTLSPolicy infra/p").ancestors.size(), 1u);
  EXPECT_EQ(test.status("BackendTLSPolicy infra/p").ancestors[0].ancestor_ref.name, "gw");
  const auto* cluster = test.cluster("infra/web:80");
  ASSERT_NE(cluster, nullptr);
  ASSERT_NE(cluster->tls, nullptr);
  EXPECT_EQ(cluster->tls->sni(), "abc.example.com");
  EXPECT_FALSE(cluster->tls_identity.empty());
}

TEST(BackendTLSPolicyObservedGenerationBump, IsInEachCondition) {
  const TestPlan test(base() + policy("p", "wellKnownCACertificates: System",
                                      "{group: '', kind: Service, name: web}", ", generation: 4"));
  for (const auto& condition : test.status("BackendTLSPolicy infra/p").ancestors.at(0).conditions)
    EXPECT_EQ(condition.observed_generation, 4);
}

TEST(BackendTLSPolicySANValidation, NamesArePartOfTheIdentity) {
  const TestPlan plain(base() + policy("p"));
  const TestPlan with_names(
      base() + policy("p",
                      "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}], subjectAltNames: "
                      "[{type: Hostname, hostname: other.example.com}, {type: URI, uri: "
                      "'spiffe://a/b'}]"));
  EXPECT_NE(plain.cluster("infra/web:80")->tls_identity, with_names.cluster("infra/web:80")->tls_identity);
}

TEST(BackendTLSPolicyConflictResolution, TheOlderWinsThenTheName) {
  const auto accepted = [](std::string_view a, std::string_view b) {
    const TestPlan test(
        base() + policy("a", "wellKnownCACertificates: System", "{group: '', kind: Service, name: web}", a) +
        policy("b", "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]",
               "{group: '', kind: Service, name: web}", b));
    return test.ancestor("BackendTLSPolicy infra/a", "Accepted") + ", " +
           test.ancestor("BackendTLSPolicy infra/b", "Accepted");
  };
  EXPECT_EQ(accepted("", ""), "True Accepted, False Conflicted");
  EXPECT_EQ(
      accepted(", creationTimestamp: '2026-01-02T00:00:00Z'", ", creationTimestamp: '2026-01-01T00:00:00Z'"),
      "False Conflicted, True Accepted");
}

TEST(BackendTLSPolicyConflictResolution, ASectionNameIsNoConflictAndNearer) {
  const TestPlan test(base() + policy("whole", "wellKnownCACertificates: System") +
                      policy("section", "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]",
                             "{group: '', kind: Service, name: web, sectionName: http}") +
                      policy("same-section", "wellKnownCACertificates: System",
                             "{group: '', kind: Service, name: web, sectionName: http}"));
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/whole", "Accepted"), "True Accepted");
  // "same-section" goes before "section" by name.
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/same-section", "Accepted"), "True Accepted");
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/section", "Accepted"), "False Conflicted");
}

TEST(BackendTLSPolicyInvalidCACertificateRef, RequestsGet500) {
  for (const std::string_view name : {"gone", "malformed"}) {
    const TestPlan test(base() + policy("p", "caCertificateRefs: [{group: '', kind: ConfigMap, name: " +
                                                 std::string(name) + "}]"));
    EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "Accepted"), "False NoValidCACertificate") << name;
    EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "ResolvedRefs"), "False InvalidCACertificateRef");
    EXPECT_EQ(test.parent("HTTPRoute infra/r", "Accepted"), "True Accepted");
    EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
  }
}

TEST(BackendTLSPolicyInvalidKind, RequestsGet500) {
  const TestPlan test(base() +
                      policy("p", "caCertificateRefs: [{group: example.com, kind: Bundle, name: ca}]"));
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "Accepted"), "False NoValidCACertificate");
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "ResolvedRefs"), "False InvalidKind");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> 500");
}

TEST(BackendTLSPolicyInvalidCACertificateRef, OneOfTwoIsEnough) {
  const TestPlan test(
      base() + policy("p",
                      "caCertificateRefs: [{group: '', kind: ConfigMap, name: gone}, {group: '', kind: "
                      "ConfigMap, name: ca}]"));
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "Accepted"), "True Accepted");
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "ResolvedRefs"), "False InvalidCACertificateRef");
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r 0 -> infra/web:80");
}

TEST(BackendTLSPolicyTargets, ThatAreNotThere) {
  const TestPlan test(
      base() + policy("p", "wellKnownCACertificates: System", "{group: '', kind: Service, name: wep}") +
      policy("q", "wellKnownCACertificates: System",
             "{group: '', kind: Service, name: web, sectionName: grpc}"));
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/p", "Accepted"), "False TargetNotFound");
  EXPECT_EQ(test.ancestor("BackendTLSPolicy infra/q", "Accepted"), "False TargetNotFound");
  EXPECT_NE(test.diagnostics().find("did you mean 'web'"), std::string::npos) << test.diagnostics();
  EXPECT_EQ(test.cluster("infra/web:80")->tls, nullptr);
}

TEST(GatewayTLSBackendClientCertificate, BelongsToTheUpstreamOfThatGatewayOnly) {
  const crypto::TestIdentity identity = authority().issue({.common_name = "gw", .names = {"DNS:gw"}});
  const std::string yaml =
      base() + policy("p") + R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: second, namespace: infra}
spec:
  gatewayClassName: turnpike
  tls: {backend: {clientCertificateRef: {name: client}}}
  listeners: [{name: http, port: 8081, protocol: HTTP}]
---
apiVersion: v1
kind: Secret
metadata: {name: client, namespace: infra}
type: kubernetes.io/tls
stringData:
  tls.crt: |
)" + indent(identity.chain_pem) +
      "  tls.key: |\n" + indent(identity.key_pem) +
      "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: s, namespace: "
      "infra}\nspec: {parentRefs: [{name: second}, {name: gw}], rules: [{matches: [{path: {value: /s}}], "
      "backendRefs: [{name: web, port: 80}]}]}\n";
  const TestPlan test(yaml);
  const auto cluster = [&](std::uint16_t port) { return test.rule(port, "x", "/s")->backends.at(0).cluster; };
  EXPECT_NE(cluster(8080), cluster(8081));
  EXPECT_NE(test.compiled.plan->clusters[cluster(8080)]->identity(),
            test.compiled.plan->clusters[cluster(8081)]->identity());
  EXPECT_EQ(test.status("BackendTLSPolicy infra/p").ancestors.size(), 2u);
}

TEST(UnchangedBackendTls, KeepsItsContext) {
  TestPlan test(base() + policy("p"));
  const auto before = test.compiled.plan;
  test.recompile(base() + policy("p") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: more}\n");
  EXPECT_EQ(before->clusters.at(0)->tls, test.compiled.plan->clusters.at(0)->tls);
}

}  // namespace
}  // namespace turnpike::plan
