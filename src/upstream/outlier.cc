#include "upstream/outlier.h"

#include <algorithm>

#include "upstream/registry.h"

namespace turnpike::upstream {

Judgement judge(const Outcome& outcome) noexcept {
  switch (outcome.error) {
    case ErrorKind::none:
      break;
    case ErrorKind::connect_refused:
    case ErrorKind::connect_timeout:
    case ErrorKind::connect_failed:
    case ErrorKind::upstream_tls:
    case ErrorKind::upstream_reset:
    case ErrorKind::upstream_bad_response:
    case ErrorKind::upstream_timeout:
    case ErrorKind::request_timeout:
      return Judgement::gateway_error;
    default:
      return Judgement::neutral;
  }
  if (outcome.status >= 502 && outcome.status <= 504) return Judgement::gateway_error;
  return outcome.status >= 500 ? Judgement::server_error : Judgement::success;
}

void note_outcome(SharedCluster& cluster, SharedEndpoint& endpoint, const OutlierDetection& config,
                  Judgement judgement) noexcept {
  if (!config.enabled) return;
  constexpr auto relaxed = std::memory_order_relaxed;
  unsigned gateway = 0;
  unsigned server = 0;
  if (judgement == Judgement::gateway_error) {
    gateway = endpoint.gateway_errors_in_a_row.fetch_add(1, relaxed) + 1;
  } else if (endpoint.gateway_errors_in_a_row.load(relaxed) != 0) {
    endpoint.gateway_errors_in_a_row.store(0, relaxed);
  }
  if (config.consecutive_5xx != 0) {
    if (judgement != Judgement::success) {
      server = endpoint.server_errors_in_a_row.fetch_add(1, relaxed) + 1;
    } else if (endpoint.server_errors_in_a_row.load(relaxed) != 0) {
      endpoint.server_errors_in_a_row.store(0, relaxed);
    }
  }
  const bool too_many =
      (config.consecutive_gateway_errors != 0 && gateway >= config.consecutive_gateway_errors) ||
      (config.consecutive_5xx != 0 && server >= config.consecutive_5xx);
  if (!too_many || (endpoint.health() & kEjected) != 0) return;
  if (!cluster.try_eject(endpoint, config.most_ejected_percent)) return;
  endpoint.ejections.fetch_add(1, relaxed);
  cluster.mailboxes().post_control(
      [cluster = cluster.shared_from_this(), endpoint = endpoint.shared_from_this()](Registry& registry) {
        registry.on_ejected(*cluster, endpoint);
      });
}

Duration ejection_time(const OutlierDetection& config, unsigned in_a_row) noexcept {
  const unsigned times = std::clamp(in_a_row, 1U, 10'000U);
  return std::min(config.base_ejection * times, std::max(config.longest_ejection, config.base_ejection));
}

}  // namespace turnpike::upstream
