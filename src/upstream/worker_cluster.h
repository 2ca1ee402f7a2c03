// The Cluster of one worker.
#pragma once

#include <memory>
#include <vector>

#include "tls/session_cache.h"
#include "upstream/balancer.h"
#include "upstream/cluster.h"
#include "upstream/endpoint.h"
#include "upstream/retry_budget.h"
#include "upstream/shared_cluster.h"

namespace turnpike::upstream {

class WorkerClusters;

class WorkerCluster final : public Cluster {
 public:
  WorkerCluster(WorkerClusters& owner, std::shared_ptr<SharedCluster> shared,
                std::shared_ptr<const ClusterConfig> config);

  Result<Endpoint*> choose(const Pick& pick) noexcept override;
  Lease borrow(Endpoint& endpoint) noexcept override { return endpoint.pool.borrow(); }
  io::Task<Result<Lease>> open(Endpoint& endpoint, TimePoint deadline) override {
    return endpoint.pool.open(deadline, nullptr);
  }
  io::Task<Result<Lease>> open(Endpoint& endpoint, TimePoint deadline, OpenCancel& cancel) override {
    return endpoint.pool.open(deadline, &cancel);
  }
  io::Task<Result<void>> introduce(Lease& lease, const io::Address& client, const io::Address& listener,
                                   TimePoint deadline) override;
  void report(Endpoint& endpoint, const Outcome& outcome) noexcept override;
  void count_request() noexcept override;
  bool may_retry() noexcept override;
  std::string_view token(const Endpoint& endpoint) const noexcept override { return endpoint.shared.token(); }
  const ClusterConfig& config() const noexcept override { return *config_; }

  // A new plan describes it anew.
  void set_config(std::shared_ptr<const ClusterConfig> config);
  // The control thread has published another set of endpoints. Costs nothing until the cluster is used.
  void endpoints_changed();
  // No plan uses it any more: closes what is idle.
  void retire();
  // Drops endpoints that left the set and have been out of use since the last sweep. False when nothing is
  // left to sweep.
  bool sweep();
  // Nothing refers to it any more (after retire()).
  bool unused() const noexcept;
  // This worker's view of the endpoint, also if it left the set; null if there is none.
  Endpoint* find(const SharedEndpoint& shared) noexcept;

  const SharedCluster& shared() const noexcept { return *shared_; }
  // How many plans of this worker have it; kept by WorkerClusters.
  unsigned plans = 0;

 private:
  void load_endpoints();  // takes over the published set
  void weigh();           // health or slow start have changed: who gets how much
  float slow_start(const SharedEndpoint& endpoint) noexcept;
  Error nothing_to_choose() const noexcept;
  Endpoint* sticky(const Pick& pick) const noexcept;

  WorkerClusters& owner_;
  io::Loop& loop_;
  Random& random_;
  const std::shared_ptr<SharedCluster> shared_;
  ClusterCounts& counts_;
  std::shared_ptr<const ClusterConfig> config_;
  std::shared_ptr<const EndpointSet> set_;
  std::unique_ptr<tls::SessionCache> sessions_;       // with TLS
  std::vector<Endpoint*> members_;                    // in the order of the set
  std::vector<std::unique_ptr<Endpoint>> endpoints_;  // of the set, and those that have left it
  Balancer balancer_;
  RetryWindow retries_;
  TimePoint weigh_at_ = kNever;       // while an endpoint starts slowly
  std::uint32_t health_version_ = 0;  // of the last weigh(); 0: weigh at the next choice
  bool stale_ = true;                 // the set has changed since load_endpoints()
  bool used_ = false;                 // load_endpoints() has run
  bool panic_ = false;
};

}  // namespace turnpike::upstream
