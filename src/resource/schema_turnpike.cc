#include "base/strings.h"
#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<AppProtocol> {
  using E = AppProtocol;
  static constexpr Choice kAll[] = {{"http", int(E::http1)},
                                    {"kubernetes.io/h2c", int(E::h2c)},
                                    {"kubernetes.io/ws", int(E::ws)},
                                    {"grpc", int(E::h2c)},
                                    {"h2", int(E::h2)}};
};
template <>
struct Choices<BackendDns::Type> {
  using E = BackendDns::Type;
  static constexpr Choice kAll[] = {{"A", int(E::address)}, {"SRV", int(E::srv)}};
};
template <>
struct Choices<RetryGrpcStatus> {
  using E = RetryGrpcStatus;
  static constexpr Choice kAll[] = {{"cancelled", int(E::cancelled)},
                                    {"deadline-exceeded", int(E::deadline_exceeded)},
                                    {"resource-exhausted", int(E::resource_exhausted)},
                                    {"aborted", int(E::aborted)},
                                    {"internal", int(E::internal)},
                                    {"unavailable", int(E::unavailable)}};
};
template <>
struct Choices<LoadBalancing::Type> {
  using E = LoadBalancing::Type;
  static constexpr Choice kAll[] = {{"RoundRobin", int(E::round_robin)},
                                    {"LeastRequest", int(E::least_request)},
                                    {"ConsistentHash", int(E::consistent_hash)},
                                    {"Random", int(E::random)}};
};

template <>
struct Choices<SendProxyProtocol> {
  using E = SendProxyProtocol;
  static constexpr Choice kAll[] = {{"None", int(E::off)}, {"V1", int(E::v1)}, {"V2", int(E::v2)}};
};

template <>
struct Form<RetryCondition> {
  static constexpr std::string_view kName = "retry condition";
  static constexpr std::string_view kExample =
      "connect-failure, reset, 5xx, gateway-error or a status code from 400 to 599";
  static bool parse(RetryCondition& value, std::string_view text) {
    using Type = RetryCondition::Type;
    value = {};
    if (text == "connect-failure") return true;
    if (text == "reset") return value.type = Type::reset, true;
    if (text == "5xx") return value.type = Type::server_error, true;
    if (text == "gateway-error") return value.type = Type::gateway_error, true;
    value = {Type::code, parse_decimal<std::uint16_t>(text).value_or(0)};
    return value.code >= 400 && value.code <= 599;
  }
  static std::string format(const RetryCondition& value) {
    using Type = RetryCondition::Type;
    switch (value.type) {
      case Type::connect_failure:
        return "connect-failure";
      case Type::reset:
        return "reset";
      case Type::server_error:
        return "5xx";
      case Type::gateway_error:
        return "gateway-error";
      case Type::code:
        break;
    }
    return std::to_string(value.code);
  }
};

template <>
struct Form<StatusRange> {
  static constexpr std::string_view kName = "status code or range";
  static constexpr std::string_view kExample = "such as 200, 200-299 or 2xx";
  static bool parse(StatusRange& value, std::string_view text) {
    if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
      value.first = static_cast<std::uint16_t>((text[0] - '0') * 100);
      value.last = static_cast<std::uint16_t>(value.first + 99);
      return true;
    }
    const std::size_t dash = text.find('-');
    const auto first = parse_decimal<std::uint16_t>(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_decimal<std::uint16_t>(text.substr(dash + 1));
    if (!first || !last || *first < 100 || *last > 599 || *first > *last) return false;
    value = {*first, *last};
    return true;
  }
  static std::string format(const StatusRange& value) {
    if (value.first == value.last) return std::to_string(value.first);
    return std::to_string(value.first) + "-" + std::to_string(value.last);
  }
};

// --- Backend
// -----------------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<BackendEndpoint>() {
  using F = Fields<BackendEndpoint>;
  static const Struct table = make_struct<BackendEndpoint>(
      "BackendEndpoint", "One address.",
      {
          F::of<&BackendEndpoint::address>("address", "IPv4 or IPv6 address, or a DNS name (A and AAAA).")
              .require()
              .checked(check_endpoint_address),
          F::of<&BackendEndpoint::port>("port", "Its port.")
              .between(1, 65535)
              .defaults_to("that of the backendRef"),
          F::of<&BackendEndpoint::weight>("weight", "Share of requests relative to the other endpoints.")
              .between(0, 65535),
          F::of<&BackendEndpoint::zone>("zone", "Where it runs."),
      });
  return table;
}

