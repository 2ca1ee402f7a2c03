// TrafficPolicy: which sections apply to a rule and to an upstream, and what they mean to the data plane.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "plan/plan.h"
#include "resource/store.h"
#include "upstream/config.h"

namespace turnpike::plan {

using TrafficEntry = resource::Entry<resource::TrafficPolicy>;

// The policies that apply somewhere, the nearest first; each section is taken from the first that has it.
class TrafficChain {
 public:
  static constexpr std::size_t kMost = 8;
  void add(const TrafficEntry* policy) {
    if (policy != nullptr && count_ < kMost) policies_[count_++] = policy;
  }
  void add(const TrafficChain& farther) {
    for (const TrafficEntry* policy : farther) add(policy);
  }
  bool empty() const noexcept { return count_ == 0; }
  const TrafficEntry* const* begin() const noexcept { return policies_.data(); }
  const TrafficEntry* const* end() const noexcept { return policies_.data() + count_; }
  bool operator==(const TrafficChain&) const = default;

 private:
  std::array<const TrafficEntry*, kMost> policies_{};
  std::size_t count_ = 0;
};

// Timeouts, retries and the key of consistent hashing of a rule: the chain's, then what stands in the rule
// itself.
void apply_traffic(const TrafficChain& chain, const resource::HttpRouteRule& spec, Rule& rule);

// Balancing, health, limits and retry budget of an upstream. `own` are the policies of the Service or
// Backend, `route` those from the rule outwards. Returns what tells this variant of the upstream from others:
// the policies of `route` that took part, empty if none did.
std::string apply_traffic(const TrafficChain& own, const TrafficChain& route,
                          upstream::ClusterConfig& cluster);

}  // namespace turnpike::plan
