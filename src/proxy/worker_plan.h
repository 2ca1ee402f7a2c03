// A plan as one worker sees it: with this worker's clusters, and a plain count of the exchanges that still
// use it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "plan/plan.h"
#include "upstream/worker_clusters.h"

namespace turnpike::proxy {

class Worker;

class WorkerPlan {
 public:
  WorkerPlan(Worker& worker, std::shared_ptr<const plan::Plan> plan, upstream::PlanClusters clusters)
      : worker_(worker), plan_(std::move(plan)), clusters_(std::move(clusters)) {}
  WorkerPlan(const WorkerPlan&) = delete;
  WorkerPlan& operator=(const WorkerPlan&) = delete;

  const plan::Plan& plan() const noexcept { return *plan_; }
  upstream::Cluster& cluster(std::uint32_t index) noexcept { return clusters_[index]; }

  // Keeps the plan alive: held by an exchange, by the slot of a port, and by the worker for the current one.
  class Pin {
   public:
    Pin() noexcept = default;
    explicit Pin(WorkerPlan* plan) noexcept : plan_(plan) {
      if (plan_ != nullptr) ++plan_->users_;
    }
    Pin(Pin&& other) noexcept : plan_(std::exchange(other.plan_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      if (this != &other) {
        drop();
        plan_ = std::exchange(other.plan_, nullptr);
      }
      return *this;
    }
    ~Pin() { drop(); }
    WorkerPlan* operator->() const noexcept { return plan_; }
    WorkerPlan* get() const noexcept { return plan_; }
    explicit operator bool() const noexcept { return plan_ != nullptr; }

   private:
    void drop() noexcept {
      if (plan_ != nullptr && --plan_->users_ == 0) plan_->unused();
      plan_ = nullptr;
    }
    WorkerPlan* plan_ = nullptr;
  };

 private:
  void unused() noexcept;

  Worker& worker_;
  std::shared_ptr<const plan::Plan> plan_;
  upstream::PlanClusters clusters_;
  std::uint32_t users_ = 0;
};

}  // namespace turnpike::proxy