template <>
const Struct& schema_of<BackendDns>() {
  using F = Fields<BackendDns>;
  static const Struct table = make_struct<BackendDns>(
      "BackendDns", "Endpoints from DNS, kept up to date.",
      {
          F::of<&BackendDns::hostname>("hostname", "The name to ask for.")
              .require()
              .checked(check_endpoint_address),
          F::of<&BackendDns::type>("type",
                                   "`A` for addresses (AAAA too), `SRV` for addresses, ports and weights."),
          F::of<&BackendDns::port>("port", "Port of the addresses.")
              .between(1, 65535)
              .defaults_to("that of the backendRef"),
          F::of<&BackendDns::refresh>("refresh", "How often to ask.").defaults_to("as the answer's TTL says"),
      });
  return table;
}

namespace {

const Struct& backend_spec() {
  using F = Fields<Backend>;
  static const Struct table = make_struct<Backend, check_backend>(
      "Backend spec", "",
      {
          F::of<&Backend::endpoints>("endpoints", "Addresses; or dns."),
          F::of<&Backend::dns>("dns", "A DNS name that lists the endpoints; or endpoints."),
          F::of<&Backend::app_protocol>(
              "appProtocol",
              "How to speak to it, as for Service ports: `kubernetes.io/h2c` and `grpc` mean HTTP/2, `h2` "
              "means HTTP/2 where TLS agrees on it and HTTP/1.1 where not."),
      });
  return table;
}

}  // namespace

const Struct& backend_schema() {
  static const Struct table = make_struct<Backend>(
      "Backend", "Addresses or DNS names, where there is no Service.", spec_fields<Backend, backend_spec>());
  return table;
}

// --- TrafficPolicy
// -----------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<TrafficTimeouts>() {
  using F = Fields<TrafficTimeouts>;
  static const Struct table = make_struct<TrafficTimeouts, check_traffic_timeouts>(
      "TrafficTimeouts", "Zero turns a timeout off.",
      {
          F::of<&TrafficTimeouts::request>(
              "request", "The whole exchange, retries included; a route's own timeout wins."),
          F::of<&TrafficTimeouts::backend_request>("backendRequest", "One try; a route's own timeout wins."),
          F::of<&TrafficTimeouts::connect>("connect", "TCP and TLS to the endpoint.").defaults_to("5s"),
          F::of<&TrafficTimeouts::idle>("idle", "No byte from the endpoint during an exchange.")
              .defaults_to("60s"),
          F::of<&TrafficTimeouts::tunnel_idle>(
              "tunnelIdle",
              "No byte in either direction of an upgraded connection, such as a WebSocket. Default: `idle`."),
          F::of<&TrafficTimeouts::tunnel_lifetime>("tunnelLifetime",
                                                   "All of an upgraded connection. Up to a tenth less, so "
                                                   "that those that began together do not end "
                                                   "together.")
              .defaults_to("24h"),
          F::of<&TrafficTimeouts::tunnel_ping>("tunnelPing",
                                               "A client or endpoint of a WebSocket that says nothing for so "
                                               "long is sent a ping by the gateway; the "
                                               "tunnel ends when it says nothing for as long again. Also "
                                               "keeps middleboxes from forgetting it. Without "
                                               "it the gateway sends none."),
      });
  return table;
}

namespace {

const Struct& retry_backoff() {
  using F = Fields<RetrySettings>;
  static const Struct table =
      make_struct<RetrySettings>("RetryBackoff", "",
                                 {
                                     F::of<&RetrySettings::backoff_base>(
                                         "base", "Before the first retry; doubles each time, with jitter."),
                                     F::of<&RetrySettings::backoff_max>("max", "Never longer than this."),
                                 });
  return table;
}

}  // namespace

template <>
const Struct& schema_of<RetrySettings>() {
  using F = Fields<RetrySettings>;
  static const Struct table = make_struct<RetrySettings, check_retry_settings>(
      "RetrySettings",
      "When to try again. What may have happened is never repeated for methods that are not idempotent, "
      "unless a status code is named here.",
      {
          F::of<&RetrySettings::on>(
              "on", "`connect-failure`, `reset`, `5xx`, `gateway-error` (502, 503, 504) or status codes."),
          F::of<&RetrySettings::grpc_statuses>("grpcStatuses",
                                               "Statuses of gRPC that are retried when the response has no "
                                               "message: a status that is named here "
                                               "is taken to say that the call may be repeated."),
          F::of<&RetrySettings::attempts>("attempts", "Tries beyond the first; 0 turns retries off.")
              .between(0, 100),
          F::of<&RetrySettings::per_try_timeout>("perTryTimeout", "Of each try.")
              .defaults_to("timeouts.backendRequest"),
          F::part<retry_backoff>("backoff", "Time between tries."),
      });
  return table;
}

