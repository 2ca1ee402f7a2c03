#include <gtest/gtest.h>

#include "resource/loader.h"

namespace turnpike::resource {
namespace {

constexpr std::string_view kShop = R"(apiVersion: gateway.networking.k8s.io/v1
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

TEST(Load, the_shop_loads_as_it_stands) {
  const Loaded loaded = load_text(kShop, "shop.yaml");
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << diagnostic.text();
  const Store& store = *loaded.store;
  ASSERT_EQ(store.size(), 3U);
  const Entry<Gateway>* gateway = store.find<Gateway>("default", "shop");
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(*(*gateway)->gateway_class_name, "turnpike");
  ASSERT_EQ((*gateway)->listeners.size(), 1U);
  const Listener& listener = (*gateway)->listeners[0];
  EXPECT_EQ(*listener.name, "http");
  EXPECT_EQ(*listener.port, 8080);
  EXPECT_EQ(listener.protocol, Protocol::http);
  EXPECT_EQ(gateway->at(listener.mark).text(), "shop.yaml:7:12");

  const Entry<HttpRoute>* route = store.find<HttpRoute>("default", "payments");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->position().text(), "shop.yaml:9:1");
  ASSERT_EQ((*route)->rules.size(), 1U);
  const HttpRouteRule& rule = (*route)->rules[0];
  ASSERT_EQ(rule.matches.size(), 1U);
  EXPECT_EQ(*rule.matches[0].path.value, "/payments");
  EXPECT_EQ(rule.timeouts.request, std::chrono::seconds(2));
  EXPECT_FALSE(rule.timeouts.backend_request);
  ASSERT_EQ(rule.backend_refs.size(), 1U);
  EXPECT_EQ(rule.backend_refs[0].group, "turnpike.dev");
  EXPECT_EQ(**rule.backend_refs[0].port, 9001);
  EXPECT_EQ(rule.backend_refs[0].weight, 1U);
  EXPECT_EQ(route->at(rule.backend_refs[0].mark).text(), "shop.yaml:17:62");

  const Entry<Backend>* backend = store.find<Backend>("default", "payments");
  ASSERT_NE(backend, nullptr);
  ASSERT_EQ((*backend)->endpoints.size(), 2U);
  EXPECT_EQ(*(*backend)->endpoints[1].address, "payments.internal");
}

}  // namespace
}  // namespace turnpike::resource
