// All clusters of one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "io/loop.h"
#include "observe/metrics.h"
#include "upstream/assignment.h"
#include "upstream/cluster.h"
#include "upstream/mailboxes.h"
#include "upstream/meters.h"

namespace turnpike::upstream {

class Registry;
class SharedCluster;
class SharedEndpoint;
class WorkerCluster;
class WorkerClusters;

// The clusters of one plan in one worker. As long as it lives they do; with its end, those that no other plan
// of this worker has are retired. An exchange must not outlive the PlanClusters of its plan.
class PlanClusters {
 public:
  PlanClusters() noexcept = default;
  PlanClusters(PlanClusters&& other) noexcept;
  PlanClusters& operator=(PlanClusters&& other) noexcept;
  ~PlanClusters() { drop(); }

  // In the order of Plan::clusters.
  Cluster& operator[](std::size_t index) const noexcept { return *clusters_[index]; }
  std::size_t size() const noexcept { return clusters_.size(); }

 private:
  friend class WorkerClusters;
  void drop() noexcept;

  WorkerClusters* owner_ = nullptr;
  std::shared_ptr<const Assignment> assignment_;
  std::vector<Cluster*> clusters_;
};

// Made, used and destroyed on the worker's thread (or while it does not run). Outlives the exchanges and
// PlanClusters; the Registry must outlive it.
class WorkerClusters {
 public:
  // `cells` are this worker's, of RegistryOptions::metrics; null: it counts nothing there.
  WorkerClusters(io::Loop& loop, Random& random, Registry& registry, observe::Cells* cells = nullptr);
  ~WorkerClusters();
  WorkerClusters(const WorkerClusters&) = delete;
  WorkerClusters& operator=(const WorkerClusters&) = delete;

  // The clusters for a plan: those that this worker has already, and new ones. `assignment` is what
  // Registry::update() answered for Plan::clusters. Takes some ten nanoseconds for each unchanged one.
  PlanClusters adopt(std::shared_ptr<const Assignment> assignment);

  io::Loop& loop() noexcept { return loop_; }
  Random& random() noexcept { return random_; }
  // This worker's place among the workers (Mailboxes).
  unsigned index() const noexcept { return index_; }

  // --- messages ---
  void on_endpoints(const std::vector<std::shared_ptr<SharedCluster>>& changed);
  void on_permit(SharedEndpoint& endpoint);
  void on_give_up(SharedEndpoint& endpoint);

  // --- for WorkerCluster ---
  void sweep_later();
  EndpointMeter meter(observe::Series series) const noexcept;

 private:
  friend class PlanClusters;
  // Contiguous, so that adopting a plan touches the clusters themselves only where something has changed.
  struct Slot {
    std::unique_ptr<WorkerCluster> cluster;
    const SharedCluster* shared = nullptr;
    const ClusterConfig* config = nullptr;
    std::uint32_t plans = 0;
  };
  class Sweeper;

  Endpoint* find(SharedEndpoint& endpoint) noexcept;
  Slot& slot_of(const Assignment::Item& item);
  void release(const Assignment& assignment) noexcept;
  void sweep();

  io::Loop& loop_;
  Random& random_;
  std::shared_ptr<Mailboxes> mailboxes_;
  const Meters* meters_;
  observe::Cells* cells_;
  unsigned index_;
  std::vector<Slot> slots_;                              // by SharedCluster::slot
  std::vector<std::unique_ptr<WorkerCluster>> retired_;  // their last connections are about to end
  std::unique_ptr<Sweeper> sweeper_;
};

}  // namespace turnpike::upstream
