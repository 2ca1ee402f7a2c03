#include "upstream/meters.h"

#include <array>
#include <string_view>

#include "upstream/cluster.h"

namespace turnpike::upstream {
namespace {
constexpr std::array<std::string_view, 4> kClosed = {"peer_closed", "unsolicited", "idle_timeout",
                                                     "given_up"};
constexpr std::array<std::string_view, 2> kOverflow = {"queue_full", "deadline"};
}  // namespace

Meters::Meters(observe::Registry& registry, const observe::EndpointMetrics& endpoint)
    : registry_(registry), endpoint_(endpoint) {
  const observe::Group group = endpoint.group;
  healthy_ = registry.gauge(
      group, {.name = "upstream_endpoint_healthy",
              .help = "1 while the endpoint is ready and neither ejected nor failing its health checks."});
  pending_ = registry.gauge(
      group, {.name = "upstream_pending_requests", .help = "Requests that wait for a connection now."});
  reused_ = registry.counter(
      group, {.name = "upstream_reused_connections_total", .help = "Connections taken from the pool."});
  closed_ = registry.counter(group, {.name = "upstream_idle_closed_total",
                                     .help = "Idle connections that were closed, by cause.",
                                     .variant_label = "cause",
                                     .variants = kClosed});
  overflow_ = registry.counter(group, {.name = "upstream_overflow_total",
                                       .help = "Requests that got no connection, by cause.",
                                       .variant_label = "cause",
                                       .variants = kOverflow});
  cluster_ = registry.group({"upstream"});
  retries_ = registry.counter(cluster_,
                              {.name = "upstream_retries_total", .help = "Retries that the budget allowed."});
  retries_denied_ = registry.counter(
      cluster_, {.name = "upstream_retries_denied_total", .help = "Retries that the budget did not allow."});
  no_endpoint_ = registry.counter(
      cluster_, {.name = "upstream_no_endpoint_total", .help = "Requests for which there was no endpoint."});
  panic_ = registry.counter(
      cluster_,
      {.name = "upstream_panic_total",
       .help = "Requests while so few endpoints were healthy that all were used (panic threshold)."});
  endpoints_ = registry.gauge(cluster_, {.name = "upstream_endpoints", .help = "Endpoints, healthy or not."});
  dns_queries_ = registry.counter(
      cluster_, {.name = "upstream_dns_queries_total", .help = "DNS queries for the upstream's names."});
  dns_failures_ = registry.counter(
      cluster_, {.name = "upstream_dns_failures_total", .help = "DNS queries that brought no address."});
}

void Meters::show(observe::Series series, const EndpointStatus& status) {
  observe::Block block = registry_.control().block(series);
  const EndpointTotals& totals = status.totals;
  const auto idle = static_cast<std::int64_t>(totals.idle);
  block.set(endpoint_.active_connections, static_cast<std::int64_t>(status.open_connections) - idle);
  block.set(endpoint_.idle_connections, idle);
  block.set(endpoint_.active_requests, static_cast<std::int64_t>(status.active_requests));
  block.set(endpoint_.ejections.of(0), status.ejections);
  block.set(endpoint_.ejections.of(1), status.checks_failed);
  block.set(healthy_, status.ready && !status.unhealthy && !status.ejected ? 1 : 0);
  block.set(pending_, static_cast<std::int64_t>(totals.pending));
  block.set(reused_, totals.reused);
  block.set(closed_.of(0), totals.closed_by_peer);
  block.set(closed_.of(1), totals.unsolicited);
  block.set(closed_.of(2), totals.idle_timeouts);
  block.set(closed_.of(3), totals.given_up);
  block.set(overflow_.of(0), totals.overflow);
  block.set(overflow_.of(1), totals.wait_timeouts);
}

void Meters::show(observe::Series series, const ClusterStatus& status) {
  observe::Block block = registry_.control().block(series);
  block.set(retries_, status.totals.retries);
  block.set(retries_denied_, status.totals.retries_denied);
  block.set(no_endpoint_, status.totals.no_endpoint);
  block.set(panic_, status.totals.panic);
  block.set(endpoints_, static_cast<std::int64_t>(status.endpoints.size()));
  std::uint64_t queries = 0;
  std::uint64_t failures = 0;
  for (const NameStatus& name : status.names) {
    queries += name.queries;
    failures += name.failures;
  }
  block.set(dns_queries_, queries);
  block.set(dns_failures_, failures);
}

void EndpointMeter::attempt(const Outcome& outcome) noexcept {
  if (metrics_ == nullptr) return;
  if (outcome.error != ErrorKind::none) {
    block_.add(metrics_->failures.of(observe::reason(outcome.error)));
    return;
  }
  block_.add(metrics_->requests.of(observe::status_class(outcome.status)));
  block_.observe(metrics_->duration, outcome.latency);
}

}  // namespace turnpike::upstream
