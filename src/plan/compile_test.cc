#include "plan/compile.h"

#include <gtest/gtest.h>

#include "plan/testing.h"

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

}  // namespace
}  // namespace turnpike::plan
