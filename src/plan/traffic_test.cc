#include "plan/traffic.h"

#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

using namespace std::chrono_literals;

std::string base(std::string_view rule_more = "") {
  return std::string(kGateway) + kService +
         "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
         "infra}\nspec:\n  "
         "parentRefs: [{name: gw}]\n  rules:\n  - name: main\n" +
         std::string(rule_more) +
         "    backendRefs: [{name: web, port: 80}]\n  - matches: [{path: {value: /other}}]\n    backendRefs: "
         "[{name: web, "
         "port: 80}]\n";
}

std::string policy(std::string_view name, std::string_view target, std::string_view spec,
                   std::string_view created = "") {
  return "---\napiVersion: turnpike.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: " +
         std::string(name) + ", namespace: infra" + std::string(created) + "}\nspec: {targetRefs: [" +
         std::string(target) + "], " + std::string(spec) + "}\n";
}

constexpr std::string_view kOnGateway = "{kind: Gateway, name: gw}";
constexpr std::string_view kOnListener = "{kind: Gateway, name: gw, sectionName: http}";
constexpr std::string_view kOnRoute = "{kind: HTTPRoute, name: r}";
constexpr std::string_view kOnRule = "{kind: HTTPRoute, name: r, sectionName: main}";
constexpr std::string_view kOnService = "{kind: Service, name: web}";

TEST(Traffic, DefaultsAreSafe) {
  const TestPlan test(base());
  const Rule* rule = test.rule(8080, "x", "/");
  EXPECT_EQ(rule->timeouts.request, 0s);
  EXPECT_EQ(rule->timeouts.response_head, 30s);
  EXPECT_EQ(rule->retry.attempts, 1u);
  EXPECT_TRUE(rule->retry.on_connect_failure);
  EXPECT_FALSE(rule->retry.any_method);
}

TEST(Traffic, TheNearestPolicyWins) {
  const std::string_view levels[] = {kOnGateway, kOnListener, kOnRoute, kOnRule, kOnService};
  std::string yaml = base();
  int seconds = 1;
  for (const std::string_view level : levels) {
    yaml +=
        policy("p" + std::to_string(seconds), level, "timeouts: {request: " + std::to_string(seconds) + "s}");
    const TestPlan test(yaml);
    EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.request, std::chrono::seconds(seconds)) << level;
    EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.response_head, 0s);
    EXPECT_EQ(test.ancestor("TrafficPolicy infra/p" + std::to_string(seconds), "Accepted"), "True Accepted");
    ++seconds;
  }
  // What stands in the rule itself is nearer than all of them.
  const TestPlan own(base("    timeouts: {request: 9s}\n") + yaml.substr(base().size()));
  EXPECT_EQ(own.rule(8080, "x", "/")->timeouts.request, 9s);
  EXPECT_EQ(own.rule(8080, "x", "/other")->timeouts.request, 5s);
}

TEST(Traffic, SectionsAndTimeoutsAreInheritedOneByOne) {
  const TestPlan test(
      base() + policy("a", kOnGateway, "timeouts: {request: 10s, backendRequest: 2s}, retry: {attempts: 3}") +
      policy("b", kOnRoute, "timeouts: {request: 5s}"));
  const Rule* rule = test.rule(8080, "x", "/");
  EXPECT_EQ(rule->timeouts.request, 5s);
  EXPECT_EQ(rule->timeouts.backend_request, 2s);
  EXPECT_EQ(rule->retry.attempts, 3u);
}

TEST(Traffic, OfTwoForOneTargetTheOlderWins) {
  const TestPlan test(
      base() +
      policy("a", kOnRoute, "timeouts: {request: 1s}", ", creationTimestamp: '2026-01-02T00:00:00Z'") +
      policy("b", kOnRoute, "timeouts: {request: 2s}", ", creationTimestamp: '2026-01-01T00:00:00Z'"));
  EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.request, 2s);
  EXPECT_EQ(test.ancestor("TrafficPolicy infra/a", "Accepted"), "False Conflicted");
  EXPECT_EQ(test.ancestor("TrafficPolicy infra/b", "Accepted"), "True Accepted");
  EXPECT_NE(test.diagnostics().find("it has no effect: 'b' is older"), std::string::npos)
      << test.diagnostics();
}

TEST(Traffic, TargetsThatAreNotThere) {
  const TestPlan test(
      base() + policy("a", "{kind: HTTPRoute, name: q}", "timeouts: {request: 1s}") +
      policy("b", "{kind: HTTPRoute, name: r, sectionName: mian}", "timeouts: {request: 1s}"));
  EXPECT_EQ(test.ancestor("TrafficPolicy infra/a", "Accepted"), "False TargetNotFound");
  EXPECT_EQ(test.ancestor("TrafficPolicy infra/b", "Accepted"), "False TargetNotFound");
  EXPECT_NE(test.diagnostics().find("did you mean 'main'"), std::string::npos) << test.diagnostics();
}

TEST(HTTPRouteRetry, ItsCodesAnswerForTheMethods) {
  const TestPlan test(base("    retry: {codes: [500, 503], attempts: 4, backoff: 100ms}\n"));
  const RetryPolicy& retry = test.rule(8080, "x", "/")->retry;
  EXPECT_EQ(retry.attempts, 4u);
  EXPECT_EQ(retry.statuses, (std::vector<std::uint16_t>{500, 503}));
  EXPECT_TRUE(retry.any_method);
  EXPECT_TRUE(retry.on_timeout);
  EXPECT_EQ(retry.backoff, 100ms);
  EXPECT_GE(retry.longest_backoff, 100ms);
  EXPECT_EQ(TestPlan(base("    retry: {attempts: 0}\n")).rule(8080, "x", "/")->retry.attempts, 0u);
}

