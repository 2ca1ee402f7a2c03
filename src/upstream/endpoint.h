// One address as one worker sees it.
#pragma once

#include <cstdint>
#include <memory>

#include "upstream/pool.h"
#include "upstream/shared_endpoint.h"

namespace turnpike::upstream {

class Endpoint {
 public:
  Endpoint(io::Loop& loop, const std::shared_ptr<const ClusterConfig>& config,
           std::shared_ptr<SharedEndpoint> to, unsigned worker, tls::SessionCache* sessions)
      : shared(*to),
        counts(to->counts(worker)),
        pool(loop, config, *to, worker, sessions),
        owner_(std::move(to)) {}

  SharedEndpoint& shared;
  EndpointCounts& counts;
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
