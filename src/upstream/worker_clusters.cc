#include "upstream/worker_clusters.h"

#include <algorithm>
#include <utility>

#include "upstream/registry.h"
#include "upstream/worker_cluster.h"

namespace turnpike::upstream {
namespace {
// What is out of use is dropped between one and two of these later.
constexpr Duration kSweepInterval = std::chrono::seconds(5);
}  // namespace

class WorkerClusters::Sweeper final : public io::Timer {
 public:
  explicit Sweeper(WorkerClusters& owner) noexcept : owner_(owner) {}

 private:
  void on_timer() override { owner_.sweep(); }
  WorkerClusters& owner_;
};

PlanClusters::PlanClusters(PlanClusters&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      assignment_(std::move(other.assignment_)),
      clusters_(std::move(other.clusters_)) {}

PlanClusters& PlanClusters::operator=(PlanClusters&& other) noexcept {
  if (this != &other) {
    drop();
    owner_ = std::exchange(other.owner_, nullptr);
    assignment_ = std::move(other.assignment_);
    clusters_ = std::move(other.clusters_);
  }
  return *this;
}

void PlanClusters::drop() noexcept {
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->release(*assignment_);
  assignment_.reset();
  clusters_.clear();
}

WorkerClusters::WorkerClusters(io::Loop& loop, Random& random, Registry& registry, observe::Cells* cells)
    : loop_(loop),
      random_(random),
      mailboxes_(registry.mailboxes()),
      meters_(registry.meters()),
      cells_(cells),
      index_(mailboxes_->attach(loop, *this)),
      sweeper_(std::make_unique<Sweeper>(*this)) {}

WorkerClusters::~WorkerClusters() { mailboxes_->detach(index_); }

EndpointMeter WorkerClusters::meter(observe::Series series) const noexcept {
  if (meters_ == nullptr || cells_ == nullptr) return {};
  return {meters_->endpoint(), cells_->block(series)};
}

WorkerClusters::Slot& WorkerClusters::slot_of(const Assignment::Item& item) {
  if (item.slot >= slots_.size()) slots_.resize(std::max<std::size_t>(item.slot + 1, slots_.size() * 2));
  Slot& slot = slots_[item.slot];
  if (slot.shared != item.shared.get()) {
    slot.cluster = std::make_unique<WorkerCluster>(*this, item.shared, item.config);
    slot.shared = item.shared.get();
    slot.config = item.config.get();
  } else if (slot.config != item.config.get()) {
    slot.cluster->set_config(item.config);
    slot.config = item.config.get();
  }
  return slot;
}

PlanClusters WorkerClusters::adopt(std::shared_ptr<const Assignment> assignment) {
  PlanClusters plan;
  plan.owner_ = this;
  plan.clusters_.reserve(assignment->items.size());
  for (const Assignment::Item& item : assignment->items) {
    Slot& slot = slot_of(item);
    ++slot.plans;
    plan.clusters_.push_back(slot.cluster.get());
  }
  plan.assignment_ = std::move(assignment);
  return plan;
}

void WorkerClusters::release(const Assignment& assignment) noexcept {
  for (const Assignment::Item& item : assignment.items) {
    Slot& slot = slots_[item.slot];
    if (--slot.plans > 0) continue;
    slot.cluster->retire();
    retired_.push_back(std::move(slot.cluster));
    slot = {};
    sweep_later();
  }
}

void WorkerClusters::sweep_later() {
  if (!sweeper_->armed()) loop_.timers().arm(*sweeper_, loop_.now() + kSweepInterval);
}

void WorkerClusters::sweep() {
  std::erase_if(retired_, [](const auto& cluster) { return cluster->unused(); });
  bool more = !retired_.empty();
  for (Slot& slot : slots_) {
    if (slot.cluster && slot.cluster->sweep()) more = true;
  }
  if (more) sweep_later();
}

Endpoint* WorkerClusters::find(SharedEndpoint& endpoint) noexcept {
  if (endpoint.slot() < slots_.size() && slots_[endpoint.slot()].cluster) {
    if (Endpoint* const found = slots_[endpoint.slot()].cluster->find(endpoint); found != nullptr)
      return found;
  }
  for (const auto& cluster : retired_) {
    if (Endpoint* const found = cluster->find(endpoint); found != nullptr) return found;
  }
  return nullptr;
}

void WorkerClusters::on_endpoints(const std::vector<std::shared_ptr<SharedCluster>>& changed) {
  for (const auto& shared : changed) {
    if (shared->slot() >= slots_.size()) continue;
    const Slot& slot = slots_[shared->slot()];
    if (slot.shared == shared.get()) slot.cluster->endpoints_changed();
  }
}

void WorkerClusters::on_permit(SharedEndpoint& endpoint) {
  if (Endpoint* const found = find(endpoint); found != nullptr) {
    found->pool.on_permit();
  } else {
    endpoint.bound.release(endpoint);
  }
}

void WorkerClusters::on_give_up(SharedEndpoint& endpoint) {
  if (Endpoint* const found = find(endpoint); found != nullptr) found->pool.give_up_idle();
}

}  // namespace turnpike::upstream
