#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "resource/loader.h"

namespace turnpike::resource {
namespace {

// The first problem without the resource's name: "line:column message; hint". Empty if there is none.
std::string first_of(const Loaded& loaded) {
  if (loaded.diagnostics.empty()) return "";
  const Diagnostic& first = loaded.diagnostics[0];
  return std::to_string(first.position.line) + ":" + std::to_string(first.position.column) + " " +
         first.message + (first.hint.empty() ? "" : "; " + first.hint);
}
std::string problem(std::string_view kind, std::string_view spec, std::string_view group = kGatewayGroup) {
  const std::string version = group == kTurnpikeGroup ? "/v1alpha1" : group.empty() ? "v1" : "/v1";
  const std::string text = "apiVersion: " + std::string(group) + version + "\nkind: " + std::string(kind) +
                           "\nmetadata: {name: r}\nspec:\n" + std::string(spec);
  return first_of(load_text(text));
}

struct Case {
  std::string_view spec;
  std::string_view problem;
};

std::string listeners(std::string_view items) {
  return problem("Gateway", "  gatewayClassName: turnpike\n  listeners:\n" + std::string(items));
}

TEST(Validate, listeners) {
  const Case cases[] = {
      {"  - {name: a, port: 80, protocol: HTTP}\n", ""},
      {"  - {name: a, port: 80, protocol: http}\n", ""},
      {"  - {name: a, port: 80, protocol: HTTP}\n  - {name: a, port: 81, protocol: HTTP}\n",
       "8:12 a listener named 'a' stands above already"},
      {"  - {name: a, port: 80, protocol: HTTP}\n  - {name: b, port: 80, protocol: http}\n",
       "8:21 port 80, protocol http and host '(any)' are taken by a listener above"},
      {"  - {name: a, port: 80, protocol: HTTP, hostname: a.b}\n  - {name: b, port: 80, protocol: HTTP}\n",
       ""},
      {"  - {name: a, port: 80, protocol: HTTPS}\n", "7:5 'tls' is required for protocol HTTPS"},
      {"  - {name: a, port: 80, protocol: HTTP, tls: {certificateRefs: [{name: s}]}}\n",
       "7:46 'tls' must not be given for protocol HTTP; write protocol: HTTPS"},
      {"  - {name: a, port: 443, protocol: HTTPS, tls: {}}\n",
       "7:48 'certificateRefs' must name a Secret when TLS is terminated"},
      {"  - {name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: s}]}}\n", ""},
      {"  - {name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}\n",
       "7:55 the TLS mode of an HTTPS listener must be Terminate"},
      {"  - {name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}\n", ""},
      {"  - {name: a, port: 443, protocol: TLS, tls: {certificateRefs: [{name: s}]}}\n",
       "7:46 'mode' must be given for protocol TLS"},
      {"  - {name: a, port: 80, protocol: TCP, hostname: a.b}\n",
       "7:50 'hostname' must not be given for protocol TCP"},
      {"  - {name: a, port: 80, protocol: HTPP}\n",
       "7:35 unknown protocol 'HTPP': use HTTP, HTTPS, TLS, TCP or UDP; did you mean 'HTTP'?"},
      {"  - {name: a, port: 80, protocol: example.com/own}\n", ""},
      {"  - {name: a, port: 0, protocol: HTTP}\n", "7:21 'port' must be between 1 and 65535, not 0"},
      {"  - {name: a, protocol: HTTP}\n", "7:5 'port' is required"},
      {"  - {name: A, port: 80, protocol: HTTP}\n", "7:12 'name' must be in lower case: 'A'"},
      {"  - {name: a, port: 80, protocol: HTTP, hostname: '*'}\n",
       "7:51 'hostname' must not be '*' alone: leave it out to match every host: '*'"},
      {"  - {name: a, port: 80, protocol: HTTP, hostname: '*.a.b'}\n", ""},
      {"  - {name: a, port: 80, protocol: HTTP, hostname: 10.0.0.1}\n",
       "7:51 'hostname' must be a name, not an IP address: '10.0.0.1'"},
      {"  - {name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}}\n",
       "7:76 'selector' is required with 'from: Selector'"},
      {"  - {name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {selector: {}}}}\n",
       "7:80 'selector' has no effect without 'from: Selector'"},
  };
  for (const Case& c : cases) EXPECT_EQ(listeners(c.spec), c.problem) << c.spec;
}

TEST(Validate, gateways) {
  const std::string head =
      "  gatewayClassName: turnpike\n  listeners: [{name: a, port: 80, protocol: HTTP}]\n";
  const Case cases[] = {
      {"  addresses: [{value: 10.0.0.1}]\n", ""},
      {"  addresses: [{value: nowhere}]\n", "7:23 'nowhere' is not an IP address"},
      {"  addresses: [{type: Hostname, value: a.b}]\n", ""},
      {"  addresses: [{type: IpAddress, value: a.b}]\n",
       "7:22 'type' must be IPAddress, Hostname or NamedAddress, not 'IpAddress'; did you mean 'IPAddress'?"},
      {"  allowedListeners: {namespaces: {from: All}}\n", ""},
      {"  allowedListeners: {namespaces: {from: Any}}\n",
       "7:41 'from' must be Same, All, Selector or None, not 'Any'"},
      {"  tls: {frontend: {default: {}, perPort: [{port: 1, tls: {}}, {port: 1, tls: {}}]}}\n",
       "7:70 port 1 stands above already"},
      {"  tls: {frontend: {default: {validation: {caCertificateRefs: []}}}}\n",
       "7:62 'caCertificateRefs' must not be empty"},
      {"  tls: {frontend: {perPort: []}}\n", "7:19 'default' is required"},
      {"  tls: {backend: {clientCertificateRef: {name: s}}}\n", ""},
      {"  defaultScope: All\n", "7:3 'defaultScope' is not supported yet; routes must name their parents"},
  };
  for (const Case& c : cases) EXPECT_EQ(problem("Gateway", head + std::string(c.spec)), c.problem) << c.spec;
}

std::string rule(std::string_view text) {
  return problem("HTTPRoute", "  parentRefs: [{name: g}]\n  rules:\n" + std::string(text));
}

TEST(Validate, matches) {
  const Case cases[] = {
      {"  - matches: [{path: {value: /a}}]\n", ""},
      {"  - matches: [{path: {value: a}}]\n", "7:30 'value' must begin with '/': 'a'"},
      {"  - matches: [{path: {value: /a//b}}]\n", "7:30 'value' must not hold '//': '/a//b'"},
      {"  - matches: [{path: {value: /a/../b}}]\n", "7:30 'value' must not hold the segment '..': '/a/../b'"},
      {"  - matches: [{path: {value: /a%2fb}}]\n",
       "7:30 'value' must not hold an encoded slash ('%2F'): '/a%2fb'"},
      {"  - matches: [{path: {type: Exact, value: '/a?b=c'}}]\n",
       "7:43 'value' must not hold a query: use queryParams: '/a?b=c'"},
      {"  - matches: [{path: {value: '/a/[0-9]+'}}]\n",
       "7:30 'value' holds a character that must be percent-encoded in a path: '/a/[0-9]+'; write type: "
       "RegularExpression for an expression"},
      {"  - matches: [{path: {type: RegularExpression, value: '/a/[0-9]+'}}]\n", ""},
      {"  - matches: [{method: get}]\n",
       "7:24 'method' must be GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE or PATCH: 'get'"},
      {"  - matches: [{headers: [{name: 'a b', value: c}]}]\n",
       "7:33 'name' is not the name of a header (letters, digits and !#$%&'*+-.^_`|~): 'a b'"},
      {"  - matches: [{headers: [{name: a}]}]\n", "7:26 'value' is required"},
      {"  - matches: [{queryParams: [{name: 'a b', value: c}]}]\n", ""},
      {"  - {name: x}\n  - {name: x}\n", "8:12 a rule named 'x' stands above already"},
      {"  - timeouts: {request: 1s, backendRequest: 2s}\n",
       "7:45 'backendRequest' must not be longer than 'request'"},
      {"  - timeouts: {request: 0s, backendRequest: 2s}\n", ""},
      {"  - retry: {codes: [500, 200]}\n", "7:26 'codes' must be between 400 and 599, not 200"},
      {"  - retry: {attempts: 2, backoff: 100ms, codes: [503]}\n", ""},
      {"  - sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}\n",
       "7:40 'absoluteTimeout' is required for a permanent cookie"},
      {"  - sessionPersistence: {type: Header, cookieConfig: {}}\n",
       "7:54 'cookieConfig' is for type Cookie only"},
      {"  - sessionPersistence: {sessionName: sid, type: Cookie, absoluteTimeout: 1h}\n", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(rule(c.spec), c.problem) << c.spec;
}

TEST(Validate, filters) {
  const Case cases[] = {
      {"  - filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 308}}]\n", ""},
      {"  - filters: [{type: RequestRedirect, requestRedirect: {statusCode: 304}}]\n",
       "7:69 'statusCode' must be 301, 302, 303, 307 or 308, not 304"},
      {"  - filters: [{type: RequestRedirect, requestRedirect: {scheme: ftp}}]\n",
       "7:65 'scheme' must be 'http' or 'https': 'ftp'"},
      {"  - filters: [{type: RequestRedirect}]\n",
       "7:22 'requestRedirect' is required for type RequestRedirect"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {}, cors: {}}]\n",
       "7:56 'cors' must not be given unless type is CORS; write type: CORS"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {}}, {type: URLRewrite, urlRewrite: {}}]\n",
       "7:58 URLRewrite must not be repeated"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {}}, {type: RequestRedirect, requestRedirect: {}}]\n",
       "7:58 RequestRedirect and URLRewrite exclude each other"},
      {"  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}}}, {type: "
       "RequestMirror, "
       "requestMirror: {backendRef: {name: b, port: 1}, percent: 5}}]\n",
       ""},
      {"  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: "
       "101}}]\n",
       "7:94 'percent' must be between 0 and 100, not 101"},
      {"  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1, "
       "fraction: "
       "{numerator: 1}}}]\n",
       "7:107 'percent' and 'fraction' exclude each other"},
      {"  - filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: "
       "{numerator: 3, "
       "denominator: 2}}}]\n",
       "7:107 'numerator' must not be greater than 'denominator'"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: "
       "/}}}]\n"
       "    matches: [{path: {type: Exact, value: /a}}]\n",
       "7:15 ReplacePrefixMatch needs exactly one match in the rule, of type PathPrefix"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: "
       "''}}}]\n"
       "    matches: [{path: {value: /a}}]\n",
       ""},
      {"  - filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: "
       "/}}}]\n",
       "7:97 'replacePrefixMatch' does not go with type ReplaceFullPath"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath}}}]\n",
       "7:60 'replaceFullPath' is required for this type"},
      {"  - filters: [{type: URLRewrite, urlRewrite: {hostname: 'a.b:80'}}]\n",
       "7:57 'hostname' must not hold a port: 'a.b:80'"},
      {"  - filters: [{type: RequestRedirect, requestRedirect: {}}]\n    backendRefs: [{name: a, port: 1}]\n",
       "8:18 a rule that redirects must not have backendRefs"},
      {"  - filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], "
       "remove: [A]}}]\n",
       "7:106 the header 'A' is named twice in this filter"},
      {"  - filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: "
       "\"b\\nc\"}]}}]\n",
       "7:92 'value' must not hold control characters: 'b\\x0ac'"},
      {"  - filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Content-Length, "
       "value: '1'}]}}]\n",
       "7:68 the header 'content-length' belongs to the connection and cannot be changed"},
      {"  - filters: [{type: CORS, cors: {allowOrigins: ['*', 'https://a.b']}}]\n",
       "7:49 '*' must stand alone in 'allowOrigins'"},
      {"  - filters: [{type: CORS, cors: {allowOrigins: [a.b]}}]\n",
       "7:50 'allowOrigins' must be '*' or begin with 'http://' or 'https://': 'a.b'"},
      {"  - filters: [{type: CORS, cors: {maxAge: 0}}]\n",
       "7:43 'maxAge' must be at least 1 and not too large, not 0"},
      {"  - filters: [{type: ExternalAuth}]\n",
       "7:22 'type' must be RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect, "
       "URLRewrite, "
       "CORS or ExtensionRef, not 'ExternalAuth'"},
      {"  - backendRefs: [{name: a, port: 1, filters: [{type: URLRewrite, urlRewrite: {path: {type: "
       "ReplacePrefixMatch, "
       "replacePrefixMatch: /}}}]}]\n    matches: [{path: {type: Exact, value: /a}}]\n",
       "7:47 ReplacePrefixMatch needs exactly one match in the rule, of type PathPrefix"},
  };
  for (const Case& c : cases) EXPECT_EQ(rule(c.spec), c.problem) << c.spec;
}

