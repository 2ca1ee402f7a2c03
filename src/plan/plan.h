// The immutable result of compiling the whole configuration: what the workers run. Made by compile(),
// published by a pointer, dead with its last exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "http/h1/codec.h"
#include "http/h2/limits.h"
#include "http/path.h"
#include "io/address.h"
#include "observe/metrics.h"
#include "policy/policy.h"
#include "route/host.h"
#include "route/table.h"
#include "upstream/config.h"

namespace turnpike::tls {
class ServerContext;
}

namespace turnpike::plan {

using namespace std::chrono_literals;

// Bytes a second that a request's content must bring on average while it is waited for, beyond
// ClientSettings::body_idle_timeout.
inline constexpr std::uint64_t kSlowestContent = 240;

// PROXY headers that a port takes (ListenerPolicy spec.proxyProtocol).
struct ProxyProtocol {
  enum class Mode : std::uint8_t { off, optional, required } mode = Mode::off;
  std::vector<io::Cidr> trusted;  // who may send one
  bool operator==(const ProxyProtocol&) const = default;
};

// How a listener treats clients (ListenerPolicy; the defaults are safe without one).
struct ClientSettings {
  http::h1::Limits limits;
  http::h2::Limits http2;  // settings and budgets of HTTP/2 connections
  http::PathRules path;
  Duration head_timeout =
      10s;  // from the first byte of a request to the end of its head; also the TLS handshake
  Duration body_idle_timeout = 30s;      // no byte of the request's content for so long
  Duration idle_timeout = 60s;           // between requests
  Duration write_timeout = 30s;          // the client takes nothing for so long
  unsigned requests_per_connection = 0;  // 0: no limit
  unsigned most_connections = 0;         // of this port over all workers; 0: only the process's bound
  std::vector<io::Cidr> trusted_proxies;
  bool trust_request_id = false;  // keep a well-formed X-Request-Id of who is no trusted proxy, too
  bool allow_underscores =
      false;  // in field names: false removes such fields (they collide with '-' behind CGI-like readers)
  std::vector<std::string> internal_prefixes = {
      "x-turnpike-"};           // fields from outside that are removed, without case and with _ as -
  bool forwarded_field = true;  // also write Forwarded (RFC 7239)
  ProxyProtocol proxy_protocol;
  bool operator==(const ClientSettings&) const = default;
};

struct RetryPolicy {
  unsigned attempts = 1;  // in addition to the first. Only what is safe is retried unless `on_*` says more
  bool on_connect_failure = true;       // the request never left: always safe
  bool on_reset = false;                // reset before a response, for idempotent methods
  bool on_timeout = false;              // per-try timeout, idempotent methods
  std::vector<std::uint16_t> statuses;  // HTTPRoute retry.codes
  std::uint32_t grpc_statuses = 0;  // TrafficPolicy retry.grpcStatuses: 1 << http::grpc::Status; any method
  bool any_method = false;          // the user says that all methods are safe (HTTPRoute retry.codes does)
  Duration backoff = 25ms;          // before the n-th retry: up to backoff * 2^n with full jitter
  Duration longest_backoff = 250ms;
  Duration per_try_timeout = 0s;  // 0: timeouts.backendRequest
};

struct Timeouts {
  Duration request = 0s;  // timeouts.request, from the request's head to the end of the response; 0: none
  Duration response_head =
      30s;  // until the head of the response, all attempts together; safe default. 0: none
  Duration backend_request = 0s;   // timeouts.backendRequest, per attempt; 0: only `request`
  Duration stream_idle = 300s;     // no byte in either direction; 0: none
  Duration tunnel_idle = 300s;     // the same of an upgraded connection
  Duration tunnel_lifetime = 24h;  // of an upgraded connection; 0: none
  Duration tunnel_ping = 0s;       // silent ends of a WebSocket are pinged; 0: not
};

struct SessionPersistence {
  bool cookie = true;  // else a header
  std::string name;
  std::optional<Duration> absolute_timeout;  // cookie Max-Age with lifetimeType Permanent
  std::string cookie_path = "/";
};

struct BackendChoice {
  std::uint32_t weight = 1;
  std::uint32_t cluster =
      kInvalid;  // index into Plan::clusters; kInvalid: a reference that does not resolve (500)
  static constexpr std::uint32_t kInvalid = UINT32_MAX;
  std::vector<const policy::Policy*> on_request;
  std::vector<const policy::Policy*> on_response;
};

struct Mirror {
  std::uint32_t cluster = BackendChoice::kInvalid;
  std::uint32_t numerator = 100;  // of denominator: share of requests that are copied
  std::uint32_t denominator = 100;
};

// One rule of a route: where it came from, what acts, where it goes.
struct Rule {
  std::string route;   // "default/payments"
  std::string rule;    // its name, or its index
  std::string origin;  // "file:line" of the rule
  bool grpc = false;   // of a GRPCRoute: its requests are calls, and our errors become gRPC statuses
  std::vector<const policy::Policy*> on_request;
  std::vector<const policy::Policy*> on_response;
  std::vector<BackendChoice> backends;
  std::uint64_t total_weight = 0;  // 0: no backend (500)
  std::vector<Mirror> mirrors;
  Timeouts timeouts;
  RetryPolicy retry;
  std::optional<SessionPersistence> session;
  // Consistent hashing: what the key is.
  enum class HashKey : std::uint8_t { none, source_ip, header, cookie } hash_key = HashKey::none;
  std::string hash_name;
  std::uint64_t matches_digest = 0;  // of the listeners, hostnames and matches that lead here: for diff()
};

// What is understood of the connections of a listener.
enum class ListenerKind : std::uint8_t {
  http,             // or HTTPS
  tls_terminate,    // TLS ends here; what is in it is not looked at
  tls_passthrough,  // the server name is looked at, nothing else
  tcp,
  udp,
};

// Where the connections (or datagrams) of a listener go whose content is not looked at.
struct L4Routes {
  struct Target {
    std::uint32_t rule = 0;   // index into Plan::rules
    observe::Series metrics;  // {listener, route}
  };
  route::HostIndex hosts;       // of server names; TCP and UDP: any
  std::vector<Target> targets;  // by number in `hosts`
};

// One listener of a Gateway or ListenerSet: a port, perhaps a hostname, and the routes attached to it.
struct Listener {
  std::string name;  // "default/shop/http"
  std::string origin;
  std::string hostname;  // "", "a.example.com" or "*.example.com"
  ListenerKind kind = ListenerKind::http;
  L4Routes l4;         // unless http
  route::Table table;  // targets are indices into Plan::rules
  // By Table::Hit::match_index.
  struct MatchInfo {
    // How many bytes of the path the match's PathPrefix covers, without a slash at its end ("/" covers 0);
    // kWholePath for exact paths and regular expressions.
    std::uint16_t prefix_bytes = kWholePath;
    observe::Series route_metrics;  // {listener, route}
  };
  static constexpr std::uint16_t kWholePath = UINT16_MAX;
  std::vector<MatchInfo> matches;
  observe::Series metrics;           // {listener}
  observe::Series unrouted_metrics;  // {listener, ""}: requests that no route took
};

// All listeners that share an address and a port.
struct Port {
  io::Address address;
  std::uint16_t port = 0;  // as written; address may have another one (--ephemeral-ports)
  bool tls = false;        // HTTP is spoken over TLS; other listeners may share the port (looks_at_hello)
  bool datagrams = false;  // UDP
  bool looks_at_hello = false;  // the server name says which listener is meant before anyone speaks TLS
  std::shared_ptr<const tls::ServerContext> tls_context;  // picks the certificate by SNI
  std::shared_ptr<const tls::ServerContext>
      stream_tls_context;  // of listeners that are ListenerKind::tls_terminate
  ClientSettings settings;
  std::vector<Listener> listeners;
  route::HostIndex hosts;   // over the listeners' hostnames: finds the most specific one (isolation)
  std::string key() const;  // identity across plans: address, port, protocol
  // Each connection is HTTP from its first byte on.
  bool only_http() const noexcept {
    return !looks_at_hello && !datagrams && settings.proxy_protocol.mode == ProxyProtocol::Mode::off &&
           (listeners.empty() || listeners.front().kind == ListenerKind::http);
  }
};

// "HTTP", "HTTPS", "TLS", "TCP" or "UDP".
std::string_view protocol_name(const Port& port, const Listener& listener) noexcept;

struct Plan {
  std::uint64_t generation = 0;
  observe::Lease metrics;  // keeps the series above alive; empty in offline use (check, explain)
  // What owns the policies that rules point to. Those of a route that did not change are shared with the plan
  // before.
  std::vector<std::shared_ptr<const void>> policies;
  std::vector<Rule> rules;
  std::vector<std::shared_ptr<const upstream::ClusterConfig>> clusters;
  std::vector<std::unique_ptr<Port>> ports;
};

}  // namespace turnpike::plan