TEST(HTTPRouteTimeoutBackendRequest, DoesNotCutAttemptsShort) {
  const TestPlan test(base("    timeouts: {request: 0s, backendRequest: 500ms}\n"));
  EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.request, 0s);
  EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.response_head, 0s);  // no limit was asked for
  EXPECT_EQ(test.rule(8080, "x", "/")->timeouts.backend_request, 500ms);
  const TestPlan slow(base("    timeouts: {backendRequest: 60s}\n"));
  EXPECT_EQ(slow.rule(8080, "x", "/")->timeouts.response_head, 120s);  // two attempts
}

TEST(Traffic, RetryConditionsOfPolicies) {
  const TestPlan test(
      base() + policy("a", kOnRoute, "retry: {on: [gateway-error, '429'], attempts: 2, perTryTimeout: 1s}"));
  const RetryPolicy& retry = test.rule(8080, "x", "/")->retry;
  EXPECT_EQ(retry.statuses, (std::vector<std::uint16_t>{502, 503, 504, 429}));
  EXPECT_FALSE(retry.on_connect_failure);
  EXPECT_FALSE(retry.any_method);
  EXPECT_EQ(retry.per_try_timeout, 1s);
}

TEST(Traffic, UpstreamSettingsOfAServiceMakeNoVariant) {
  const TestPlan test(
      base() + policy("a", kOnService, "loadBalancing: {type: RoundRobin}, retryBudget: {percent: 50}"));
  ASSERT_EQ(test.compiled.plan->clusters.size(), 1u);
  EXPECT_EQ(test.compiled.plan->clusters[0]->name, "infra/web:80");
  EXPECT_EQ(test.compiled.plan->clusters[0]->balancing, upstream::Balancing::round_robin);
  EXPECT_EQ(test.compiled.plan->clusters[0]->retry_budget.percent, 50);
}

TEST(Traffic, UpstreamSettingsOfARuleMakeAVariant) {
  const TestPlan test(base() + policy("a", kOnRule, "connections: {maxPerEndpoint: 7}"));
  ASSERT_EQ(test.compiled.plan->clusters.size(), 2u);
  EXPECT_EQ(test.send(8080, "x", "/"), "infra/r main -> infra/web:80 (infra/a)");
  EXPECT_EQ(test.send(8080, "x", "/other"), "infra/r 1 -> infra/web:80");
  EXPECT_EQ(test.cluster("infra/web:80 (infra/a)")->pool.most_connections, 7u);
  EXPECT_NE(test.cluster("infra/web:80 (infra/a)")->identity(), test.cluster("infra/web:80")->identity());
  // The Service's own settings are nearer: then there is nothing to tell apart.
  const TestPlan nearer(base() + policy("a", kOnRule, "connections: {maxPerEndpoint: 7}") +
                        policy("b", kOnService, "connections: {maxPerEndpoint: 8}"));
  ASSERT_EQ(nearer.compiled.plan->clusters.size(), 1u);
  EXPECT_EQ(nearer.compiled.plan->clusters[0]->pool.most_connections, 8u);
}

TEST(Traffic, AVariantNamesWhatEachOfItsPoliciesGives) {
  // One name is the beginning of the other: they must not be taken for one.
  const TestPlan test(base() + policy("ab", kOnRule, "connections: {maxPerEndpoint: 7}") +
                      policy("a", kOnRoute, "retryBudget: {percent: 50}, connections: {maxPerEndpoint: 9}"));
  EXPECT_EQ(test.send(8080, "x", "/"),
            "infra/r main -> infra/web:80 (connections=infra/ab,retryBudget=infra/a)");
  EXPECT_EQ(test.send(8080, "x", "/other"), "infra/r 1 -> infra/web:80 (infra/a)");
  const auto* both = test.cluster("infra/web:80 (connections=infra/ab,retryBudget=infra/a)");
  EXPECT_EQ(both->pool.most_connections, 7u);
  EXPECT_EQ(both->retry_budget.percent, 50.0);
  EXPECT_EQ(test.cluster("infra/web:80 (infra/a)")->pool.most_connections, 9u);
}

TEST(Traffic, ConsistentHashTakesItsKeyFromTheRequest) {
  const TestPlan test(
      base() +
      policy("a", kOnService, "loadBalancing: {type: ConsistentHash, consistentHash: {header: x-user}}"));
  const Rule* rule = test.rule(8080, "x", "/");
  EXPECT_EQ(rule->hash_key, Rule::HashKey::header);
  EXPECT_EQ(rule->hash_name, "x-user");
  EXPECT_EQ(test.compiled.plan->clusters[0]->balancing, upstream::Balancing::consistent_hash);
}

TEST(Sessions, HaveNamesOfTheirOwn) {
  const TestPlan test(base("    sessionPersistence: {type: Cookie}\n"));
  const auto& session = test.rule(8080, "x", "/")->session;
  ASSERT_TRUE(session);
  EXPECT_TRUE(session->cookie);
  EXPECT_TRUE(session->name.starts_with("turnpike-session-")) << session->name;
  EXPECT_FALSE(test.rule(8080, "x", "/other")->session);
}

}  // namespace
}  // namespace turnpike::plan