TEST(Validate, references) {
  const Case cases[] = {
      {"  - backendRefs: [{name: a}]\n", "7:19 'port' is required for the Service 'a'"},
      {"  - backendRefs: [{kind: Backend, name: a}]\n",
       "7:26 a Backend belongs to the group turnpike.dev; add group: turnpike.dev"},
      {"  - backendRefs: [{group: turnpike.dev, kind: Backend, name: a}]\n", ""},
      {"  - backendRefs: [{name: a, port: 1, weight: 1000001}]\n",
       "7:46 'weight' must be between 0 and 1000000, not 1000001"},
      {"  - backendRefs: [{name: a, port: 1, weight: -1}]\n",
       "7:46 'weight' must be between 0 and 1000000, not -1"},
      {"  - backendRefs: [{name: a, port: 1, namespace: a.b}]\n",
       "7:49 'namespace' must not hold a dot: 'a.b'"},
  };
  for (const Case& c : cases) EXPECT_EQ(rule(c.spec), c.problem) << c.spec;
  EXPECT_EQ(problem("HTTPRoute", "  rules: []\n"), "5:3 the route has no parentRefs, so nothing reaches it");
  EXPECT_EQ(problem("HTTPRoute", "  parentRefs: [{name: a}, {name: a}]\n"),
            "5:34 'a' is a parent already; name another sectionName or port");
  EXPECT_EQ(problem("HTTPRoute", "  parentRefs: [{name: a, sectionName: x}, {name: a, sectionName: y}]\n"),
            "");
}

