#include <array>
#include <string>

#include "base/strings.h"
#include "resource/decode.h"
#include "resource/say.h"
#include "resource/validate.h"

namespace turnpike::resource {

void check_backend(Backend& backend, Checker& checker) {
  constexpr std::array<std::string_view, 2> kSources{"endpoints", "dns"};
  checker.exactly_one_of(kSources);
  if (backend.dns && backend.dns->type == BackendDns::Type::srv && backend.dns->port != 0) {
    checker.error("dns.port", "'port' must not be given for SRV: its answers say the port");
  }
  if (backend.dns && backend.dns->refresh && *backend.dns->refresh < std::chrono::seconds(1)) {
    checker.error("dns.refresh", "'refresh' must be at least 1s");
  }
}

void check_traffic_timeouts(TrafficTimeouts& timeouts, Checker& checker) {
  if (timeouts.request && timeouts.backend_request && *timeouts.request != Duration::zero() &&
      *timeouts.backend_request > *timeouts.request) {
    checker.error("backendRequest", "'backendRequest' must not be longer than 'request'");
  }
  constexpr Duration kShortestPing = std::chrono::milliseconds(100);
  if (timeouts.tunnel_ping && *timeouts.tunnel_ping != Duration::zero() &&
      *timeouts.tunnel_ping < kShortestPing)
    checker.error("tunnelPing", "'tunnelPing' must be at least 100ms, or 0s for none");
}

void check_retry_settings(RetrySettings& retry, Checker& checker) {
  if (retry.backoff_base > retry.backoff_max)
    checker.error("backoff", "'base' must not be longer than 'max'");
}

void check_consistent_hash(ConsistentHash& hash, Checker& checker) {
  constexpr std::array<std::string_view, 3> kSources{"header", "cookie", "sourceIP"};
  checker.exactly_one_of(kSources);
  using Type = ConsistentHash::Type;
  hash.type = checker.has("header") ? Type::header : checker.has("cookie") ? Type::cookie : Type::source_ip;
}

void check_load_balancing(LoadBalancing& balancing, Checker& checker) {
  if (checker.has("consistentHash") && balancing.type != LoadBalancing::Type::consistent_hash) {
    checker.error("consistentHash", "'consistentHash' has no effect unless type is ConsistentHash",
                  "write type: ConsistentHash");
  }
}

void check_active_health_check(ActiveHealthCheck& check, Checker& checker) {
  constexpr std::array<std::string_view, 3> kWays{"http", "grpc", "tcp"};
  checker.exactly_one_of(kWays);
  using Type = ActiveHealthCheck::Type;
  check.type = checker.has("http") ? Type::http : checker.has("grpc") ? Type::grpc : Type::tcp;
  if (check.interval < std::chrono::milliseconds(100)) {
    checker.error("interval", "'interval' must be at least 100ms");
  }
  if (check.timeout <= Duration::zero()) checker.error("timeout", "'timeout' must not be zero");
}

void check_connection_limits(ConnectionLimits& limits, Checker& checker) {
  if (limits.max_idle > limits.max_per_endpoint && checker.has("maxIdle")) {
    checker.error("maxIdle", "'maxIdle' must not be greater than 'maxPerEndpoint'");
  }
}

void check_traffic_policy(TrafficPolicy& policy, Checker& checker) {
  constexpr std::array kTargets{Kind::gateway,    Kind::listener_set, Kind::http_route,
                                Kind::grpc_route, Kind::tls_route,    Kind::tcp_route,
                                Kind::udp_route,  Kind::service,      Kind::backend};
  check_target_refs(policy.target_refs, kTargets, "TrafficPolicy", checker);
}

void check_listener_tls_settings(ListenerTlsSettings& tls, Checker& checker) {
  if (tls.min_version > tls.max_version)
    checker.error("minVersion", "'minVersion' must not be above 'maxVersion'");
  for (std::size_t i = 0; i < tls.alpn.size(); ++i) {
    const std::string& protocol = tls.alpn[i];
    if (protocol != "http/1.1" && protocol != "h2") {
      checker.error_in("alpn", i, "", say("'{}' is not a protocol we speak: use http/1.1 or h2", protocol));
    }
  }
}

void check_listener_policy(ListenerPolicy& policy, Checker& checker) {
  constexpr std::array<Kind, 2> kTargets{Kind::gateway, Kind::listener_set};
  check_target_refs(policy.target_refs, kTargets, "ListenerPolicy", checker);
  if (!policy.strip_header_prefixes) return;
  for (std::string& prefix : *policy.strip_header_prefixes) prefix = lower_case(prefix);
}

void check_access_log(AccessLogSettings& log, Checker& checker) {
  using Format = AccessLogSettings::Format;
  if (log.format == Format::text && !checker.has("text"))
    checker.error("format", "'text' is required for this format");
  if (log.format == Format::json && checker.has("text")) {
    checker.error("text", "'text' has no effect unless format is Text", "write format: Text");
  }
  if (log.format == Format::text && checker.has("fields")) {
    checker.error("fields", "'fields' has no effect unless format is Json");
  }
}

void check_telemetry_policy(TelemetryPolicy& policy, Checker& checker) {
  constexpr std::array<Kind, 1> kTargets{Kind::gateway};
  check_target_refs(policy.target_refs, kTargets, "TelemetryPolicy", checker);
  for (std::size_t i = 0; i < policy.target_refs.size(); ++i) {
    if (policy.target_refs[i].section_name) {
      checker.error_in("targetRefs", i, "sectionName", "a TelemetryPolicy applies to a whole Gateway");
    }
  }
  if (!policy.metrics) return;
  const std::vector<double>& buckets = policy.metrics->latency_buckets;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] <= (i == 0 ? 0 : buckets[i - 1])) {
      return checker.error("metrics.latencyBuckets", "'latencyBuckets' must be positive and rising");
    }
  }
}

}  // namespace turnpike::resource
