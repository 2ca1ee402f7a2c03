// The control thread's side of all upstreams.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "io/loop.h"
#include "upstream/assignment.h"
#include "upstream/events.h"
#include "upstream/mailboxes.h"
#include "upstream/meters.h"
#include "upstream/name_watch.h"
#include "upstream/shared_cluster.h"
#include "upstream/status.h"

namespace turnpike::upstream {

class Keeper;

struct RegistryOptions {
  unsigned workers = 1;          // at most so many WorkerClusters
  std::uint64_t seed = 1;        // of jitter
  Resolver* resolver = nullptr;  // not owned; null: DNS names have no address
  Events* events = nullptr;      // not owned; may be null
  // Both or none; not owned. Metrics are defined by the Registry's constructor, so it comes before any
  // series.
  observe::Registry* metrics = nullptr;
  const observe::EndpointMetrics* endpoint_metrics = nullptr;
};

// Lives and is called on the thread of `control`, but for mailboxes(). Outlives the WorkerClusters.
class Registry {
 public:
  Registry(io::Loop& control, const RegistryOptions& options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The clusters of a new plan (Plan::clusters). Those known by their identity are brought up to date — the
  // workers hear of changed endpoints at once —, the others are made; those not named any more are given up
  // as soon as the workers have let them go. The answer goes to every worker together with the plan:
  // WorkerClusters::adopt(). Should two configurations have the same identity, the first one counts.
  std::shared_ptr<const Assignment> update(const std::vector<std::shared_ptr<const ClusterConfig>>& configs);

  // In the order of the last update().
  std::vector<ClusterStatus> status() const;
  // Each DNS name of the last update() has been answered at least once, well or not.
  bool settled() const;

  // --- for the rest of upstream/ ---
  const std::shared_ptr<Mailboxes>& mailboxes() const noexcept { return mailboxes_; }
  io::Loop& loop() noexcept { return loop_; }
  Random& random() noexcept { return random_; }
  Meters* meters() noexcept { return meters_.get(); }
  Resolver* resolver() noexcept { return options_.resolver; }
  NameTable& names() noexcept { return names_; }
  // Health checks under way; shared, since one may outlive the registry by a moment.
  const std::shared_ptr<unsigned>& checks_running() const noexcept { return checks_running_; }
  void report(const Event& event) const {
    if (options_.events != nullptr) options_.events->on_event(event);
  }
  // A worker has ejected an endpoint: see to its return.
  void on_ejected(SharedCluster& cluster, const std::shared_ptr<SharedEndpoint>& endpoint);
  // The set of a cluster has changed outside update() (DNS).
  void publish(const std::shared_ptr<SharedCluster>& cluster);

 private:
  io::Loop& loop_;
  const RegistryOptions options_;
  Random random_;
  std::shared_ptr<Slots> slots_;
  std::shared_ptr<Mailboxes> mailboxes_;
  std::unique_ptr<Meters> meters_;  // may be null
  std::shared_ptr<Registry*> self_ = std::make_shared<Registry*>(this);
  NameTable names_{*this};
  std::shared_ptr<unsigned> checks_running_ = std::make_shared<unsigned>(0);
  std::unordered_map<std::string, std::unique_ptr<Keeper>, StringHash, std::equal_to<>>
      keepers_;  // by identity
  std::vector<Keeper*> order_;
  std::uint64_t round_ = 0;  // number of update()
};

}  // namespace turnpike::upstream
