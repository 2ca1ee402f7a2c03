// The metrics of the data plane: what there is, by which labels. docs/operations.md lists them for operators.
#pragma once

#include <array>
#include <string_view>

#include "base/error.h"
#include "observe/metrics.h"

namespace turnpike::observe {

// Variants of the label `status_class`: the status of a response divided by 100, less one. `none`: no
// response was sent or received.
enum class StatusClass : std::uint8_t { s1xx, s2xx, s3xx, s4xx, s5xx, none };
constexpr unsigned status_class(unsigned status) noexcept {
  return status >= 100 && status < 600 ? status / 100 - 1 : static_cast<unsigned>(StatusClass::none);
}
// Variants of the label `grpc_status_class`: by the HTTP status that means nearly the same.
enum class GrpcClass : std::uint8_t { ok, client, server };
constexpr unsigned grpc_class(unsigned equivalent_http_status) noexcept {
  return static_cast<unsigned>(equivalent_http_status < 400   ? GrpcClass::ok
                               : equivalent_http_status < 500 ? GrpcClass::client
                                                              : GrpcClass::server);
}
// Variant of the label `reason`: Counter::of(reason(kind)).
constexpr unsigned reason(ErrorKind kind) noexcept { return static_cast<unsigned>(kind); }

// {listener, route}: route is "namespace/name", or "" where none matched.
struct RouteMetrics {
  Group group;
  Counter requests;          // .of(status_class(…))
  Counter grpc_requests;     // calls, .of(grpc_class(…)); also among `requests`
  Histogram duration;        // from the first byte of the request to the last of the response
  Counter request_bytes;     // of bodies
  Counter response_bytes;    // of bodies
  Counter retries;           // attempts after the first
  Gauge tunnels;             // upgraded connections that are open
  Counter budget_exhausted;  // retries that the budget did not allow
};

// {listener}
struct ListenerMetrics {
  Group group;
  Counter connections;  // accepted
  Gauge active_connections;
  Gauge active_requests;
  Counter refused;         // connections closed before a request, .of(reason(kind))
  Counter responses;       // made by the gateway itself, .of(reason(kind))
  Counter received_bytes;  // on connections
  Counter sent_bytes;
  Counter handshakes;     // TLS, .of(0: full, 1: resumed, 2: failed)
  Counter http2_streams;  // opened by clients
  Gauge http2_active_streams;
  Counter http2_resets;      // RST_STREAM, .of(0: received, 1: sent)
  Counter http2_violations;  // connections ended for a fault, .of(0: protocol, 1 + Budget)
};

// {listener, route}: connections of TCPRoutes and TLSRoutes, and sessions of UDPRoutes.
struct L4Metrics {
  Group group;
  Counter sessions;  // that have ended, .of(reason(kind)); none: in order
  Gauge active_sessions;
  Histogram duration;
  Counter received_bytes;  // from clients
  Counter sent_bytes;
  Counter retries;             // attempts to connect after the first
  Counter datagrams;           // of UDPRoutes, .of(0: received, 1: sent, 2: dropped)
  Counter sessions_displaced;  // the one used longest ago had to make room
};

// {upstream, endpoint}: an endpoint by its "address:port".
struct EndpointMetrics {
  Group group;
  Counter requests;    // attempts, .of(status_class(…))
  Counter failures;    // attempts without a response, .of(reason(kind))
  Histogram duration;  // of an attempt
  Counter connects;    // connections made
  Histogram connect_duration;
  Gauge active_connections;
  Gauge idle_connections;
  Gauge active_requests;
  Counter ejections;  // .of(0: outlier, 1: health check)
};

// No labels.
struct ProcessMetrics {
  Group group;
  Series series;
  Counter access_log_records;
  Counter access_log_dropped;
  Counter access_log_failures;  // writes and reopenings
  Counter reloads;              // .of(0: ok, 1: failed)
  Gauge reload_time;            // of the last one that was ok, unix seconds
  Gauge configuration_ok;       // 1 while the running configuration is the one on disk
};

// {secret}: "namespace/name" or a file.
struct CertificateMetrics {
  Group group;
  Gauge expiry;  // notAfter, unix seconds
};

// All of them, defined once at start-up.
struct Families {
  RouteMetrics route;
  ListenerMetrics listener;
  L4Metrics l4;
  EndpointMetrics endpoint;
  ProcessMetrics process;
  CertificateMetrics certificate;
};
// Also adds the process_* metrics, uptime and turnpike_build_info, which are read at each render.
Families define_families(Registry& registry);

}  // namespace turnpike::observe