template <>
const Struct& schema_of<RetryBudget>() {
  using F = Fields<RetryBudget>;
  static const Struct table = make_struct<RetryBudget>(
      "RetryBudget", "Bounds retries to a backend, so that they cannot make an outage worse.",
      {
          F::of<&RetryBudget::percent>("percent", "Of the requests to the backend.").between(0, 100),
          F::of<&RetryBudget::min_per_second>("minPerSecond", "Always allowed.").between(0, 1'000'000),
      });
  return table;
}

namespace {

// sourceIP is written as an empty mapping or as true; the check sees that it is there.
const Struct& source_ip() {
  static const Struct table = make_struct<ConsistentHash>("SourceIP", "", {});
  return table;
}

}  // namespace

template <>
const Struct& schema_of<ConsistentHash>() {
  using F = Fields<ConsistentHash>;
  static const Struct table = make_struct<ConsistentHash, check_consistent_hash>(
      "ConsistentHash", "What decides the endpoint; exactly one of the fields.",
      {
          F::of<&ConsistentHash::name>("header", "Name of a header.")
              .between(1, 256)
              .checked(check_header_name),
          F::of<&ConsistentHash::name>("cookie", "Name of a cookie.")
              .between(1, 256)
              .checked(check_cookie_name),
          F::part<source_ip>("sourceIP", "The client's address: `sourceIP: {}`."),
      });
  return table;
}

template <>
const Struct& schema_of<LoadBalancing>() {
  using F = Fields<LoadBalancing>;
  static const Struct table = make_struct<LoadBalancing, check_load_balancing>(
      "LoadBalancing", "Which endpoint a request goes to.",
      {
          F::of<&LoadBalancing::type>("type",
                                      "`LeastRequest` takes the less busy of two endpoints drawn at random."),
          F::of<&LoadBalancing::consistent_hash>("consistentHash", "For `ConsistentHash`."),
          F::of<&LoadBalancing::slow_start>("slowStart",
                                            "A new endpoint's share grows over this time; 0s: at once."),
          F::of<&LoadBalancing::panic_threshold>(
              "panicThreshold", "Below this percentage of healthy endpoints all are used; 0: never.")
              .between(0, 100),
      });
  return table;
}

namespace {

const Struct& http_check() {
  using F = Fields<ActiveHealthCheck>;
  static const Struct table = make_struct<ActiveHealthCheck>(
      "HttpHealthCheck", "",
      {
          F::of<&ActiveHealthCheck::path>("path", "What to GET.").checked(check_request_target),
          F::of<&ActiveHealthCheck::host>("host", "Host header.").defaults_to("the endpoint's address"),
          F::of<&ActiveHealthCheck::expected_statuses>("expectedStatuses", "What counts as healthy.")
              .at_least(1),
      });
  return table;
}

const Struct& grpc_check() {
  using F = Fields<ActiveHealthCheck>;
  static const Struct table = make_struct<ActiveHealthCheck>(
      "GrpcHealthCheck", "",
      {
          F::of<&ActiveHealthCheck::service>("service", "What grpc.health.v1.Health/Check is asked for.")
              .at_most(1024)
              .defaults_to("the server as a whole"),
          F::of<&ActiveHealthCheck::host>("host", "The authority of the call.")
              .defaults_to("the endpoint's address"),
      });
  return table;
}

const Struct& tcp_check() {
  static const Struct table = make_struct<ActiveHealthCheck>("TcpHealthCheck", "", {});
  return table;
}

}  // namespace

template <>
const Struct& schema_of<ActiveHealthCheck>() {
  using F = Fields<ActiveHealthCheck>;
  static const Struct table = make_struct<ActiveHealthCheck, check_active_health_check>(
      "ActiveHealthCheck", "Asks each endpoint at intervals; exactly one of http, grpc and tcp.",
      {
          F::part<http_check>("http", "By a request."),
          F::part<grpc_check>("grpc", "By a call of the gRPC health service, over HTTP/2: `grpc: {}`."),
          F::part<tcp_check>("tcp", "By a connection: `tcp: {}`."),
          F::of<&ActiveHealthCheck::interval>("interval", "Between two checks, with jitter."),
          F::of<&ActiveHealthCheck::timeout>("timeout", "Of one check."),
          F::of<&ActiveHealthCheck::healthy_threshold>("healthyThreshold",
                                                       "Successes in a row until healthy.")
              .between(1, 100),
          F::of<&ActiveHealthCheck::unhealthy_threshold>("unhealthyThreshold",
                                                         "Failures in a row until unhealthy.")
              .between(1, 100),
      });
  return table;
}

