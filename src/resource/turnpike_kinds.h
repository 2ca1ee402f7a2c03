// Turnpike's own kinds (apiVersion: turnpike.dev/v1alpha1): what Gateway API leaves out. A policy's sections
// are optional: one that is absent is taken from the next less specific policy, and at last from the built-in
// defaults, which are those of the member initialisers below.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/gateway_api.h"
#include "resource/meta.h"

namespace turnpike::resource {

// A size in bytes, written as 65536, 64Ki, 10Mi or 1Gi.
struct ByteSize {
  std::uint64_t bytes = 0;
};

// A network such as 10.0.0.0/8 or fd00::/8; an address alone stands for itself. Network byte order, masked.
struct Cidr {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t prefix = 0;  // bits: up to 32 or 128
  bool ipv6 = false;

  // `address` has 4 bytes or 16; a network of the other family does not contain it.
  bool contains(const std::uint8_t* address, bool address_is_ipv6) const noexcept;
};

// --- Backend
// -----------------------------------------------------------------------------------------------------

// How to speak to an upstream (the values of Service appProtocol that matter to a proxy).
enum class AppProtocol : std::uint8_t {
  http1,
  h2c,  // HTTP/2 and nothing else
  ws,
  h2,  // HTTP/2 where TLS agrees on it, else HTTP/1.1
};

struct BackendEndpoint {
  Marked<std::string> address;  // IPv4, IPv6 or a DNS name that is resolved to A and AAAA
  std::uint16_t port = 0;       // 0: that of the backendRef
  std::uint32_t weight = 1;
  std::string zone;
  Mark mark;
};

struct BackendDns {
  enum class Type : std::uint8_t { address, srv };
  Marked<std::string> hostname;
  Type type = Type::address;
  std::uint16_t port = 0;           // for `A`; 0: that of the backendRef
  std::optional<Duration> refresh;  // absent: by the TTL of the answer
  Mark mark;
};

// Addresses or names where there is no Service. Either endpoints or dns.
struct Backend : ObjectOf<Kind::backend> {
  std::vector<BackendEndpoint> endpoints;
  Box<BackendDns> dns;
  AppProtocol app_protocol = AppProtocol::http1;
};

// --- TrafficPolicy
// -----------------------------------------------------------------------------------------------

// Zero means no limit.
struct TrafficTimeouts {
  std::optional<Duration> request;          // the whole exchange, all tries included
  std::optional<Duration> backend_request;  // one try
  std::optional<Duration> connect;          // TCP and TLS; built in: 5 s
  std::optional<Duration> tunnel_idle;      // of an upgraded connection; absent: that of `idle`
  std::optional<Duration> tunnel_lifetime;  // built in: 24 h
  std::optional<Duration> tunnel_ping;      // of a WebSocket; built in: none
  std::optional<Duration> idle;             // no byte in either direction of an exchange; built in: 60 s
};

struct RetryCondition {
  enum class Type : std::uint8_t { connect_failure, reset, server_error, gateway_error, code };
  Type type = Type::connect_failure;
  std::uint16_t code = 0;
};

// The statuses of gRPC that may be retried, with their numbers.
enum class RetryGrpcStatus : std::uint8_t {
  cancelled = 1,
  deadline_exceeded = 4,
  resource_exhausted = 8,
  aborted = 10,
  internal = 13,
  unavailable = 14,
};

struct RetrySettings {
  std::vector<RetryCondition> on{{}, {RetryCondition::Type::reset, 0}};  // connect-failure, reset
  std::uint32_t attempts = 1;                                            // beyond the first try
  std::vector<RetryGrpcStatus> grpc_statuses;                            // of responses that have no message
  std::optional<Duration> per_try_timeout;
  Duration backoff_base = std::chrono::milliseconds(25);
  Duration backoff_max = std::chrono::milliseconds(250);
};

struct RetryBudget {
  std::uint32_t percent = 20;         // of the requests in flight
  std::uint32_t min_per_second = 10;  // always allowed, per upstream
};

struct ConsistentHash {
  enum class Type : std::uint8_t { source_ip, header, cookie };
  Type type = Type::source_ip;
  std::string name;  // of the header or cookie
};

struct LoadBalancing {
  enum class Type : std::uint8_t { round_robin, least_request, consistent_hash, random };
  Type type = Type::least_request;
  ConsistentHash consistent_hash;
  Duration slow_start{};  // window in which a new endpoint's share grows; zero: off
  std::uint32_t panic_threshold =
      50;  // percent of healthy endpoints below which health is disregarded; 0: never
};

struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 299;
};

struct ActiveHealthCheck {
  enum class Type : std::uint8_t { http, tcp, grpc };
  Type type = Type::tcp;
  std::string path = "/";
  std::string host;     // empty: the endpoint's name or address
  std::string service;  // grpc; empty: the server as a whole
  std::vector<StatusRange> expected_statuses{{}};
  Duration interval = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(2);
  std::uint32_t healthy_threshold = 1;
  std::uint32_t unhealthy_threshold = 3;
};

struct OutlierDetection {
  std::uint32_t consecutive_5xx = 5;             // 0: off
  std::uint32_t consecutive_gateway_errors = 5;  // 502, 503, 504 and connection failures; 0: off
  Duration interval = std::chrono::seconds(10);
  Duration base_ejection = std::chrono::seconds(30);
  std::uint32_t max_ejection_percent = 50;
};

