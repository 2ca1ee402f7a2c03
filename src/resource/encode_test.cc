#include "resource/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "resource/loader.h"

namespace turnpike::resource {
namespace {

template <class T>
nlohmann::json encoded(std::string_view text) {
  const Loaded loaded = load_text(text, "x.yaml");
  for (const Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << d.text();
  const Entry<T>& entry = loaded.store->all<T>().front();
  std::string out;
  JsonWriter json(out);
  write_json(json, *entry, entry.position());
  return nlohmann::json::parse(out);
}

TEST(Encode, ARouteAsItWasUnderstood) {
  const auto json = encoded<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, labels: {app: x}}
spec:
  parentRefs: [{name: gw, sectionName: http}]
  hostnames: [a.example.com]
  rules:
  - matches: [{path: {type: Exact, value: /x}, method: GET}]
    timeouts: {request: 2s}
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]
    backendRefs: [{name: s, port: 80, weight: 3}]
)");
  EXPECT_EQ(json["apiVersion"], "gateway.networking.k8s.io/v1");
  EXPECT_EQ(json["kind"], "HTTPRoute");
  EXPECT_EQ(json["metadata"]["name"], "r");
  EXPECT_EQ(json["metadata"]["labels"]["app"], "x");
  EXPECT_EQ(json["position"], "x.yaml:2:1");
  const auto& rule = json["spec"]["rules"][0];
  EXPECT_EQ(rule["matches"][0]["path"]["type"], "Exact");
  EXPECT_EQ(rule["matches"][0]["method"], "GET");
  EXPECT_EQ(rule["timeouts"]["request"], "2s");
  EXPECT_EQ(rule["filters"][0]["requestHeaderModifier"]["set"][0]["value"], "b");
  EXPECT_EQ(rule["backendRefs"][0]["weight"], 3);
  EXPECT_EQ(rule["backendRefs"][0]["kind"], "Service") << "defaults are shown";
}

TEST(Encode, SecretsShowTheirKeysOnly) {
  const std::string text = R"(
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {token: c3dvcmRmaXNo}
stringData: {password: swordfish}
)";
  const auto json = encoded<Secret>(text);
  EXPECT_EQ(json["data"]["token"], "(redacted)");
  EXPECT_EQ(json["data"]["password"], "(redacted)");
  EXPECT_EQ(json.dump().find("swordfish"), std::string::npos);
  EXPECT_EQ(json.dump().find("c3dvcmRmaXNo"), std::string::npos);
}

TEST(Encode, TurnpikesOwnKinds) {
  const auto json = encoded<Backend>(R"(
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: b}
spec: {endpoints: [{address: 127.0.0.1, port: 9001}]}
)");
  EXPECT_EQ(json["spec"]["endpoints"][0]["port"], 9001);
  EXPECT_EQ(json["spec"]["endpoints"][0]["address"], "127.0.0.1");
}

}  // namespace
}  // namespace turnpike::resource
