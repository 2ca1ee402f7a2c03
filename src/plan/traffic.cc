#include "plan/traffic.h"

#include <algorithm>

namespace turnpike::plan {
namespace {

template <class T>
const T* first_with(const TrafficChain& chain, resource::Box<T> resource::TrafficPolicy::* section) {
  for (const TrafficEntry* policy : chain) {
    const resource::Box<T>& box = (*policy->object).*section;
    if (box) return &*box;
  }
  return nullptr;
}

// One of the timeouts: they are inherited one by one.
std::optional<Duration> timeout(const TrafficChain& chain,
                                std::optional<Duration> resource::TrafficTimeouts::* member) {
  for (const TrafficEntry* policy : chain) {
    const auto& timeouts = (*policy)->timeouts;
    if (timeouts && *timeouts.*member) return *timeouts.*member;
  }
  return std::nullopt;
}

void add_status(std::vector<std::uint16_t>& statuses, std::uint16_t status) {
  if (std::ranges::find(statuses, status) == statuses.end()) statuses.push_back(status);
}

void apply_retry(const resource::RetrySettings& from, RetryPolicy& to) {
  using Type = resource::RetryCondition::Type;
  to.attempts = from.attempts;
  to.on_connect_failure = to.on_reset = to.on_timeout = false;
  for (const resource::RetryCondition& condition : from.on) {
    switch (condition.type) {
      case Type::connect_failure:
        to.on_connect_failure = true;
        break;
      case Type::reset:
        to.on_reset = true;
        break;
      case Type::server_error:
        to.on_timeout = true;
        for (std::uint16_t status = 500; status < 600; ++status) add_status(to.statuses, status);
        break;
      case Type::gateway_error:
        to.on_timeout = true;
        for (const std::uint16_t status : {std::uint16_t{502}, std::uint16_t{503}, std::uint16_t{504}})
          add_status(to.statuses, status);
        break;
      case Type::code:
        add_status(to.statuses, condition.code);
        break;
    }
  }
  for (const resource::RetryGrpcStatus status : from.grpc_statuses)
    to.grpc_statuses |= 1U << static_cast<unsigned>(status);
  to.per_try_timeout = from.per_try_timeout.value_or(Duration{0});
  to.backoff = from.backoff_base;
  to.longest_backoff = std::max(from.backoff_max, from.backoff_base);
}

// HTTPRouteRetry (GEP-1731): the author of the route answers for it that the requests may be repeated.
void apply_retry(const resource::HttpRouteRetry& from, RetryPolicy& to) {
  if (from.attempts) to.attempts = *from.attempts;
  if (!from.codes.empty()) {
    to.statuses.assign(from.codes.begin(), from.codes.end());
    to.any_method = true;
  }
  to.on_connect_failure = to.on_reset = to.on_timeout = true;
  if (from.backoff) {
    to.backoff = *from.backoff;
    to.longest_backoff = std::max(to.longest_backoff, *from.backoff * 10);
  }
}

void apply_timeouts(std::optional<Duration> request, std::optional<Duration> backend, unsigned attempts,
                    Timeouts& to) {
  if (request) {
    // Whoever sets a limit for the whole exchange, or none, wants no other one.
    to.request = *request;
    to.response_head = Duration{0};
  }
  if (backend) {
    to.backend_request = *backend;
    if (*backend == Duration{0}) {
      to.response_head = Duration{0};
    } else if (to.response_head != Duration{0}) {
      to.response_head = std::max(to.response_head, *backend * (1 + attempts));
    }
  }
}

upstream::Balancing balancing_of(resource::LoadBalancing::Type type) {
  using Type = resource::LoadBalancing::Type;
  switch (type) {
    case Type::round_robin:
      return upstream::Balancing::round_robin;
    case Type::least_request:
      return upstream::Balancing::least_request;
    case Type::consistent_hash:
      return upstream::Balancing::consistent_hash;
    case Type::random:
      break;
  }
  return upstream::Balancing::random;
}

void apply_health(const resource::HealthCheck& from, upstream::ClusterConfig& to) {
  if (from.active) {
    const resource::ActiveHealthCheck& active = *from.active;
    using Kind = upstream::ActiveHealthCheck::Kind;
    using Type = resource::ActiveHealthCheck::Type;
    to.health.kind = active.type == Type::http   ? Kind::http
                     : active.type == Type::grpc ? Kind::grpc
                                                 : Kind::tcp;
    to.health.service = active.service;
    to.health.path = active.path;
    to.health.host = active.host;
    to.health.expected_statuses.clear();
    for (const auto& range : active.expected_statuses)
      to.health.expected_statuses.emplace_back(range.first, range.last);
    to.health.interval = active.interval;
    to.health.timeout = active.timeout;
    to.health.healthy_threshold = active.healthy_threshold;
    to.health.unhealthy_threshold = active.unhealthy_threshold;
  }
  if (from.passive) {
    to.outliers.enabled = from.passive->consecutive_5xx > 0 || from.passive->consecutive_gateway_errors > 0;
    to.outliers.consecutive_5xx = from.passive->consecutive_5xx;
    to.outliers.consecutive_gateway_errors = from.passive->consecutive_gateway_errors;
    to.outliers.base_ejection = from.passive->base_ejection;
    to.outliers.most_ejected_percent = from.passive->max_ejection_percent;
  }
}

void apply_connections(const resource::ConnectionLimits& from, upstream::PoolLimits& to) {
  to.most_connections = from.max_per_endpoint;
  to.most_pending = from.max_pending;
  to.most_idle = from.max_idle;
  to.idle_timeout = from.idle_timeout;
  to.most_requests = from.max_requests_per_connection;
}

// Policies that took part, by the section that each gave. One alone says enough by its name; of several the
// same names may stand for different settings.
std::string variant_of(const std::vector<std::pair<std::string_view, const TrafficEntry*>>& took_part) {
  std::string out;
  const auto name = [](const TrafficEntry& policy) {
    return policy->meta.namespace_ + "/" + policy->meta.name;
  };
  if (took_part.empty()) return out;
  const TrafficEntry* const first = took_part.front().second;
  if (std::ranges::all_of(took_part, [&](const auto& part) { return part.second == first; }))
    return name(*first);
  for (const auto& [section, policy] : took_part)
    out.append(out.empty() ? "" : ",").append(section).append("=").append(name(*policy));
  return out;
}

}  // namespace

void apply_traffic(const TrafficChain& chain, const resource::HttpRouteRule& spec, Rule& rule) {
  if (const auto* retry = first_with(chain, &resource::TrafficPolicy::retry)) apply_retry(*retry, rule.retry);
  if (spec.retry) apply_retry(*spec.retry, rule.retry);
  using T = resource::TrafficTimeouts;
  const auto inner = [&](const std::optional<Duration>& own, std::optional<Duration> T::* member) {
    return own ? own : timeout(chain, member);
  };
  apply_timeouts(inner(spec.timeouts.request, &T::request),
                 inner(spec.timeouts.backend_request, &T::backend_request), rule.retry.attempts,
                 rule.timeouts);
  if (const auto idle = timeout(chain, &T::idle))
    rule.timeouts.stream_idle = rule.timeouts.tunnel_idle = *idle;
  if (const auto idle = timeout(chain, &T::tunnel_idle)) rule.timeouts.tunnel_idle = *idle;
  if (const auto lifetime = timeout(chain, &T::tunnel_lifetime)) rule.timeouts.tunnel_lifetime = *lifetime;
  if (const auto ping = timeout(chain, &T::tunnel_ping)) rule.timeouts.tunnel_ping = *ping;
  if (const auto* balancing = first_with(chain, &resource::TrafficPolicy::load_balancing);
      balancing != nullptr && balancing->type == resource::LoadBalancing::Type::consistent_hash) {
    using Type = resource::ConsistentHash::Type;
    const auto& hash = balancing->consistent_hash;
    rule.hash_key = hash.type == Type::source_ip ? Rule::HashKey::source_ip
                    : hash.type == Type::header  ? Rule::HashKey::header
                                                 : Rule::HashKey::cookie;
    rule.hash_name = hash.name;
  }
}

std::string apply_traffic(const TrafficChain& own, const TrafficChain& route,
                          upstream::ClusterConfig& cluster) {
  std::vector<std::pair<std::string_view, const TrafficEntry*>> took_part;
  const auto section = [&](std::string_view name, auto has, auto apply) {
    for (const TrafficEntry* policy : own) {
      if (has(**policy)) return apply(**policy);
    }
    for (const TrafficEntry* policy : route) {
      if (!has(**policy)) continue;
      took_part.emplace_back(name, policy);
      return apply(**policy);
    }
  };
  using P = resource::TrafficPolicy;
  section(
      "loadBalancing", [](const P& p) { return p.load_balancing.has_value(); },
      [&](const P& p) {
        cluster.balancing = balancing_of(p.load_balancing->type);
        cluster.slow_start = p.load_balancing->slow_start;
        cluster.panic_percent = p.load_balancing->panic_threshold;
      });
  section(
      "healthCheck", [](const P& p) { return p.health_check.has_value(); },
      [&](const P& p) { apply_health(*p.health_check, cluster); });
  section(
      "connections", [](const P& p) { return p.connections.has_value(); },
      [&](const P& p) { apply_connections(*p.connections, cluster.pool); });
  section(
      "retryBudget", [](const P& p) { return p.retry_budget.has_value(); },
      [&](const P& p) {
        cluster.retry_budget.percent = p.retry_budget->percent;
        cluster.retry_budget.min_per_second = p.retry_budget->min_per_second;
      });
  // HTTP has X-Forwarded-For, and connections that serve many clients.
  section(
      "proxyProtocol",
      [&](const P& p) { return p.proxy_protocol && cluster.protocol == upstream::Protocol::tcp; },
      [&](const P& p) {
        using resource::SendProxyProtocol;
        cluster.proxy_protocol = *p.proxy_protocol == SendProxyProtocol::v1   ? l4::ProxyVersion::v1
                                 : *p.proxy_protocol == SendProxyProtocol::v2 ? l4::ProxyVersion::v2
                                                                              : l4::ProxyVersion::none;
      });
  section(
      "timeouts", [](const P& p) { return p.timeouts && p.timeouts->connect; },
      [&](const P& p) { cluster.pool.connect_timeout = *p.timeouts->connect; });
  return variant_of(took_part);
}

}  // namespace turnpike::plan
