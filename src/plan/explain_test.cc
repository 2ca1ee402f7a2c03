#include "plan/explain.h"

#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

constexpr std::string_view kShop = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
  - {name: admin, port: 8080, protocol: HTTP, hostname: "*.admin.example"}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: payments}
spec:
  parentRefs: [{name: shop, sectionName: http}]
  rules:
  - name: pay
    matches:
    - path: {type: PathPrefix, value: /payments}
      headers: [{name: x-tenant, value: a}]
    timeouts: {request: 2s, backendRequest: 500ms}
    retry: {attempts: 2, codes: [503]}
    filters:
    - {type: URLRewrite, urlRewrite: {hostname: pay.internal, path: {type: ReplacePrefixMatch, replacePrefixMatch: /v1}}}
    - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Env, value: prod}], remove: [X-Debug]}}
    backendRefs:
    - {group: turnpike.dev, kind: Backend, name: payments, port: 9001, weight: 3}
    - {group: turnpike.dev, kind: Backend, name: missing, port: 9001}
  - matches: [{path: {type: Exact, value: /old}}]
    filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]
  - matches: [{path: {value: /payments}}]
    backendRefs: [{group: turnpike.dev, kind: Backend, name: payments, port: 9001}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: payments}
spec:
  endpoints: [{address: 127.0.0.1, port: 9001}, {address: payments.internal, port: 9001}]
)";

Explanation ask(const ExplainRequest& request) {
  const auto loaded = resource::load_text(kShop);
  EXPECT_TRUE(loaded.ok());
  return explain(loaded.store, request);
}

TEST(Explain, TellsAllThatARequestMeets) {
  const Explanation e = ask({.method = "GET",
                             .url = "http://shop.example:8080/a/../payments/7?x=1",
                             .headers = {{"X-Tenant", "a"}}});
  EXPECT_EQ(e.problem, "");
  EXPECT_EQ(e.request.path, "/payments/7");
  ASSERT_EQ(e.listeners.size(), 2u);
  EXPECT_EQ(e.listeners[0].name, "default/shop/http");
  EXPECT_TRUE(e.listeners[0].chosen);
  EXPECT_EQ(e.listeners[0].origin, "config.yaml:8");
  EXPECT_EQ(e.listeners[1].reason, "'shop.example' is not its hostname");
  ASSERT_EQ(e.candidates.size(), 3u);
  EXPECT_TRUE(e.candidates[0].matched);
  EXPECT_EQ(e.candidates[0].rule, "pay");
  EXPECT_EQ(e.candidates[0].origin, "config.yaml:19");
  EXPECT_EQ(e.candidates[0].match, "PathPrefix /payments, header x-tenant = a");
  EXPECT_FALSE(e.candidates[1].reason.empty());
  EXPECT_EQ(e.rule_origin, "config.yaml:17");
  ASSERT_EQ(e.on_request.size(), 2u);
  EXPECT_EQ(e.on_request[0].name, "RequestHeaderModifier");  // before the rewrite, whatever the file says
  EXPECT_EQ(e.on_request[1].what, "host pay.internal; replace prefix by /v1");
  ASSERT_EQ(e.backends.size(), 2u);
  EXPECT_EQ(e.backends[0].name, "default/payments:9001");
  EXPECT_EQ(e.backends[0].share, 75);
  EXPECT_EQ(e.backends[0].state, "2 of 2 endpoints ready");
  EXPECT_EQ(e.backends[0].endpoints[1].state, "a name: resolved while running");
  EXPECT_EQ(e.backends[1].name, "");
  EXPECT_EQ(e.backends[1].share, 25);
  EXPECT_EQ(e.timeouts, (std::vector<std::string>{"request 2s", "attempt 500ms", "idle 5m"}));
  EXPECT_TRUE(e.retries.starts_with("up to 2 after connect failure")) << e.retries;
  EXPECT_EQ(e.outcome, "forwarded as GET /v1/7?x=1, Host pay.internal");
  EXPECT_EQ(e.status, 0);
}

