#include "upstream/endpoint.h"

#include <utility>

#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

Endpoint::Endpoint(WorkerClusters& worker, const std::shared_ptr<const ClusterConfig>& config,
                   std::shared_ptr<SharedEndpoint> to, tls::SessionCache* sessions)
    : shared(*to),
      counts(to->counts(worker.index())),
      meter(worker.meter(to->series)),
      pool(worker.loop(), config, *to, worker.index(), sessions, meter),
      owner_(std::move(to)) {}

}  // namespace turnpike::upstream
