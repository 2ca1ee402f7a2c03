#include "plan/compile.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "plan/diff.h"
#include "plan/testing.h"
#include "resource/status.h"

namespace turnpike::plan {
namespace {

// The file of the README, as it stands.
constexpr std::string_view kShop = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: payments}
spec:
  parentRefs: [{name: shop}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /payments}}]
    timeouts: {request: 2s}
    backendRefs: [{group: turnpike.dev, kind: Backend, name: payments, port: 9001}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: payments}
spec:
  endpoints: [{address: 127.0.0.1, port: 9001}, {address: payments.internal, port: 9001}]
)";

TEST(Compile, TheFirstFileThatAnybodyWrites) {
  const TestPlan test(kShop);
  EXPECT_EQ(test.diagnostics(), "");
  EXPECT_EQ(test.condition("Gateway default/shop", "Accepted"), "True Accepted");
  EXPECT_EQ(test.condition("Gateway default/shop", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener("Gateway default/shop", "http", "Programmed"), "True Programmed");
  EXPECT_EQ(test.listener_status("Gateway default/shop", "http").attached_routes, 1u);
  EXPECT_EQ(test.parent("HTTPRoute default/payments", "Accepted"), "True Accepted");
  EXPECT_EQ(test.parent("HTTPRoute default/payments", "ResolvedRefs"), "True ResolvedRefs");
  const Plan& plan = *test.compiled.plan;
  ASSERT_EQ(plan.ports.size(), 1u);
  EXPECT_EQ(plan.ports[0]->port, 8080);
  EXPECT_EQ(plan.ports[0]->address.port(), 8080);
  EXPECT_FALSE(plan.ports[0]->tls);
  ASSERT_EQ(plan.ports[0]->listeners.size(), 1u);
  EXPECT_EQ(plan.ports[0]->listeners[0].name, "default/shop/http");
  EXPECT_EQ(plan.ports[0]->listeners[0].origin, "config.yaml:8");
  EXPECT_EQ(test.send(8080, "any.example", "/payments/1"), "default/payments 0 -> default/payments:9001");
  EXPECT_EQ(test.send(8080, "", "/payments"), "default/payments 0 -> default/payments:9001");
  EXPECT_EQ(test.send(8080, "any.example", "/other"), "404 no route");
  const Rule* rule = test.rule(8080, "x", "/payments");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->origin, "config.yaml:16");
  EXPECT_EQ(rule->timeouts.request, std::chrono::seconds(2));
  const auto* cluster = test.cluster("default/payments:9001");
  ASSERT_NE(cluster, nullptr);
  ASSERT_EQ(cluster->endpoints.size(), 2u);
  EXPECT_EQ(cluster->endpoints[1].address, "payments.internal");
  EXPECT_EQ(cluster->endpoints[1].port, 9001);
}

// --- one compiler, one store after the other
// -------------------------------------------------------------------

std::string routes(const std::vector<std::pair<std::string, std::string>>& names_and_paths,
                   std::string_view filter = "") {
  std::string out = std::string(kGateway) + kService;
  for (const auto& [name, path] : names_and_paths)
    out += "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name +
           ", namespace: infra}\nspec:\n  parentRefs: [{name: gw}]\n  rules:\n  - matches: [{path: {value: " +
           path +
           "}}]\n    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Route, "
           "value: " +
           name + std::string(filter) + "}]}}]\n    backendRefs: [{name: web, port: 80}]\n---\n";
  return out;
}

// The compiler that remembers gives what a new one gives.
void expect_fresh(TestPlan& test, const std::string& yaml) {
  test.recompile(yaml);
  const TestPlan fresh(yaml);
  EXPECT_EQ(diff(*fresh.compiled.plan, *test.compiled.plan).text(), "nothing changed");
  EXPECT_EQ(test.diagnostics(), fresh.diagnostics());
  EXPECT_EQ(resource::to_text(test.compiled.statuses), resource::to_text(fresh.compiled.statuses));
}

TEST(Compiler, RemembersWithoutMixingUp) {
  const std::string a = routes({{"a", "/a"}, {"b", "/b"}, {"c", "/c"}});
  TestPlan test(a);
  expect_fresh(test, a);
  expect_fresh(test, routes({{"a", "/a"}, {"c", "/c"}}));
  expect_fresh(test, routes({{"a0", "/0"}, {"a", "/a"}, {"bb", "/b"}, {"c", "/x"}, {"d", "/d"}}));
  expect_fresh(test, routes({{"a", "/a"}, {"b", "/b"}}, "-changed"));
  expect_fresh(test, routes({}));
  expect_fresh(test, a);
  std::string moved = "# one line more\n" + a;
  expect_fresh(test, moved);  // positions follow
  EXPECT_EQ(test.rule(8080, "x", "/a")->origin, TestPlan(moved).rule(8080, "x", "/a")->origin);
  moved.replace(moved.find("10.0.0.1"), 8, "10.0.0.9");
  expect_fresh(test, moved);
  EXPECT_EQ(test.cluster("infra/web:80")->endpoints.at(0).address, "10.0.0.9");
  for (int i = 0; i < 40; ++i) expect_fresh(test, i % 2 == 0 ? a : moved);
}