TEST(Validate, lists_have_an_end) {
  std::string hosts = "  parentRefs: [{name: g}]\n  hostnames: [";
  for (int i = 0; i < 1025; ++i) hosts += "h" + std::to_string(i) + ".example, ";
  EXPECT_NE(problem("HTTPRoute", hosts + "]\n").find("'hostnames' must have at most 1024 elements, not 1025"),
            std::string::npos)
      << problem("HTTPRoute", hosts + "]\n").substr(0, 500);
  std::string labels = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {";
  for (int i = 0; i < 1025; ++i) labels += "k" + std::to_string(i) + ": v, ";
  const Loaded loaded = load_text(labels + "}}\n");
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_NE(loaded.diagnostics[0].message.find("'labels' must have at most 1024 entries"), std::string::npos);
}

TEST(Validate, more_than_kubernetes_takes_is_a_warning) {
  std::string rules = "  parentRefs: [{name: g}]\n  rules:\n";
  for (int i = 0; i < 17; ++i) rules += "  - matches: [{path: {value: /" + std::to_string(i) + "}}]\n";
  EXPECT_EQ(problem("HTTPRoute", rules),
            "7:3 'rules' has 17 elements; a Kubernetes API server takes at most 16");
}

TEST(Validate, backend_tls_policies) {
  const std::string head = "  targetRefs: [{group: '', kind: Service, name: s}]\n  validation: ";
  const Case cases[] = {
      {"{hostname: a.b, wellKnownCACertificates: System}\n", ""},
      {"{hostname: a.b, caCertificateRefs: [{group: '', kind: ConfigMap, name: c}]}\n", ""},
      {"{hostname: a.b}\n", "6:15 one of 'caCertificateRefs', 'wellKnownCACertificates' is required"},
      {"{hostname: '*.b', wellKnownCACertificates: System}\n",
       "6:26 'hostname' must not begin with a wildcard here: '*.b'"},
      {"{wellKnownCACertificates: System}\n", "6:15 'hostname' is required"},
      {"{hostname: a.b, wellKnownCACertificates: Sytem}\n",
       "6:56 'wellKnownCACertificates' must be System, not 'Sytem'; did you mean 'System'?"},
      {"{hostname: a.b, wellKnownCACertificates: System, subjectAltNames: [{type: URI, hostname: a.b}]}\n",
       "6:104 'hostname' does not go with type URI"},
      {"{hostname: a.b, wellKnownCACertificates: System, subjectAltNames: [{type: URI, uri: "
       "'spiffe://a/b'}]}\n",
       ""},
  };
  for (const Case& c : cases)
    EXPECT_EQ(problem("BackendTLSPolicy", head + std::string(c.spec)), c.problem) << c.spec;
  EXPECT_EQ(problem("BackendTLSPolicy",
                    "  targetRefs: [{kind: HTTPRoute, name: s}]\n"
                    "  validation: {hostname: a.b, wellKnownCACertificates: System}\n"),
            "5:23 a BackendTLSPolicy applies to Service or Backend, not to HTTPRoute");
}

TEST(Validate, a_target_is_named_whole_or_by_its_parts) {
  const std::string tail = "]\n  validation: {hostname: a.b, wellKnownCACertificates: System}\n";
  const auto policy = [&](std::string_view targets) {
    return problem("BackendTLSPolicy", "  targetRefs: [" + std::string(targets) + tail);
  };
  EXPECT_EQ(policy("{kind: Service, name: s, sectionName: a}, {kind: Service, name: s, sectionName: b}"), "");
  EXPECT_EQ(policy("{kind: Service, name: s}, {kind: Service, name: s, sectionName: b}"),
            "5:64 Service 's' is a target both whole and by sectionName");
  EXPECT_EQ(policy("{kind: Service, name: s}, {kind: Service, name: s}"),
            "5:64 Service 's' is a target already; name another sectionName");
}

TEST(Validate, services) {
  const Case cases[] = {
      {"  ports: [{port: 80}]\n", ""},
      {"  ports: []\n", "5:3 'ports' must not be empty"},
      {"  ports: [{port: 80}, {port: 81}]\n", "5:11 'name' is required when there are several ports"},
      {"  ports: [{name: a, port: 80}, {name: a, port: 81}]\n", "5:39 a port named 'a' stands above already"},
      {"  ports: [{name: a, port: 80}, {name: b, port: 80}]\n", "5:48 port 80 stands above already"},
      {"  ports: [{name: a, port: 80}, {name: b, port: 80, protocol: UDP}]\n", ""},
      {"  ports: [{port: 80, targetPort: 0}]\n",
       "5:34 'targetPort' must be a port number or name, not '0'; such as 8080 or http"},
      {"  type: ExternalName\n", "5:3 'externalName' is required for type ExternalName"},
      {"  type: ExternalName\n  externalName: a.b\n", ""},
      {"  ports: [{port: 80}]\n  sessionAfinity: None\n",
       "6:3 unknown field 'sessionAfinity' in Service spec"},
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(problem("Service", c.spec, kCoreGroup).starts_with(c.problem))
        << problem("Service", c.spec, kCoreGroup);
    if (c.problem.empty()) {
      EXPECT_EQ(problem("Service", c.spec, kCoreGroup), "");
    }
  }
  const Loaded slice = load_text(
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\n"
      "endpoints:\n- addresses: [10.0.0.1]\n- addresses: ['::1']\n");
  EXPECT_EQ(first_of(slice), "7:14 '::1' is not of this slice's addressType");
  const Loaded secret = load_text(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/tls\ndata: {tls.crt: ''}\n");
  EXPECT_EQ(first_of(secret), "5:7 'tls.key' is required in a Secret of type kubernetes.io/tls");
}

TEST(Validate, backends) {
  const Case cases[] = {
      {"  endpoints: [{address: 127.0.0.1, port: 1}, {address: '::1'}, {address: a.b, weight: 0}]\n", ""},
      {"  dns: {hostname: a.b}\n", ""},
      {"  dns: {hostname: a.b, type: SRV}\n", ""},
      {"  {}\n", "5:3 one of 'endpoints', 'dns' is required"},
      {"  endpoints: []\n  dns: {hostname: a}\n", "6:8 'endpoints' and 'dns' exclude each other"},
      {"  endpoints: [{address: '127.0.0.1:80'}]\n",
       "5:25 'address' must not hold a port: use the field 'port': '127.0.0.1:80'"},
      {"  endpoints: [{address: 127.0.0.256}]\n",
       "5:25 'address' is not a valid IPv4 address: '127.0.0.256'"},
      {"  endpoints: [{adress: a}]\n",
       "5:16 unknown field 'adress' in BackendEndpoint; did you mean 'address'?"},
      {"  dns: {hostname: a.b, type: SRV, port: 1}\n",
       "5:41 'port' must not be given for SRV: its answers say the port"},
      {"  dns: {hostname: a.b, refresh: 0s}\n", "5:33 'refresh' must be at least 1s"},
      {"  endpoints: [{address: a}]\n  appProtocol: ftp\n",
       "6:16 'appProtocol' must be http, kubernetes.io/h2c, kubernetes.io/ws, grpc or h2, not 'ftp'"},
  };
  for (const Case& c : cases) EXPECT_EQ(problem("Backend", c.spec, kTurnpikeGroup), c.problem) << c.spec;
}

TEST(Validate, traffic_policies) {
  const std::string head = "  targetRefs: [{kind: HTTPRoute, name: r}]\n";
  const Case cases[] = {
      {"", ""},
      {"  timeouts: {request: 1s, backendRequest: 2s}\n",
       "6:43 'backendRequest' must not be longer than 'request'"},
      {"  retry: {on: [connect-failure, 5xx, 503, gateway-error, reset], attempts: 2}\n", ""},
      {"  retry: {on: [timeout]}\n",
       "6:16 'on' must be a retry condition, not 'timeout'; connect-failure, reset, 5xx, gateway-error or a "
       "status code "
       "from 400 to 599"},
      {"  retry: {backoff: {base: 1s, max: 1ms}}\n", "6:20 'base' must not be longer than 'max'"},
      {"  retryBudget: {percent: 101}\n", "6:26 'percent' must be between 0 and 100, not 101"},
      {"  loadBalancing: {type: RoundRobbin}\n",
       "6:25 'type' must be RoundRobin, LeastRequest, ConsistentHash or Random, not 'RoundRobbin'; did you "
       "mean "
       "'RoundRobin'?"},
      {"  loadBalancing: {type: ConsistentHash, consistentHash: {header: X-User}}\n", ""},
      {"  loadBalancing: {type: ConsistentHash, consistentHash: {sourceIP: {}}}\n", ""},
      {"  loadBalancing: {type: ConsistentHash, consistentHash: {}}\n",
       "6:57 one of 'header', 'cookie', 'sourceIP' is required"},
      {"  loadBalancing: {consistentHash: {cookie: a}}\n",
       "6:35 'consistentHash' has no effect unless type is ConsistentHash; write type: ConsistentHash"},
      {"  healthCheck: {active: {http: {path: /ok, expectedStatuses: [200, 2xx, 300-302]}, interval: 1s}}\n",
       ""},
      {"  healthCheck: {active: {http: {expectedStatuses: [299-200]}}}\n",
       "6:52 'expectedStatuses' must be a status code or range, not '299-200'; such as 200, 200-299 or 2xx"},
      {"  healthCheck: {active: {tcp: {}, http: {}}}\n", "6:31 'http' and 'tcp' exclude each other"},
      {"  healthCheck: {active: {tcp: {}, interval: 1ms}}\n", "6:45 'interval' must be at least 100ms"},
      {"  connections: {maxPerEndpoint: 1, maxIdle: 2}\n",
       "6:45 'maxIdle' must not be greater than 'maxPerEndpoint'"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(problem("TrafficPolicy", head + std::string(c.spec), kTurnpikeGroup), c.problem) << c.spec;
  }
  EXPECT_EQ(problem("TrafficPolicy", "  targetRefs: [{kind: HTTPRout, name: r}]\n", kTurnpikeGroup),
            "5:23 a policy cannot apply to the kind 'HTTPRout'; did you mean 'HTTPRoute'?");
  EXPECT_EQ(
      problem("TrafficPolicy", "  targetRefs: [{group: x.y, kind: Service, name: r}]\n", kTurnpikeGroup),
      "5:24 Service does not belong to the group 'x.y'; write group: ''");
  EXPECT_EQ(problem("TrafficPolicy", "  targetRefs: []\n", kTurnpikeGroup),
            "5:15 'targetRefs' must not be empty");
  EXPECT_EQ(problem("TrafficPolicy", "  targetRefs: [{kind: Secret, name: r}]\n", kTurnpikeGroup),
            "5:23 a TrafficPolicy applies to Gateway, ListenerSet, HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, "
            "UDPRoute, "
            "Service or "
            "Backend, not to Secret");
}

TEST(Validate, listener_and_telemetry_policies) {
  const std::string head = "  targetRefs: [{kind: Gateway, name: g}]\n";
  const Case cases[] = {
      {"  trustedProxies: [10.0.0.0/8, '::1']\n", ""},
      {"  trustedProxies: [10.0.0.1/8]\n",
       "6:20 'trustedProxies' must be a network, not '10.0.0.1/8'; such as 10.0.0.0/8, fd00::/8 or "
       "192.0.2.1, without "
       "bits beyond the prefix"},
      {"  limits: {head: 64Ki, body: 10Mi, requestLine: 4096}\n", ""},
      {"  limits: {head: 64KB}\n", "6:18 'head' must be a size, not '64KB'; such as 4096, 64Ki or 10Mi"},
      {"  tls: {minVersion: '1.3', maxVersion: '1.2'}\n", "6:21 'minVersion' must not be above 'maxVersion'"},
      {"  tls: {minVersion: 1.3}\n", ""},
      {"  tls: {alpn: [spdy]}\n", "6:16 'spdy' is not a protocol we speak: use http/1.1 or h2"},
      {"  path: {encodedSlash: Keep, mergeSlashes: yes}\n", ""},
      {"  path: {mergeSlashes: 'yes'}\n", "6:24 'mergeSlashes' must be true or false, not 'yes'"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(problem("ListenerPolicy", head + std::string(c.spec), kTurnpikeGroup), c.problem) << c.spec;
  }
  EXPECT_EQ(problem("TelemetryPolicy", head + "  accessLog: {format: Text}\n", kTurnpikeGroup),
            "6:23 'text' is required for this format");
  EXPECT_EQ(problem("TelemetryPolicy", head + "  metrics: {latencyBuckets: [0.1, 0.05]}\n", kTurnpikeGroup),
            "6:29 'latencyBuckets' must be positive and rising");
}

}  // namespace
}  // namespace turnpike::resource