template <>
const Struct& schema_of<OutlierDetection>() {
  using F = Fields<OutlierDetection>;
  static const Struct table = make_struct<OutlierDetection>(
      "OutlierDetection", "Ejects endpoints that fail requests.",
      {
          F::of<&OutlierDetection::consecutive_5xx>("consecutive5xx",
                                                    "Answers of 500 and above in a row; 0: off.")
              .between(0, 10'000),
          F::of<&OutlierDetection::consecutive_gateway_errors>(
              "consecutiveGatewayErrors", "502, 503, 504 and failed connections in a row; 0: off.")
              .between(0, 10'000),
          F::of<&OutlierDetection::interval>("interval", "How often ejected endpoints are looked at."),
          F::of<&OutlierDetection::base_ejection>(
              "baseEjection", "Length of the first ejection; grows with each further one."),
          F::of<&OutlierDetection::max_ejection_percent>("maxEjectionPercent",
                                                         "At most this part of the endpoints.")
              .between(0, 100),
      });
  return table;
}

template <>
const Struct& schema_of<HealthCheck>() {
  using F = Fields<HealthCheck>;
  static const Struct table =
      make_struct<HealthCheck>("HealthCheck", "Which endpoints are fit for use.",
                               {
                                   F::of<&HealthCheck::active>("active", "Asks each endpoint at intervals."),
                                   F::of<&HealthCheck::passive>("passive", "Watches what requests come to."),
                               });
  return table;
}

template <>
const Struct& schema_of<ConnectionLimits>() {
  using F = Fields<ConnectionLimits>;
  static const Struct table = make_struct<ConnectionLimits, check_connection_limits>(
      "ConnectionLimits", "Connections to each endpoint.",
      {
          F::of<&ConnectionLimits::max_per_endpoint>("maxPerEndpoint", "At most, over all workers.")
              .between(1, 1'000'000),
          F::of<&ConnectionLimits::max_pending>("maxPending",
                                                "Requests that wait for a connection; more get 503.")
              .between(0, 1'000'000),
          F::of<&ConnectionLimits::max_idle>("maxIdle", "Kept open for reuse, per worker.")
              .between(0, 100'000),
          F::of<&ConnectionLimits::idle_timeout>("idleTimeout", "An idle connection is closed after this."),
          F::of<&ConnectionLimits::max_requests_per_connection>("maxRequestsPerConnection",
                                                                "Then it is closed; 0: no limit.")
              .between(0, 1'000'000'000),
          F::of<&ConnectionLimits::keepalive>("keepalive", "TCP keep-alive probes; 0s: none."),
      });
  return table;
}

namespace {

const Struct& traffic_policy_spec() {
  using F = Fields<TrafficPolicy>;
  static const Struct table = make_struct<TrafficPolicy, check_traffic_policy>(
      "TrafficPolicy spec", "",
      {
          F::of<&TrafficPolicy::target_refs>("targetRefs",
                                             "Gateway, listener, route, rule, Service or Backend.")
              .require()
              .between(1, 64),
          F::of<&TrafficPolicy::timeouts>("timeouts", "How long things may take."),
          F::of<&TrafficPolicy::retry>("retry", "When to try again."),
          F::of<&TrafficPolicy::retry_budget>("retryBudget", "Bounds retries; on even if not written."),
          F::of<&TrafficPolicy::load_balancing>("loadBalancing", "Which endpoint a request goes to."),
          F::of<&TrafficPolicy::health_check>("healthCheck", "Which endpoints are fit for use."),
          F::of<&TrafficPolicy::connections>("connections", "Connections to each endpoint."),
          F::of<&TrafficPolicy::cors>(
              "cors",
              "Which pages of other origins may call; for rules without a CORS filter. On a "
              "GRPCRoute the headers of gRPC-Web are allowed and exposed as well."),
          F::of<&TrafficPolicy::proxy_protocol>(
              "proxyProtocol",
              "Each connection of a TCPRoute or TLSRoute to an endpoint begins with a PROXY header that "
              "tells the "
              "client's address. Not for HTTP, which has X-Forwarded-For, nor for UDP.")
              .defaults_to("None"),
      });
  return table;
}

}  // namespace

const Struct& traffic_policy_schema() {
  static const Struct table = make_struct<TrafficPolicy>(
      "TrafficPolicy",
      "Timeouts, retries, balancing and health. Section by section, the policy at the nearest target wins: "
      "rule, route, "
      "listener, Gateway; and a policy at a Service or Backend over these for what concerns the backend.",
      spec_fields<TrafficPolicy, traffic_policy_spec>());
  return table;
}

}  // namespace turnpike::resource
