#include "resource/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "resource/loader.h"

namespace turnpike::resource {
namespace {

// All messages, one a line.
std::string problems(std::string_view text) {
  std::string out;
  for (const Diagnostic& diagnostic : load_text(text, "f").diagnostics) out += diagnostic.text() + "\n";
  return out;
}

// A route whose spec is given, from line 4 on.
std::string route(std::string_view spec) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n" +
         std::string(spec);
}
std::string in_route(std::string_view spec) { return problems(route(spec)); }

constexpr std::string_view kTail = " (HTTPRoute default/r)\n";

TEST(Decode, unknown_fields_name_the_nearest) {
  EXPECT_EQ(in_route("  parentRefs: [{name: g}]\n  hostnmes: [a.b]\n"),
            "f:6:3: error: unknown field 'hostnmes' in HTTPRoute spec; did you mean 'hostnames'?" +
                std::string(kTail));
  EXPECT_EQ(in_route("  parentRefs: [{name: g}]\n  rules:\n  - backendRef: [{name: s, port: 1}]\n"),
            "f:7:5: error: unknown field 'backendRef' in HTTPRouteRule; did you mean 'backendRefs'?" +
                std::string(kTail));
  EXPECT_EQ(
      problems("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\nrules: []\n"),
      "f:1:1: error: 'spec' is required (HTTPRoute default/r)\n"
      "f:4:1: error: unknown field 'rules' in HTTPRoute; 'rules' belongs under 'spec' (HTTPRoute "
      "default/r)\n");
}

TEST(Decode, all_problems_are_reported_in_order) {
  EXPECT_EQ(
      in_route("  parentRefs: [{nam: g}]\n"
               "  hostnames: [Example.com, 'a.b']\n"
               "  rules:\n"
               "  - matches: [{path: {type: Prefix, value: api}}]\n"
               "    timeouts: {request: 10}\n"
               "    backendRefs: [{name: s, port: 99999}, {name: t, port: http}]\n"),
      "f:5:17: error: unknown field 'nam' in ParentReference; did you mean 'name'? (HTTPRoute default/r)\n"
      "f:6:15: error: 'hostnames' must be in lower case: 'Example.com' (HTTPRoute default/r)\n"
      "f:8:29: error: 'type' must be Exact, PathPrefix or RegularExpression, not 'Prefix'; did you mean "
      "'PathPrefix'? (HTTPRoute default/r)\n"
      "f:9:25: error: 'request' must be a duration, not '10'; such as 10s, 500ms or 1h30m (HTTPRoute "
      "default/r)\n"
      "f:10:35: error: 'port' must be between 1 and 65535, not 99999 (HTTPRoute default/r)\n"
      "f:10:59: error: 'port' must be a whole number, not 'http' (HTTPRoute default/r)\n");
}

TEST(Decode, shapes) {
  EXPECT_EQ(in_route("  parentRefs: {name: g}\n"),
            "f:5:15: error: 'parentRefs' must be a list, not a mapping; begin each element with '- '" +
                std::string(kTail));
  EXPECT_EQ(in_route("  parentRefs: [{name: g}]\n  rules: 3\n"),
            "f:6:10: error: 'rules' must be a list, not a number" + std::string(kTail));
  EXPECT_EQ(in_route("  parentRefs: [g]\n"),
            "f:5:16: error: 'parentRefs' must be a mapping, not a text" + std::string(kTail));
  EXPECT_EQ(in_route("  parentRefs: [{name: [g]}]\n"),
            "f:5:23: error: 'name' must be a string, not a list" + std::string(kTail));
  EXPECT_EQ(in_route("  parentRefs: [{name: g}]\n  hostnames: [~]\n"),
            "f:6:15: error: an element of 'hostnames' is empty" + std::string(kTail));
}

TEST(Decode, texts_that_look_like_numbers_need_quotes) {
  const std::string spec = "  parentRefs: [{name: g}]\n  rules:\n  - matches: [{headers: [{name: v, value: ";
  EXPECT_EQ(
      in_route(spec + "1.0}]}]\n"),
      "f:7:43: error: 'value' must be a text, not a number; put it in quotes: '1.0'" + std::string(kTail));
  EXPECT_EQ(
      in_route(spec + "true}]}]\n"),
      "f:7:43: error: 'value' must be a text, not a boolean; put it in quotes: 'true'" + std::string(kTail));
  EXPECT_EQ(in_route(spec + "'1.0'}]}]\n"), "");
  EXPECT_EQ(in_route(spec + "1.0.0}]}]\n"), "");
  EXPECT_EQ(
      in_route("  parentRefs: [{name: g, port: '80'}]\n"),
      "f:5:32: error: 'port' must be a whole number, not '80'; write it without quotes" + std::string(kTail));
  EXPECT_EQ(problems("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {a: 1}}\n"),
            "f:3:33: error: 'a' must be a text, not a number; put it in quotes: '1' (ConfigMap default/c)\n");
}

TEST(Decode, what_a_document_must_be) {
  EXPECT_EQ(problems("[]\n"),
            "f:1:1: error: a resource must be a mapping with apiVersion, kind and metadata\n");
  EXPECT_EQ(problems("hello\n"),
            "f:1:1: error: a resource must be a mapping with apiVersion, kind and metadata\n");
  EXPECT_EQ(problems("kind: Service\nmetadata: {name: a}\n"),
            "f:1:1: error: 'apiVersion' is required; write apiVersion: v1\n");
  EXPECT_EQ(problems("apiVersion: v1\nknd: Service\n"),
            "f:1:1: error: 'kind' is required; 'knd' is there: did you mean 'kind'?\n");
  EXPECT_EQ(
      problems("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRout\n"),
      "f:2:7: error: unknown kind 'HTTPRout' in gateway.networking.k8s.io; did you mean 'HTTPRoute'?\n");
  EXPECT_LT(problems("apiVersion: v1\nkind: " + std::string(50'000, 'F') + "\n").size(), 200U);
  EXPECT_EQ(problems("apiVersion: v1\nkind: HTTPRoute\n"),
            "f:1:13: error: 'v1' is not an apiVersion of HTTPRoute; write apiVersion: "
            "gateway.networking.k8s.io/v1\n");
  EXPECT_EQ(problems("apiVersion: gateway.networking.k8s.oi/v1\nkind: Foo\n"),
            "f:1:13: error: unknown apiVersion 'gateway.networking.k8s.oi/v1'; did you mean "
            "'gateway.networking.k8s.io'?\n");
  EXPECT_EQ(problems("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {anything: [1]}\n"),
            "f:2:7: warning: 'Deployment' is passed over: Turnpike does not use it\n");
  EXPECT_EQ(problems("apiVersion: gateway.networking.k8s.io/v9\nkind: GatewayClass\nmetadata: {name: a}\n"
                     "spec: {controllerName: a.b/c}\n"),
            "f:1:13: error: GatewayClass has no version 'v9'; write apiVersion: gateway.networking.k8s.io/v1 "
            "(GatewayClass a)\n");
  EXPECT_EQ(problems("apiVersion: v1\nkind: Service\nmetadata: {}\nspec: {ports: [{port: 1}]}\n"),
            "f:3:11: error: 'name' is required (Service default/?)\n");
}

TEST(Decode, versions_that_gateway_api_had) {
  for (const char* version : {"v1", "v1beta1"}) {
    EXPECT_EQ(problems("apiVersion: gateway.networking.k8s.io/" + std::string(version) +
                       "\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: g}]}\n"),
              "");
  }
}

std::string l4_route(std::string_view kind, std::string_view version, std::string_view spec) {
  return "apiVersion: gateway.networking.k8s.io/" + std::string(version) + "\nkind: " + std::string(kind) +
         "\nmetadata: {name: r}\nspec: {parentRefs: [{name: g}], " + std::string(spec) + "}\n";
}

TEST(Decode, routes_of_connections) {
  constexpr std::string_view rule =
      "rules: [{name: all, backendRefs: [{name: b, port: 5432, weight: 3}, {name: c, port: 1}]}]";
  for (const char* version : {"v1", "v1alpha2"}) {
    const Loaded tcp = load_text(l4_route("TCPRoute", version, rule));
    EXPECT_TRUE(tcp.ok());
    const auto* route = tcp.store->find<L4Route>(Kind::tcp_route, "default", "r");
    ASSERT_NE(route, nullptr);
    const L4RouteRule& first = route->object->rules.at(0);
    EXPECT_EQ(first.name, "all");
    EXPECT_EQ(first.backend_refs.at(0).weight, 3U);
    EXPECT_EQ(first.backend_refs.at(1).weight, 1U);
    EXPECT_EQ(route->at(first.backend_refs[0].mark).line, 4U);
    EXPECT_NE(
        load_text(l4_route("UDPRoute", version, rule)).store->find<L4Route>(Kind::udp_route, "default", "r"),
        nullptr);
  }
  for (const char* version : {"v1", "v1alpha3", "v1alpha2"}) {
    const Loaded tls = load_text(
        l4_route("TLSRoute", version, "hostnames: [a.example.com, '*.b.example'], " + std::string(rule)));
    EXPECT_TRUE(tls.ok());
    EXPECT_EQ(*tls.store->find<L4Route>(Kind::tls_route, "default", "r")->object->hostnames.at(1),
              "*.b.example");
  }
  EXPECT_THAT(problems(l4_route("TCPRoute", "v1alpha3", rule)),
              testing::HasSubstr("TCPRoute has no version 'v1alpha3'"));
}

TEST(Decode, routes_of_connections_that_are_wrong) {
  constexpr std::string_view rule = "rules: [{backendRefs: [{name: b, port: 1}]}]";
  const auto says = [](std::string_view kind, std::string_view spec) {
    return problems(l4_route(kind, "v1", spec));
  };
  EXPECT_THAT(says("TLSRoute", rule), testing::HasSubstr("'hostnames' is required"));
  EXPECT_THAT(says("TLSRoute", "hostnames: [10.0.0.1], " + std::string(rule)),
              testing::HasSubstr("must be a name, not an IP address"));
  EXPECT_THAT(says("TCPRoute", "hostnames: [a.b], " + std::string(rule)),
              testing::HasSubstr("unknown field 'hostnames'"));
  EXPECT_THAT(says("TCPRoute", "rules: []"), testing::HasSubstr("'rules'"));
  EXPECT_THAT(
      says("UDPRoute", "rules: [{backendRefs: [{name: b, port: 1}]}, {backendRefs: [{name: c, port: 1}]}]"),
      testing::HasSubstr("'rules'"));
  EXPECT_THAT(says("UDPRoute", "rules: [{backendRefs: []}]"), testing::HasSubstr("'backendRefs'"));
  EXPECT_THAT(says("UDPRoute", "rules: [{backendRefs: [{name: b}]}]"),
              testing::HasSubstr("'port' is required"));
}

TEST(Decode, lists_and_what_kubectl_prints) {
  const Loaded loaded = load_text(R"({
  "apiVersion": "v1", "kind": "List",
  "items": [
    {"apiVersion": "v1", "kind": "Service",
     "metadata": {"name": "a", "namespace": "shop", "uid": "1", "resourceVersion": "2", "generation": 3,
                  "creationTimestamp": "2026-01-31T12:00:00Z", "managedFields": [{"manager": "x"}]},
     "spec": {"ports": [{"port": 80, "targetPort": "http", "nodePort": 30000}], "ipFamilies": ["IPv4"],
              "clusterIP": "10.0.0.1", "sessionAffinity": "None"},
     "status": {"loadBalancer": {}}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}},
     "spec": {"finalizers": ["kubernetes"]}}
  ], "metadata": {"resourceVersion": ""}})",
                                  "all.json");
  for (const Diagnostic& diagnostic : loaded.diagnostics) ADD_FAILURE() << diagnostic.text();
  const Entry<Service>* service = loaded.store->find<Service>("shop", "a");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ((*service)->meta.generation, 3);
  EXPECT_EQ((*service)->meta.creation_timestamp, 1769860800);
  EXPECT_EQ((*service)->ports[0].target_port.name, "http");
  EXPECT_EQ(service->position().text(), "all.json:4:5");
  const Entry<Namespace>* shop = loaded.store->find<Namespace>("", "shop");
  ASSERT_NE(shop, nullptr);
  EXPECT_EQ(*(*shop)->meta.labels.find("team"), "a");
}