TEST(Explain, TellsWhatTheGatewayAnswersItself) {
  EXPECT_EQ(ask({.url = "http://shop.example/old"}).outcome, "301 to https://shop.example/old");
  EXPECT_EQ(ask({.url = "http://shop.example/nothing"}).outcome, "404: no route takes it");
  EXPECT_EQ(ask({.url = "http://x.admin.example/payments"}).outcome, "404: no route takes it");
  EXPECT_EQ(ask({.url = "http://shop.example/a%2fb"}).status, 400);
  EXPECT_EQ(ask({.url = "/old"}).status, 301);
  EXPECT_EQ(ask({.url = "/payments", .headers = {{"Host", "y.admin.example"}}}).listeners[0].name,
            "default/shop/admin");
}

TEST(Explain, NamesThePoliciesThatAreAttached) {
  const auto policy = [](std::string_view name, std::string_view target) {
    return "---\napiVersion: turnpike.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: " +
           std::string(name) + "}\nspec: {targetRefs: [" + std::string(target) +
           "], timeouts: {request: 1s}}\n";
  };
  const std::string yaml = std::string(kShop) + policy("wide", "{kind: Gateway, name: shop}") +
                           policy("near", "{kind: HTTPRoute, name: payments, sectionName: pay}") +
                           policy("backend", "{kind: Backend, name: payments}") +
                           policy("second", "{kind: Backend, name: payments}") +
                           policy("other", "{kind: Gateway, name: shop, sectionName: admin}");
  const auto loaded = resource::load_text(yaml);
  ASSERT_TRUE(loaded.ok());
  const Explanation e =
      explain(loaded.store, {.url = "http://shop.example/payments", .headers = {{"x-tenant", "a"}}});
  ASSERT_EQ(e.attached.size(), 3u);
  EXPECT_EQ(e.attached[0].policy, "TrafficPolicy default/backend");
  EXPECT_EQ(e.attached[0].target, "Backend default/payments");
  EXPECT_EQ(e.attached[1].target, "HTTPRoute default/payments pay");
  EXPECT_EQ(e.attached[2].policy, "TrafficPolicy default/wide");
  EXPECT_EQ(e.attached[2].origin, "config.yaml:40");
  EXPECT_NE(
      to_text(e).find("policies  TrafficPolicy default/backend, on Backend default/payments config.yaml:"),
      std::string::npos)
      << to_text(e);
}

TEST(Explain, WhatUsersWroteCannotActOnATerminal) {
  std::string yaml(kShop);
  yaml.replace(yaml.find("value: a}"), 9, "value: \"a\\e[2J\"}");
  const auto loaded = resource::load_text(yaml);
  ASSERT_TRUE(loaded.ok());
  const std::string text = to_text(explain(loaded.store, {.url = "http://shop.example/payments"}));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("x-tenant = a\\x1b[2J"), std::string::npos) << text;
}

TEST(Explain, SaysWhatIsWrongWithTheQuestion) {
  EXPECT_EQ(ask({.url = "https://shop.example/"}).problem,
            "nothing listens on the port 443; there are: 8080 (http)");
  EXPECT_EQ(ask({.url = "http://shop.example:81/"}).problem,
            "nothing listens on the port 81; there are: 8080 (http)");
  EXPECT_EQ(ask({.url = "https://shop.example:8080/"}).problem, "the port 8080 speaks http");
  EXPECT_EQ(ask({.url = "ftp://shop.example/"}).problem, "'ftp' is none of http, https, tls, tcp and udp");
  EXPECT_TRUE(ask({.url = "http://a b/"}).problem.starts_with("'a b' is no host"));
}

TEST(Explain, WritesTextAndJson) {
  const Explanation e = ask({.url = "http://shop.example/payments", .headers = {{"x-tenant", "a"}}});
  const std::string text = to_text(e);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  for (const std::string_view part :
       {"GET http://shop.example:8080/payments\n", "  listener  default/shop/http config.yaml:8\n",
        "  route     default/payments rule pay config.yaml:17\n", "  backend   75 %  default/payments:9001",
        "  outcome   forwarded as GET /v1"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_NE(to_text(e, true).find("\x1b[1m"), std::string::npos);
  std::string json;
  JsonWriter writer(json);
  write_json(writer, e);
  EXPECT_TRUE(
      json.starts_with(R"({"request":{"method":"GET","scheme":"http","host":"shop.example","port":8080)"))
      << json;
  EXPECT_TRUE(json.ends_with(R"("status":0})")) << json;
}

}  // namespace
}  // namespace turnpike::plan
