#include "plan/listener_settings.h"

#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTwo = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: a, port: 8080, protocol: HTTP, hostname: a.example}
  - {name: b, port: 8080, protocol: HTTP, hostname: b.example}
  - {name: c, port: 8081, protocol: HTTP}
)";

std::string policy(std::string_view name, std::string_view target, std::string_view spec) {
  return "---\napiVersion: turnpike.dev/v1alpha1\nkind: ListenerPolicy\nmetadata: {name: " +
         std::string(name) + "}\nspec: {targetRefs: [" + std::string(target) + "], " + std::string(spec) +
         "}\n";
}

const ClientSettings& settings(const TestPlan& test, std::size_t port) {
  return test.compiled.plan->ports.at(port)->settings;
}

TEST(ListenerSettings, TheListenersOwnPolicyIsNearer) {
  const TestPlan test(
      std::string(kTwo) +
      policy("all", "{kind: Gateway, name: gw}",
             "limits: {head: 16Ki}, timeouts: {head: 3s, tlsHandshake: 3s}") +
      policy("one", "{kind: Gateway, name: gw, sectionName: c}", "limits: {head: 32Ki, connections: 9}"));
  EXPECT_EQ(settings(test, 0).limits.head, 16u * 1024);
  EXPECT_EQ(settings(test, 0).head_timeout, 3s);
  EXPECT_EQ(settings(test, 1).limits.head, 32u * 1024);
  EXPECT_EQ(settings(test, 1).most_connections, 9u);
  EXPECT_EQ(settings(test, 1).head_timeout, 3s);  // the section that it does not have
  EXPECT_EQ(test.ancestor("ListenerPolicy default/one", "Accepted"), "True Accepted");
  EXPECT_EQ(test.diagnostics(), "");
}

TEST(ListenerSettings, AreTranslated) {
  const TestPlan test(
      std::string(kTwo) +
      policy("all", "{kind: Gateway, name: gw}",
             "trustedProxies: [10.0.0.0/8, 'fd00::/8'], path: {encodedSlash: Keep, mergeSlashes: true}, "
             "underscoreHeaders: Keep, stripHeaderPrefixes: [x-internal-], forwardedHeaders: XForwarded"));
  const ClientSettings& s = settings(test, 0);
  ASSERT_EQ(s.trusted_proxies.size(), 2u);
  EXPECT_TRUE(s.trusted_proxies[0].contains(*io::Address::from_ip("10.1.2.3", 0)));
  EXPECT_FALSE(s.trusted_proxies[0].contains(*io::Address::from_ip("11.1.2.3", 0)));
  EXPECT_TRUE(s.trusted_proxies[1].contains(*io::Address::from_ip("fd00::1", 0)));
  EXPECT_EQ(s.path.encoded_slash, http::PathRules::Ambiguous::keep);
  EXPECT_TRUE(s.path.merge_slashes);
  EXPECT_TRUE(s.allow_underscores);
  EXPECT_FALSE(s.forwarded_field);
  EXPECT_EQ(s.internal_prefixes, (std::vector<std::string>{"x-turnpike-", "x-internal-"}));
}

TEST(ListenerSettings, OfOnePortMustAgree) {
  const TestPlan test(std::string(kTwo) +
                      policy("p", "{kind: Gateway, name: gw, sectionName: a}", "limits: {head: 16Ki}") +
                      policy("q", "{kind: Gateway, name: gw, sectionName: b}", "limits: {head: 32Ki}"));
  EXPECT_EQ(settings(test, 0).limits.head, 16u * 1024);
  EXPECT_EQ(test.ancestor("ListenerPolicy default/p", "Accepted"), "True Accepted");
  EXPECT_EQ(test.ancestor("ListenerPolicy default/q", "Accepted"), "False Conflicted");
  const TestPlan lent(std::string(kTwo) +
                      policy("p", "{kind: Gateway, name: gw, sectionName: a}", "limits: {head: 16Ki}"));
  EXPECT_NE(lent.diagnostics().find("share the port 8080"), std::string::npos) << lent.diagnostics();
}

TEST(Telemetry, TheProcessHasOne) {
  const TestPlan test(std::string(kTwo) +
                      "---\napiVersion: turnpike.dev/v1alpha1\nkind: TelemetryPolicy\nmetadata: {name: "
                      "t}\nspec: {targetRefs: "
                      "[{kind: Gateway, name: gw}], accessLog: {path: 'off'}}\n");
  ASSERT_NE(test.compiled.telemetry, nullptr);
  EXPECT_EQ(test.compiled.telemetry->access_log->path, "off");
  EXPECT_EQ(TestPlan(kTwo).compiled.telemetry, nullptr);
}

}  // namespace
}  // namespace turnpike::plan
