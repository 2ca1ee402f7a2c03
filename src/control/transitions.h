// When conditions became what they are (metav1.Condition.lastTransitionTime): files do not say, so it is
// watched here.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "resource/status.h"

namespace turnpike::control {

class Transitions {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Gives each condition the time of its last transition: `now` where its status is not what it was at the
  // call before. Conditions that are gone are forgotten. 24 bytes for each condition.
  void stamp(std::span<resource::ResourceStatus> statuses, Time now);

 private:
  struct Known {
    std::uint64_t key = 0;  // hash of the resource, of what in it the condition speaks of, and of its type
    Time since;
    resource::ConditionStatus status{};
  };
  void stamp(std::uint64_t owner, std::span<resource::Condition> conditions, Time now);
  void stamp(std::uint64_t owner, const resource::ParentReference& reference,
             std::span<resource::Condition> conditions, Time now);

  std::vector<Known> known_;  // by key
  std::vector<Known> next_;
};

}  // namespace turnpike::control