TEST(Compiler, WarnsEachTime) {
  std::string yaml = routes({{"a", "/a"}});
  yaml.replace(yaml.find("kubernetes.io/service-name: web"), 31, "kubernetes.io/service-name: wob");
  TestPlan test(yaml);
  EXPECT_NE(test.diagnostics().find("has no endpoint"), std::string::npos);
  expect_fresh(test, yaml);
  expect_fresh(test, routes({{"a", "/a"}}));
  expect_fresh(test, yaml);
}

TEST(Compiler, HintsAndProblemsHaveAnEnd) {
  std::string yaml = std::string(kGateway) + kService;
  for (int i = 0; i < 1100; ++i) {
    const std::string n = std::to_string(i + 1000);
    yaml +=
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r" + n +
        ", namespace: infra}\nspec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: wob, port: " +
        n + "}]}]}\n";
  }
  const TestPlan test(yaml);
  ASSERT_EQ(test.compiled.diagnostics.size(), 1001U);
  EXPECT_NE(test.compiled.diagnostics.front().message.find("did you mean 'web'?"), std::string::npos);
  EXPECT_EQ(test.compiled.diagnostics[999].message.find("did you mean"), std::string::npos);
  EXPECT_EQ(test.compiled.diagnostics.back().message, "100 further problems are not shown");
}

TEST(Compiler, WarnsOfAPortThatNoEndpointHas) {
  const auto yaml = [](std::string_view endpoints) {
    return std::string(kGateway) +
           "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: "
           "infra}\n"
           "spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{group: turnpike.dev, kind: Backend, "
           "name: b, "
           "port: 9002}]}]}\n---\napiVersion: turnpike.dev/v1alpha1\nkind: Backend\n"
           "metadata: {name: b, namespace: infra}\nspec: {endpoints: [" +
           std::string(endpoints) + "]}\n";
  };
  TestPlan test(yaml("{address: 127.0.0.1, port: 9001}"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_NE(test.diagnostics().find("the port 9002, which no endpoint has"), std::string::npos)
        << test.diagnostics();
    test.recompile(yaml("{address: 127.0.0.1, port: 9001}"));
  }
  EXPECT_EQ(TestPlan(yaml("{address: 127.0.0.1}")).diagnostics(), "");
  EXPECT_EQ(
      TestPlan(yaml("{address: 127.0.0.1, port: 9001}, {address: 127.0.0.2, port: 9002}")).diagnostics(), "");
}

TEST(Compiler, SharesThePoliciesOfRoutesThatDidNotChange) {
  TestPlan test(routes({{"a", "/a"}, {"b", "/b"}}));
  const policy::Policy* before = test.rule(8080, "x", "/a")->on_request.at(0);
  const auto plan = test.compiled.plan;
  test.recompile(routes({{"a", "/a"}, {"b", "/c"}}));
  EXPECT_EQ(test.rule(8080, "x", "/a")->on_request.at(0), before);
  // The old plan outlives the compiler's memory of it.
  test.recompile(routes({}));
  test.compiler = Compiler();
  EXPECT_EQ(plan->rules.at(0).on_request.at(0)->describe(), "set X-Route: a");
}

TEST(Compiler, GivesMetricsToListenersAndRoutes) {
  observe::Registry registry(1);
  const observe::Families families = observe::define_families(registry);
  CompileOptions options;
  options.metrics = &registry;
  options.families = &families;
  const TestPlan test(routes({{"a", "/a"}, {"b", "/b"}}), options);
  const Listener& listener = test.compiled.plan->ports.at(0)->listeners.at(0);
  ASSERT_EQ(listener.matches.size(), 2u);
  EXPECT_NE(listener.metrics.cell, 0u);
  EXPECT_NE(listener.matches[0].route_metrics.cell, listener.matches[1].route_metrics.cell);
  EXPECT_NE(listener.matches[0].route_metrics.cell, listener.unrouted_metrics.cell);
  EXPECT_EQ(listener.matches[0].prefix_bytes, 2);
}

TEST(Compiler, WithoutStatusesThePlanIsTheSame) {
  CompileOptions options;
  options.statuses = false;
  TestPlan test(routes({{"a", "/a"}}), options);
  EXPECT_TRUE(test.compiled.statuses.empty());
  EXPECT_EQ(test.send(8080, "x", "/a"), "infra/a 0 -> infra/web:80");
}

// --- whatever users write
// ------------------------------------------------------------------------------------------

// Lines dropped, doubled, swapped and spoilt at random: what can still be read is compiled, by a compiler
// that remembers the ones before. Nothing may crash, and what is served must be sound.
TEST(Compiler, SurvivesDamagedConfigurations) {
  const std::string whole = routes({{"a", "/a"}, {"b", "/b"}}) + std::string(kShop) + R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: ls}
spec: {parentRef: {name: shop}, listeners: [{name: l, port: 8080, protocol: HTTP, hostname: x.example}]}
---
apiVersion: turnpike.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: t, namespace: infra}
spec: {targetRefs: [{kind: Gateway, name: gw}], timeouts: {request: 1s}, connections: {maxPerEndpoint: 3}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p, namespace: infra}
spec: {targetRefs: [{group: "", kind: Service, name: web}], validation: {wellKnownCACertificates: System, hostname: w}}
)";
  std::vector<std::string> lines(1);
  for (const char c : whole) c == '\n' ? lines.emplace_back() : lines.back() += c;
  Random random(7);
  Compiler compiler;
  resource::Loader loader;
  const std::string_view spoil[] = {"name: gw", "port: 0", "kind: Gateway", "[]", "{}", "namespace: infra",
                                    "/",        "''"};
  for (int round = 0; round < 1500; ++round) {
    std::vector<std::string> damaged = lines;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::size_t at = random.below(damaged.size());
      switch (random.below(4)) {
        case 0:
          damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        case 1:
          damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(at), damaged[at]);
          break;
        case 2:
          std::swap(damaged[at], damaged[random.below(damaged.size())]);
          break;
        default:
          damaged[at].replace(random.below(damaged[at].size() + 1), 3, spoil[random.below(std::size(spoil))]);
      }
    }
    std::string text;
    for (const std::string& line : damaged) text += line + "\n";
    const resource::NamedText named{"config.yaml", text};
    const auto loaded = loader.load(std::span(&named, 1));
    const Compiled compiled = compiler.compile(loaded.store, {});
    for (const auto& port : compiled.plan->ports) {
      ASSERT_FALSE(port->listeners.empty());
      for (const Listener& listener : port->listeners) ASSERT_LE(listener.matches.size(), 16u);
    }
    for (const Rule& rule : compiled.plan->rules) {
      for (const BackendChoice& choice : rule.backends)
        ASSERT_TRUE(choice.cluster == BackendChoice::kInvalid ||
                    choice.cluster < compiled.plan->clusters.size());
    }
  }
}

