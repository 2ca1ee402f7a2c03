// A picture of all upstreams for /clusters and the metrics. Plain values, made on the control thread.
#pragma once

#include <string>
#include <vector>

#include "upstream/config.h"
#include "upstream/counts.h"

namespace turnpike::upstream {

struct EndpointStatus {
  std::string address;  // "10.0.0.1:9001"
  std::string zone;
  std::string token;
  std::uint32_t weight = 1;
  bool ready = true;
  bool unhealthy = false;  // by the active check
  bool ejected = false;    // by outlier detection
  unsigned open_connections = 0;
  unsigned active_requests = 0;
  std::uint64_t ejections = 0;
  std::uint64_t checks_failed = 0;  // times the active check turned it unhealthy
  EndpointTotals totals;
};

struct NameStatus {
  std::string name;
  bool resolved = false;  // an answer is in use
  bool failing = false;   // the last query failed
  std::size_t addresses = 0;
  std::uint64_t queries = 0;
  std::uint64_t failures = 0;
};

struct ClusterStatus {
  std::string name;
  std::string origin;
  Balancing balancing{};
  bool tls = false;
  ClusterTotals totals;
  std::vector<EndpointStatus> endpoints;
  std::vector<NameStatus> names;
};

}  // namespace turnpike::upstream
