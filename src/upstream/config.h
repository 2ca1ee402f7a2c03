// What the plan says of an upstream: an immutable description, made by plan/ from Service + EndpointSlice or
// Backend, TrafficPolicy and BackendTLSPolicy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "l4/proxy_protocol.h"

namespace turnpike::tls {
class ClientContext;
}

namespace turnpike::upstream {

using namespace std::chrono_literals;

enum class Balancing : std::uint8_t { round_robin, least_request, consistent_hash, random };
// How to speak to it.
enum class Protocol : std::uint8_t {
  http1,
  h2c,  // HTTP/2: by prior knowledge, or the only one offered in ALPN
  websocket,
  h2,  // HTTP/2 if TLS agrees on it (ALPN), else HTTP/1.1; in cleartext as h2c
  // Whatever is spoken, it is not looked at. Connections of such upstreams are never used twice.
  tcp,
  udp,
};
constexpr bool wants_http2(Protocol protocol) noexcept {
  return protocol == Protocol::h2c || protocol == Protocol::h2;
}

struct EndpointConfig {
  std::string address;  // an IP literal, "unix:/path", or a DNS name that is resolved while running (A/AAAA)
  std::uint16_t port = 0;
  std::uint32_t weight = 1;  // 0: gets no traffic
  bool ready = true;         // EndpointSlice condition; one that is not ready gets no traffic
  std::string zone;
  bool operator==(const EndpointConfig&) const = default;
};

struct DnsConfig {
  std::string name;  // empty: no DNS beside the endpoints' own names
  bool srv = false;  // SRV: ports and weights come from the record
  std::uint16_t port = 0;
  Duration shortest_ttl = 1s;  // answers are refreshed at their TTL, but not more often than this
  Duration longest_ttl = 5min;
  bool operator==(const DnsConfig&) const = default;
};

struct ActiveHealthCheck {
  enum class Kind : std::uint8_t { none, http, tcp, grpc };
  Kind kind = Kind::none;
  std::string path = "/";
  std::string service;  // grpc: what the health service is asked for; empty: the server as a whole
  std::string host;     // Host field; empty: the endpoint's address
  std::vector<std::pair<std::uint16_t, std::uint16_t>> expected_statuses = {{200, 299}};  // inclusive ranges
  Duration interval = 5s;
  Duration timeout = 1s;
  unsigned healthy_threshold = 2;
  unsigned unhealthy_threshold = 3;
  bool operator==(const ActiveHealthCheck&) const = default;
};

// Passive ejection. On by default (design: safe with no tuning).
struct OutlierDetection {
  bool enabled = true;
  unsigned consecutive_gateway_errors =
      5;                         // 502, 503, 504 of the endpoint, resets, connect failures and timeouts
  unsigned consecutive_5xx = 0;  // 0: not looked at
  Duration base_ejection = 10s;  // times the number of ejections in a row, with jitter
  Duration longest_ejection = 300s;
  unsigned most_ejected_percent =
      50;  // of the endpoints; at least one may be ejected unless it is the only one
  bool operator==(const OutlierDetection&) const = default;
};

struct RetryBudget {
  double percent = 20;         // retries allowed per request of the last ten seconds
  double min_per_second = 10;  // ... and always so many (over all workers)
  bool operator==(const RetryBudget&) const = default;
};

struct PoolLimits {
  unsigned most_connections = 1024;  // per endpoint, over all workers
  unsigned most_pending = 1024;      // requests of one worker that wait for a connection to an endpoint
  unsigned most_idle = 256;          // idle connections per endpoint and worker
  Duration idle_timeout = 60s;
  unsigned most_requests = 0;     // per connection; 0: no limit
  Duration connect_timeout = 5s;  // TCP and TLS handshake together
  bool operator==(const PoolLimits&) const = default;
};

struct ClusterConfig {
  std::string name;  // "default/payments:9001": label `upstream` of metrics, and what logs say
  // Where it was defined, for explain and errors: "file:line".
  std::string origin;
  std::vector<EndpointConfig> endpoints;
  DnsConfig dns;
  Protocol protocol = Protocol::http1;
  std::shared_ptr<const tls::ClientContext> tls;  // null: cleartext
  std::string tls_identity;                       // digest of all that went into `tls`

  // Told to endpoints at the beginning of each connection, which must then serve one client only.
  l4::ProxyVersion proxy_protocol = l4::ProxyVersion::none;

  Balancing balancing = Balancing::least_request;
  Duration slow_start = 0s;     // a new or recovered endpoint's share grows to its full in this time
  unsigned panic_percent = 50;  // with fewer healthy endpoints than this, all are used. 0: never
  ActiveHealthCheck health;
  OutlierDetection outliers;
  RetryBudget retry_budget;
  PoolLimits pool;

  // Two configurations with the same identity share connections, health and statistics; endpoints may differ
  // (they are updated in place). All that affects security is part of it: name, protocol, TLS context, SNI,
  // client certificate, ALPN.
  std::string identity() const;
};

}  // namespace turnpike::upstream