TEST(Compile, NothingAtAll) {
  const TestPlan test("");
  EXPECT_TRUE(test.compiled.plan->ports.empty());
  EXPECT_EQ(test.diagnostics(), "");
}

TEST(Compile, MatchesKnowWhatTheirPrefixCovers) {
  const TestPlan test(routes({{"a", "/a/"}, {"b", "/"}}));
  const Listener& listener = test.compiled.plan->ports.at(0)->listeners.at(0);
  EXPECT_EQ(listener.matches.at(0).prefix_bytes, 2);
  EXPECT_EQ(listener.matches.at(1).prefix_bytes, 0);
}

TEST(Compile, PathsAreMatchedInTheirNormalForm) {
  const TestPlan test(routes({{"a", "/caf%c3%a9"}, {"b", "/%41bc"}}));
  EXPECT_EQ(test.send(8080, "x", "/caf%C3%A9/x"), "infra/a 0 -> infra/web:80");
  EXPECT_EQ(test.send(8080, "x", "/Abc"), "infra/b 0 -> infra/web:80");
  EXPECT_EQ(test.compiled.plan->ports.at(0)->listeners.at(0).matches.at(1).prefix_bytes, 4);
}

TEST(Compile, SaysWhatItDoesNotServe) {
  const TestPlan test(std::string(kGateway) + kService + R"(apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: infra}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{method: GET}]
    filters: [{type: CORS, cors: {allowOrigins: ["*"]}}]
    sessionPersistence: {idleTimeout: 5m}
    backendRefs: [{name: web, port: 80}]
---
apiVersion: turnpike.dev/v1alpha1
kind: ListenerPolicy
metadata: {name: l, namespace: infra}
spec: {targetRefs: [{kind: Gateway, name: gw}], requestId: {header: X-Trace}}
)");
  for (const std::string_view part : {"preflights (OPTIONS) are none of them",
                                      "sessions do not end by being idle", "the name is always X-Request-Id"})
    EXPECT_NE(test.diagnostics().find(part), std::string::npos) << part << test.diagnostics();
}

TEST(Compile, PoliciesActInTheirOwnOrder) {
  const TestPlan test(std::string(kGateway) + kService + R"(apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: infra}
spec:
  parentRefs: [{name: gw}]
  rules:
  - filters:
    - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [X]}}
    - {type: URLRewrite, urlRewrite: {hostname: a.example}}
    - {type: RequestHeaderModifier, requestHeaderModifier: {remove: [Y]}}
    - {type: CORS, cors: {allowOrigins: ["*"]}}
    backendRefs:
    - {name: web, port: 80, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Z, value: "1"}]}}]}
)");
  const Rule* rule = test.rule(8080, "x", "/");
  std::string order;
  for (const auto* policy : rule->on_request) order += std::string(policy->name()) + " ";
  EXPECT_EQ(order, "CORS RequestHeaderModifier URLRewrite ");
  order.clear();
  for (const auto* policy : rule->on_response) order += std::string(policy->name()) + " ";
  EXPECT_EQ(order, "ResponseHeaderModifier CORS ");
  EXPECT_EQ(rule->backends.at(0).on_request.at(0)->describe(), "set Z: 1");
}

}  // namespace
}  // namespace turnpike::plan
