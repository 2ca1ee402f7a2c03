// Plans that are no longer in force. Exchanges may still use them; freeing one with thousands of routes takes
// milliseconds, which no worker has.
#pragma once

#include <memory>
#include <vector>

#include "plan/plan.h"

namespace turnpike::control {

// On one thread. Holds each plan until nobody else does, so that it is freed here.
class RetiredPlans {
 public:
  void add(std::shared_ptr<const plan::Plan> plan) {
    if (plan != nullptr) plans_.push_back(std::move(plan));
  }
  // Frees those that nobody uses any more. Whoever has a plan took it from us: once it is ours alone it stays
  // so.
  void sweep() {
    std::erase_if(plans_, [](const auto& plan) { return plan.use_count() == 1; });
  }
  std::size_t size() const noexcept { return plans_.size(); }

 private:
  std::vector<std::shared_ptr<const plan::Plan>> plans_;
};

}  // namespace turnpike::control
