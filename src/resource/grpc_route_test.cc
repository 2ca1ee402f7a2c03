#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "resource/encode.h"
#include "resource/loader.h"

namespace turnpike::resource {
namespace {

std::string grpc_route(std::string_view rules) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: r}\nspec:\n"
         "  parentRefs: [{name: g}]\n  rules:\n" +
         std::string(rules);
}

// All problems, "line:column message; hint".
std::string problems(std::string_view rules) {
  std::string out;
  for (const Diagnostic& d : load_text(grpc_route(rules)).diagnostics) {
    if (!out.empty()) out += '\n';
    out += std::to_string(d.position.line) + ":" + std::to_string(d.position.column) + " " + d.message;
    if (!d.hint.empty()) out += "; " + d.hint;
  }
  return out;
}

// How the first match is understood: "Exact /a.B/C".
std::string path(std::string_view method) {
  const Loaded loaded = load_text(grpc_route("  - matches: [{method: " + std::string(method) + "}]\n"));
  if (!loaded.ok()) return "refused";
  const auto* route = loaded.store->find<HttpRoute>(Kind::grpc_route, "default", "r");
  if (route == nullptr) return "missing";
  const HttpPathMatch& match = (*route)->rules.at(0).matches.at(0).path;
  const std::string_view types[] = {"Exact ", "PathPrefix ", "RegularExpression "};
  return std::string(types[static_cast<int>(match.type)]) + *match.value;
}

TEST(GrpcRoute, MethodsBecomePaths) {
  EXPECT_EQ(path("{service: shop.v1.Cart, method: Add}"), "Exact /shop.v1.Cart/Add");
  EXPECT_EQ(path("{type: Exact, service: shop.v1.Cart}"), "PathPrefix /shop.v1.Cart");
  EXPECT_EQ(path("{service: shop.v1.Cart, method: ''}"), "PathPrefix /shop.v1.Cart");
  EXPECT_EQ(path("{method: Add}"), "RegularExpression /[^/]+/(?:Add)");
  EXPECT_EQ(path("{type: RegularExpression, service: 'shop\\..*', method: 'Get|List'}"),
            "RegularExpression /(?:shop\\..*)/(?:Get|List)");
  EXPECT_EQ(path("{type: RegularExpression, service: 'shop\\..*'}"),
            "RegularExpression /(?:shop\\..*)/[^/]+");
}

TEST(GrpcRoute, EveryCallWithoutMatches) {
  for (const char* rules :
       {"  - {}\n", "  - matches: [{}]\n", "  - matches: [{headers: [{name: a, value: b}]}]\n"}) {
    const Loaded loaded = load_text(grpc_route(rules));
    ASSERT_TRUE(loaded.ok());
    const auto& matches =
        (*loaded.store->find<HttpRoute>(Kind::grpc_route, "default", "r"))->rules.at(0).matches;
    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].path.type, PathMatchType::path_prefix);
    EXPECT_EQ(*matches[0].path.value, "/");
  }
}

TEST(GrpcRoute, WhatIsWrongIsSaid) {
  struct Case {
    std::string_view rules, problem;
  };
  const Case cases[] = {
      {"  - matches: [{method: {service: shop.Cart, method: Add}}]\n", ""},
      {"  - matches: [{method: {service: .shop.Cart}}]\n", ""},
      {"  - matches: [{method: {type: Exact}}]\n",
       "7:24 one of 'service' and 'method' is required, or both; leave 'method' out to match every call"},
      {"  - matches: [{method: {service: shop/Cart}}]\n", "7:34 'shop/Cart' is no name of a service"},
      {"  - matches: [{method: {service: shop..Cart}}]\n", "7:34 'shop..Cart' is no name of a service"},
      {"  - matches: [{method: {service: 1shop}}]\n", "7:34 '1shop' is no name of a service"},
      {"  - matches: [{method: {service: 'shop.*'}}]\n",
       "7:34 'shop.*' is no name of a service; write type: RegularExpression for an expression"},
      {"  - matches: [{method: {method: Add-Item}}]\n", "7:33 'Add-Item' is no name of a method"},
      {"  - matches: [{method: {method: a.b}}]\n", "7:33 'a.b' is no name of a method"},
      {"  - matches: [{method: {type: Prefix, service: a}}]\n",
       "7:31 'type' must be Exact or RegularExpression, not 'Prefix'"},
      {"  - matches: [{path: {value: /}}]\n",
       "7:16 unknown field 'path' in GRPCRouteMatch; known here: method, headers"},
      {"  - filters: [{type: RequestRedirect, requestRedirect: {}}]\n", "?"},
      {"  - timeouts: {request: 1s}\n", "?"},
      {"  - filters: [{type: RequestMirror}]\n", "7:22 'requestMirror' is required for type RequestMirror"},
      {"  - {name: a}\n  - {name: a}\n", "8:12 a rule named 'a' stands above already"},
      {"  - backendRefs: [{name: web}]\n", "7:19 'port' is required for the Service 'web'"},
  };
  for (const Case& c : cases) {
    if (c.problem == "?") {
      EXPECT_NE(problems(c.rules), "") << c.rules;
      continue;
    }
    EXPECT_EQ(problems(c.rules), c.problem) << c.rules;
  }
}

TEST(GrpcRoute, StandsBesideAnHTTPRouteOfItsName) {
  const Loaded loaded = load_text(grpc_route("  - {}\n") +
                                  "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: "
                                  "{name: r}\nspec: {parentRefs: "
                                  "[{name: g}]}\n---\n" +
                                  "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: "
                                  "GRPCRoute\nmetadata: {name: a}\nspec: {parentRefs: "
                                  "[{name: g}]}\n");
  ASSERT_TRUE(loaded.ok());
  const auto all = loaded.store->all<HttpRoute>();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0]->grpc());  // HTTPRoutes first
  EXPECT_EQ(all[1]->meta.name, "a");
  EXPECT_TRUE(all[2]->grpc());
  EXPECT_EQ(loaded.store->find<HttpRoute>("default", "r"), &all[0]);
  EXPECT_EQ(loaded.store->find<HttpRoute>("default", "a"), nullptr);
  EXPECT_EQ(loaded.store->find<HttpRoute>(Kind::grpc_route, "default", "r"), &all[2]);
}

TEST(GrpcRoute, IsShownAsItIsWritten) {
  const Loaded loaded = load_text(grpc_route("  - matches: [{method: {service: a.B, method: C}}]\n"));
  const auto* route = loaded.store->find<HttpRoute>(Kind::grpc_route, "default", "r");
  ASSERT_NE(route, nullptr);
  std::string text;
  JsonWriter json(text);
  write_json(json, **route, route->position());
  EXPECT_NE(text.find(R"("kind":"GRPCRoute")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("matches":[{"method":{"type":"Exact","service":"a.B","method":"C"}}])"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace turnpike::resource