TEST(Decode, a_bad_item_does_not_hide_the_others) {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- 3\n"
      "- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n",
      "f");
  EXPECT_EQ(loaded.store->all<Namespace>().size(), 2U);
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.diagnostics[0].position.text(), "f:5:3");
}

TEST(Decode, findings_are_bounded) {
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
  for (int i = 0; i < 150; ++i) text += "x" + std::to_string(i) + ": 1\n";
  const Loaded loaded = load_text(text, "f");
  ASSERT_EQ(loaded.diagnostics.size(), 101U);
  EXPECT_EQ(loaded.diagnostics[0].message, "50 further problems in this document are not shown");
}

TEST(Decode, long_texts_are_cut_in_messages) {
  const std::string out = in_route("  parentRefs: [{name: " + std::string(5000, 'A') + "}]\n");
  EXPECT_LT(out.size(), 300U);
  EXPECT_NE(out.find("AAA...'"), std::string::npos);
}

TEST(Decode, secrets_and_config_maps) {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n"
      "data: {tls.crt: Zm9v, extra: '!'}\nstringData: {tls.key: bar}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {ca.crt: |\n  PEM\n  }\nbinaryData: {b: "
      "Zg==}\n",
      "f");
  std::string out;
  for (const Diagnostic& diagnostic : loaded.diagnostics) out += diagnostic.text() + "\n";
  EXPECT_EQ(out,
            "f:5:30: error: 'extra' is not valid base64 (Secret default/s)\n"
            "f:11:16: error: unknown token; put the text in quotes\n");
  const Loaded good = load_text(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n"
      "data: {tls.crt: Zm9v}\nstringData: {tls.key: bar}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  ca.crt: |\n    PEM\nbinaryData: {b: "
      "Zg==}\n");
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*(*good.store->find<Secret>("default", "s"))->data.find("tls.crt"), "foo");
  EXPECT_EQ(*(*good.store->find<Secret>("default", "s"))->data.find("tls.key"), "bar");
  EXPECT_EQ(*(*good.store->find<ConfigMap>("default", "c"))->data.find("ca.crt"), "PEM\n");
  EXPECT_EQ(*(*good.store->find<ConfigMap>("default", "c"))->data.find("b"), "f");
}

