// Gateway API v1.6 as structs (https://gateway-api.sigs.k8s.io). Names follow the API with C++ spelling; what
// stands under `spec` there stands directly in the struct here. Defaults of the API are filled in by the
// decoder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/l4_routes.h"
#include "resource/meta.h"

namespace turnpike::resource {

struct GatewayClass : ObjectOf<Kind::gateway_class> {
  Marked<std::string> controller_name;  // ours is kControllerName
  Box<ObjectReference> parameters_ref;
  std::string description;
};
inline constexpr std::string_view kControllerName = "turnpike.dev/gateway-controller";
// The class that exists without being written, for configurations from files.
inline constexpr std::string_view kDefaultGatewayClass = "turnpike";

// --- Listeners
// ---------------------------------------------------------------------------------------------------

enum class Protocol : std::uint8_t { http, https, tls, tcp, udp, other };
enum class TlsMode : std::uint8_t { terminate, passthrough };
enum class FromNamespaces : std::uint8_t { same, all, selector, none };

struct ListenerTls {
  TlsMode mode = TlsMode::terminate;
  std::vector<SecretObjectReference> certificate_refs;
  StringMap options;
};

struct RouteGroupKind {
  std::string group{kGatewayGroup};
  std::string kind;
  Mark mark;
};

struct RouteNamespaces {
  FromNamespaces from = FromNamespaces::same;
  Box<LabelSelector> selector;  // present if and only if from is `selector`
};

struct AllowedRoutes {
  RouteNamespaces namespaces;
  std::vector<RouteGroupKind> kinds;  // empty: those that suit the protocol
};

// A listener of a Gateway or of a ListenerSet.
struct Listener {
  Marked<std::string> name;
  std::optional<Marked<std::string>> hostname;  // lower case, may begin with "*."
  Marked<std::uint16_t> port;
  Protocol protocol = Protocol::http;
  std::string protocol_text;  // as written, for messages
  Box<ListenerTls> tls;
  AllowedRoutes allowed_routes;
  Mark mark;
};

// --- Gateway
// -----------------------------------------------------------------------------------------------------

struct GatewayAddress {
  enum class Type : std::uint8_t { ip_address, hostname, named_address, other };
  Type type = Type::ip_address;
  std::string type_text;
  std::string value;  // empty: any address
  Mark mark;
};

struct GatewayInfrastructure {
  StringMap labels;
  StringMap annotations;
  Box<LocalObjectReference> parameters_ref;
};

// Which ListenerSets may add listeners to the Gateway: by default none.
struct AllowedListeners {
  FromNamespaces from = FromNamespaces::none;
  Box<LabelSelector> selector;
};

enum class FrontendValidationMode : std::uint8_t { allow_valid_only, allow_insecure_fallback };

// Client certificates: absent means that none is asked for.
struct FrontendTlsValidation {
  std::vector<ObjectReference> ca_certificate_refs;
  FrontendValidationMode mode = FrontendValidationMode::allow_valid_only;
  Mark mark;
};
struct FrontendTlsPort {
  Marked<std::uint16_t> port;
  Box<FrontendTlsValidation> validation;
};
struct GatewayTls {
  Box<FrontendTlsValidation> frontend_default;  // tls.frontend.default.validation
  std::vector<FrontendTlsPort> frontend_per_port;
  // tls.backend.clientCertificateRef: what the gateway shows to upstreams that ask for a certificate.
  Box<SecretObjectReference> backend_client_certificate_ref;
};

struct Gateway : ObjectOf<Kind::gateway> {
  Marked<std::string> gateway_class_name;
  std::vector<Listener> listeners;
  std::vector<GatewayAddress> addresses;
  Box<GatewayInfrastructure> infrastructure;
  AllowedListeners allowed_listeners;
  Box<GatewayTls> tls;
};

struct ListenerSet : ObjectOf<Kind::listener_set> {
  ParentReference parent_ref;
  std::vector<Listener> listeners;
};

// --- HTTPRoute and GRPCRoute
// ---------------------------------------------------------------------------------------------------

enum class PathMatchType : std::uint8_t { exact, path_prefix, regular_expression };
enum class MatchType : std::uint8_t { exact, regular_expression };

struct HttpPathMatch {
  PathMatchType type = PathMatchType::path_prefix;
  Marked<std::string> value{"/", {}};
};

// Of a header or of a query parameter.
struct HttpValueMatch {
  MatchType type = MatchType::exact;
  std::string name;  // header names as written: compare without case
  Marked<std::string> value;
};

// Of a GRPCRoute. Service and method are the two elements of a call's path: /package.Service/Method.
struct GrpcMethodMatch {
  MatchType type = MatchType::exact;
  std::optional<std::string> service;  // absent or empty: any
  std::optional<std::string> method;
  Mark mark;
};

struct HttpRouteMatch {
  HttpPathMatch path;                        // of a GRPCRoute: what `grpc_method` asks of the path
  std::vector<HttpValueMatch> headers;       // of equivalent names only the first counts
  std::vector<HttpValueMatch> query_params;  // of equal names only the first counts
  std::optional<std::string> method;
  Box<GrpcMethodMatch> grpc_method;  // GRPCRoute only
  Mark mark;
};

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpHeaderFilter {
  std::vector<HttpHeader> set;
  std::vector<HttpHeader> add;
  std::vector<std::string> remove;
};

struct HttpPathModifier {
  enum class Type : std::uint8_t { replace_full_path, replace_prefix_match };
  Type type = Type::replace_full_path;
  std::string value;  // of replaceFullPath or replacePrefixMatch, whichever `type` names
};

struct HttpRequestRedirect {
  std::optional<std::string> scheme;  // "http" or "https"
  std::optional<std::string> hostname;
  Box<HttpPathModifier> path;
  std::optional<std::uint16_t> port;
  std::uint16_t status_code = 302;  // 301, 302, 303, 307 or 308
};

struct HttpUrlRewrite {
  std::optional<std::string> hostname;
  Box<HttpPathModifier> path;
};

// A share of requests: numerator / denominator; all of them by default.
struct Fraction {
  std::int32_t numerator = 100;
  std::int32_t denominator = 100;
};

struct HttpRequestMirror {
  BackendObjectReference backend_ref;
  Fraction share;  // `percent` and `fraction` alike
};

struct HttpCors {
  std::vector<std::string> allow_origins;  // "*", "https://*.example.com", "https://example.com:8443"
  bool allow_credentials = false;
  std::vector<std::string> allow_methods;  // "*" alone: all
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  std::int32_t max_age = 5;  // seconds
};

enum class HttpFilterType : std::uint8_t {
  request_header_modifier,
  response_header_modifier,
  request_mirror,
  request_redirect,
  url_rewrite,
  cors,
  extension_ref,
};

// Exactly the member that `type` names is present.
struct HttpRouteFilter {
  HttpFilterType type = HttpFilterType::request_header_modifier;
  Box<HttpHeaderFilter> request_header_modifier;
  Box<HttpHeaderFilter> response_header_modifier;
  Box<HttpRequestMirror> request_mirror;
  Box<HttpRequestRedirect> request_redirect;
  Box<HttpUrlRewrite> url_rewrite;
  Box<HttpCors> cors;
  Box<LocalObjectReference> extension_ref;
  Mark mark;
};

struct HttpBackendRef : BackendObjectReference {
  std::uint32_t weight = 1;  // 0 to 1,000,000
  std::vector<HttpRouteFilter> filters;
};

// Absent: not set by the route; zero: the route asks for no limit (GEP-1742).
struct HttpRouteTimeouts {
  std::optional<Duration> request;
  std::optional<Duration> backend_request;
};

// GEP-1731. `codes` empty: the implementation's choice.
struct HttpRouteRetry {
  std::vector<std::uint16_t> codes;
  std::optional<std::uint32_t> attempts;  // beyond the first try
  std::optional<Duration> backoff;
};

// GEP-1619.
struct SessionPersistence {
  enum class Type : std::uint8_t { cookie, header };
  enum class Lifetime : std::uint8_t { permanent, session };
  std::optional<std::string> session_name;
  Type type = Type::cookie;
  std::optional<Duration> absolute_timeout;
  std::optional<Duration> idle_timeout;
  Lifetime cookie_lifetime = Lifetime::session;  // cookieConfig.lifetimeType
};

struct HttpRouteRule {
  std::optional<std::string> name;
  std::vector<HttpRouteMatch> matches;  // never empty: without any, one that matches each path
  std::vector<HttpRouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  HttpRouteTimeouts timeouts;
  Box<HttpRouteRetry> retry;
  Box<SessionPersistence> session_persistence;
  Mark mark;
};

// HTTPRoute, and GRPCRoute: `kind` says which. A gRPC call is an HTTP request (POST /package.Service/Method),
// so that the rules of both are one struct, read by different tables; timeouts and retry are HTTPRoute's
// only.
struct HttpRoute : Object {
  static constexpr Kind kKind = Kind::http_route;  // which one Store::find looks for unless told
  explicit HttpRoute(Kind its_kind = Kind::http_route) noexcept : Object(its_kind) {}
  static constexpr bool has_kind(Kind kind) noexcept {
    return kind == Kind::http_route || kind == Kind::grpc_route;
  }
  bool grpc() const noexcept { return kind == Kind::grpc_route; }
  std::vector<ParentReference> parent_refs;
  std::vector<Marked<std::string>> hostnames;  // lower case, may begin with "*."
  std::vector<HttpRouteRule> rules;            // never empty: without any, one rule that matches everything
};

// --- ReferenceGrant
// ----------------------------------------------------------------------------------------------

struct ReferenceGrantFrom {
  std::string group;
  std::string kind;
  std::string namespace_;
};
struct ReferenceGrantTo {
  std::string group;
  std::string kind;
  std::optional<std::string> name;  // absent: all of that kind in the grant's namespace
};
struct ReferenceGrant : ObjectOf<Kind::reference_grant> {
  std::vector<ReferenceGrantFrom> from;
  std::vector<ReferenceGrantTo> to;
};

// --- BackendTLSPolicy
// --------------------------------------------------------------------------------------------

struct SubjectAltName {
  enum class Type : std::uint8_t { hostname, uri };
  Type type = Type::hostname;
  std::string value;  // of `hostname` or `uri`
};

struct BackendTlsPolicy : ObjectOf<Kind::backend_tls_policy> {
  std::vector<PolicyTargetReference> target_refs;  // Service (sectionName: name of a port) or Backend
  std::vector<LocalObjectReference> ca_certificate_refs;
  bool system_ca_certificates = false;  // wellKnownCACertificates: System
  Marked<std::string> hostname;  // SNI, and what the certificate must name unless subjectAltNames are given
  std::vector<SubjectAltName> subject_alt_names;
  StringMap options;
};

}  // namespace turnpike::resource
