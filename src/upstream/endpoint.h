// One address as one worker sees it.
#pragma once

#include <cstdint>
#include <memory>

#include "upstream/meters.h"
#include "upstream/pool.h"
#include "upstream/shared_endpoint.h"

namespace turnpike::upstream {

class WorkerClusters;

class Endpoint {
 public:
  Endpoint(WorkerClusters& worker, const std::shared_ptr<const ClusterConfig>& config,
           std::shared_ptr<SharedEndpoint> to, tls::SessionCache* sessions);

  SharedEndpoint& shared;
  EndpointCounts& counts;
  EndpointMeter meter;
  Pool pool;
  float weight = 1;        // with slow start; the balancer's
  unsigned active = 0;     // requests of this worker
  bool chosen = false;     // gets traffic now: healthy, or the panic threshold is in force
  bool member = true;      // of the set of the moment
  bool forgotten = false;  // marked by the last sweep: goes with the next one

  bool unused() const noexcept { return active == 0 && pool.unused(); }

 private:
  std::shared_ptr<SharedEndpoint> owner_;
};

}  // namespace turnpike::upstream