TEST(Decode, defaults_are_filled_in) {
  const Loaded loaded = load_text(route("  parentRefs: [{name: g}]\n"));
  ASSERT_TRUE(loaded.ok());
  const HttpRoute& made = **loaded.store->find<HttpRoute>("default", "r");
  ASSERT_EQ(made.rules.size(), 1U);
  ASSERT_EQ(made.rules[0].matches.size(), 1U);
  EXPECT_EQ(made.rules[0].matches[0].path.type, PathMatchType::path_prefix);
  EXPECT_EQ(*made.rules[0].matches[0].path.value, "/");
  EXPECT_EQ(made.parent_refs[0].kind, "Gateway");
  EXPECT_EQ(made.parent_refs[0].group, kGatewayGroup);
}

TEST(Decode, expressions_are_judged_by_the_hook) {
  LoadOptions options;
  options.decode.check_expression = [](std::string_view text) {
    return text.starts_with('(') ? std::string("missing )") : std::string();
  };
  Loader loader(options);
  const std::string text = route(
      "  parentRefs: [{name: g}]\n  rules:\n  - matches:\n    - path: {type: RegularExpression, value: "
      "'(a'}\n"
      "    - headers: [{name: a, type: RegularExpression, value: (b}]\n    - queryParams: [{name: a, value: "
      "(b}]\n");
  const NamedText named{"f", text};
  const Loaded loaded = loader.load(std::span(&named, 1));
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_EQ(loaded.diagnostics[0].text(),
            "f:8:46: error: '(a' is not a regular expression: missing ) (HTTPRoute default/r)");
  EXPECT_EQ(loaded.diagnostics[1].position.text(), "f:9:59");
}

}  // namespace
}  // namespace turnpike::resource
