// Passive health: what the answers to real requests say of an endpoint.
#pragma once

#include <cstdint>

#include "upstream/cluster.h"
#include "upstream/shared_cluster.h"

namespace turnpike::upstream {

enum class Judgement : std::uint8_t {
  success,
  server_error,   // another 5xx: the endpoint works, its application may not
  gateway_error,  // nothing reachable, a broken answer, no answer in time; 502, 503, 504
  neutral,        // says nothing of the endpoint: cancelled, our own bounds
};
Judgement judge(const Outcome& outcome) noexcept;

// Counts the outcome; ejects the endpoint when it was one too many in a row. From any worker; a success costs
// one or two loads.
void note_outcome(SharedCluster& cluster, SharedEndpoint& endpoint, const OutlierDetection& config,
                  Judgement judgement) noexcept;

// How long the n-th ejection in a row (1, 2, …) takes, before jitter.
Duration ejection_time(const OutlierDetection& config, unsigned in_a_row) noexcept;

}  // namespace turnpike::upstream