struct HealthCheck {
  Box<ActiveHealthCheck> active;
  std::optional<OutlierDetection> passive;
};

// Bounds of connections to each endpoint, over all workers.
struct ConnectionLimits {
  std::uint32_t max_per_endpoint = 1024;
  std::uint32_t max_pending = 1024;  // exchanges that wait for a connection
  std::uint32_t max_idle = 64;       // kept open per endpoint and worker
  Duration idle_timeout = std::chrono::seconds(55);
  std::uint32_t max_requests_per_connection = 0;  // 0: no limit
  Duration keepalive = std::chrono::seconds(60);  // TCP keep-alive probes; zero: none
};

// The PROXY protocol towards upstreams of TCPRoutes and TLSRoutes.
enum class SendProxyProtocol : std::uint8_t { off, v1, v2 };

// Attached to Gateway, listener, route (of any kind), rule, Service or Backend.
struct TrafficPolicy : ObjectOf<Kind::traffic_policy> {
  std::vector<PolicyTargetReference> target_refs;
  std::optional<TrafficTimeouts> timeouts;
  Box<RetrySettings> retry;
  std::optional<RetryBudget> retry_budget;
  Box<LoadBalancing> load_balancing;
  Box<HealthCheck> health_check;
  Box<ConnectionLimits> connections;
  Box<HttpCors> cors;  // of rules that have no CORS filter
  std::optional<SendProxyProtocol> proxy_protocol;
};

// --- ListenerPolicy
// ----------------------------------------------------------------------------------------------

enum class ForwardedHeaders : std::uint8_t {
  x_forwarded,  // X-Forwarded-For, -Proto, -Host
  forwarded,    // RFC 7239
  both,
  none,
};

enum class EncodedSlash : std::uint8_t { refuse, keep, decode };
enum class Backslash : std::uint8_t { refuse, keep, as_slash };

struct PathSettings {
  bool decode_unreserved = true;
  bool merge_slashes = false;
  EncodedSlash encoded_slash = EncodedSlash::refuse;
  Backslash backslash = Backslash::refuse;
};

struct ListenerLimits {
  ByteSize request_line{8 * 1024};
  ByteSize head{64 * 1024};
  std::uint32_t field_count = 128;
  ByteSize body{0};                           // 0: no limit
  std::uint32_t requests_per_connection = 0;  // 0: no limit
  std::uint32_t connections = 0;              // of the listener; 0: the process's own limit only
  std::uint32_t concurrent_streams = 128;     // open at once on one HTTP/2 connection
};

struct ListenerTimeouts {
  Duration tls_handshake = std::chrono::seconds(10);
  Duration head = std::chrono::seconds(10);        // from the first byte of a request to the end of its head
  Duration body = std::chrono::seconds(30);        // without a byte of the body; see plan::kSlowestContent
  Duration keep_alive = std::chrono::seconds(60);  // between two requests
  Duration write = std::chrono::seconds(30);       // the client takes no byte of the response
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };

struct ListenerTlsSettings {
  TlsVersion min_version = TlsVersion::tls12;
  TlsVersion max_version = TlsVersion::tls13;
  std::vector<std::string> alpn{"h2", "http/1.1"};
};

struct RequestIdSettings {
  std::string header = "X-Request-Id";
  bool trust = false;  // keep what a client outside trustedProxies sends
};

enum class UnderscoreHeaders : std::uint8_t { keep, refuse, remove };

// PROXY headers of load balancers in front of us. Only networks in `trusted_sources` may send one.
struct AcceptProxyProtocol {
  enum class Mode : std::uint8_t { required, optional };
  Mode mode = Mode::required;
  std::vector<Cidr> trusted_sources;  // never empty
  Mark mark;
};

// Attached to Gateway, listener or ListenerSet.
struct ListenerPolicy : ObjectOf<Kind::listener_policy> {
  std::vector<PolicyTargetReference> target_refs;
  std::optional<std::vector<Cidr>> trusted_proxies;
  std::optional<ForwardedHeaders> forwarded_headers;
  std::optional<PathSettings> path;
  Box<ListenerLimits> limits;
  Box<ListenerTimeouts> timeouts;
  Box<ListenerTlsSettings> tls;
  Box<RequestIdSettings> request_id;
  std::optional<UnderscoreHeaders> underscore_headers;  // built in: remove
  // Fields whose names begin so are removed from requests, besides x-turnpike-. Lower case.
  std::optional<std::vector<std::string>> strip_header_prefixes;
  Box<AcceptProxyProtocol> proxy_protocol;
};

// --- TelemetryPolicy
// ---------------------------------------------------------------------------------------------

struct AccessLogSettings {
  enum class Format : std::uint8_t { json, text };
  Format format = Format::json;
  std::string text;                 // with %placeholders%, for `text`
  std::string path = "stdout";      // "stdout", "off" or a file
  std::vector<std::string> fields;  // of the JSON line; empty: all
};

struct MetricsSettings {
  bool per_route = true;
  bool per_endpoint = true;
  std::vector<double> latency_buckets;  // seconds; empty: built in
};

// Attached to Gateway.
struct TelemetryPolicy : ObjectOf<Kind::telemetry_policy> {
  std::vector<PolicyTargetReference> target_refs;
  Box<AccessLogSettings> access_log;
  Box<MetricsSettings> metrics;
};

}  // namespace turnpike::resource
