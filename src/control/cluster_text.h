// Upstreams as JSON, for GET /clusters.
#pragma once

#include <span>

#include "base/json_writer.h"
#include "upstream/status.h"

namespace turnpike::control {

// An array: name, origin, balancing, counters, DNS names, endpoints with health and counters.
void write_clusters(JsonWriter& json, std::span<const upstream::ClusterStatus> clusters);

}  // namespace turnpike::control
