#include "upstream/registry.h"

#include <algorithm>
#include <utility>

#include "upstream/keeper.h"
#include "upstream/same_config.h"
#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

Registry::Registry(io::Loop& control, const RegistryOptions& options)
    : loop_(control),
      options_(options),
      random_(options.seed),
      slots_(std::make_shared<Slots>()),
      mailboxes_(std::make_shared<Mailboxes>(options.workers)) {
  mailboxes_->attach_control(loop_, *this);
  if (options_.metrics == nullptr || options_.endpoint_metrics == nullptr) return;
  meters_ = std::make_unique<Meters>(*options_.metrics, *options_.endpoint_metrics);
  options_.metrics->before_render([self = self_] {
    if (*self == nullptr) return;
    for (const Keeper* const keeper : (*self)->order_) keeper->show();
  });
}

Registry::~Registry() {
  *self_ = nullptr;
  mailboxes_->detach_control();
}

std::shared_ptr<const Assignment> Registry::update(
    const std::vector<std::shared_ptr<const ClusterConfig>>& configs) {
  ++round_;
  auto assignment = std::make_shared<Assignment>();
  assignment->items.reserve(configs.size());
  order_.clear();
  std::vector<std::shared_ptr<SharedCluster>> changed;
  for (const auto& config : configs) {
    const std::string identity = config->identity();
    auto& keeper = keepers_[identity];
    const bool fresh = !keeper;
    if (fresh) {
      keeper = std::make_unique<Keeper>(
          *this, std::make_shared<SharedCluster>(identity, config->name, slots_, mailboxes_));
    }
    if (keeper->round != round_) {
      keeper->round = round_;
      order_.push_back(keeper.get());
      if (fresh || !same_config(*keeper->config(), *config)) {
        // A new cluster is loaded by the workers when they first use it.
        if (keeper->set_config(config) && !fresh) changed.push_back(keeper->shared());
      }
    }
    assignment->items.push_back({keeper->shared(), keeper->config(), keeper->shared()->slot()});
  }
  std::erase_if(keepers_, [this](const auto& entry) { return entry.second->round != round_; });
  if (!changed.empty()) {
    mailboxes_->post_all([changed](WorkerClusters& worker) { worker.on_endpoints(changed); });
  }
  return assignment;
}

void Registry::publish(const std::shared_ptr<SharedCluster>& cluster) {
  mailboxes_->post_all(
      [changed = std::vector{cluster}](WorkerClusters& worker) { worker.on_endpoints(changed); });
}

void Registry::on_ejected(SharedCluster& cluster, const std::shared_ptr<SharedEndpoint>& endpoint) {
  const auto found = keepers_.find(cluster.identity());
  if (found != keepers_.end() && found->second->shared().get() == &cluster) {
    found->second->on_ejected(endpoint);
  } else {
    cluster.end_ejection(*endpoint);
  }
}

bool Registry::settled() const { return std::ranges::all_of(order_, &Keeper::settled); }

std::vector<ClusterStatus> Registry::status() const {
  std::vector<ClusterStatus> all;
  all.reserve(order_.size());
  for (const Keeper* const keeper : order_) all.push_back(keeper->status());
  return all;
}

}  // namespace turnpike::upstream
