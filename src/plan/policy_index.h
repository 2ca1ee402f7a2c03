// Policies by what they are attached to (GEP-713): of several for one target the oldest wins, then the first
// by name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "plan/finding.h"
#include "plan/precedence.h"
#include "resource/say.h"
#include "resource/store.h"
#include "resource/suggest.h"

namespace turnpike::plan {

// Why the reference leads nowhere; empty if the resource, and the section that it names, exist.
// `hint`: with the nearest name that there is.
std::string missing_target(const resource::Store& store, std::string_view namespace_,
                           const resource::PolicyTargetReference& target, bool hint = true);
// "Gateway\0default\0shop\0http".
std::string target_key(std::string_view kind, std::string_view namespace_, std::string_view name,
                       std::string_view section);

// Policies of one kind. T has target_refs.
template <class T>
class PolicyIndex {
 public:
  struct Outcome {
    const resource::Entry<T>* policy = nullptr;
    std::vector<Finding> targets;  // one for each of target_refs: Accepted
  };

  explicit PolicyIndex(const resource::Store& store) {
    for (const auto& entry : store.all<T>()) outcomes_.push_back({&entry, {}});
    std::vector<Outcome*> order;
    for (Outcome& outcome : outcomes_) order.push_back(&outcome);
    std::ranges::sort(order, {},
                      [](const Outcome* outcome) { return precedence_of((*outcome->policy)->meta); });
    for (Outcome* outcome : order) {
      for (const auto& target : (*outcome->policy)->target_refs)
        outcome->targets.push_back(claim(store, *outcome, target));
    }
  }

  bool empty() const noexcept { return by_target_.empty(); }
  // Whether any policy is attached to a resource of this kind: look-ups for thousands of routes are spared.
  bool any_for(std::string_view kind) const noexcept {
    return std::ranges::find(kinds_, kind) != kinds_.end();
  }

  // The policy attached to exactly this target; null if there is none.
  const resource::Entry<T>* find(std::string_view kind, std::string_view namespace_, std::string_view name,
                                 std::string_view section = {}) const {
    if (!any_for(kind)) return nullptr;
    const auto found = by_target_.find(target_key(kind, namespace_, name, section));
    return found == by_target_.end() ? nullptr : found->second;
  }

  std::vector<Outcome>& outcomes() noexcept { return outcomes_; }
  const std::vector<Outcome>& outcomes() const noexcept { return outcomes_; }

 private:
  Finding claim(const resource::Store& store, const Outcome& outcome,
                const resource::PolicyTargetReference& target) {
    Finding finding;
    const auto& meta = (*outcome.policy)->meta;
    std::string missing = missing_target(store, meta.namespace_, target, missing_ < resource::kMostHints);
    if (!missing.empty()) {
      ++missing_;
      finding.fail("TargetNotFound", std::move(missing));
      return finding;
    }
    const std::string_view section = target.section_name ? std::string_view(**target.section_name) : "";
    const auto [at, free] = by_target_.try_emplace(
        target_key(target.kind, meta.namespace_, target.name, section), outcome.policy);
    if (!free && at->second != outcome.policy) {
      finding.fail("Conflicted",
                   resource::say("'{}' is older, or goes before it by name, and has the same target",
                                 (*at->second)->meta.name));
    } else if (!any_for(target.kind)) {
      kinds_.push_back(target.kind);
    }
    return finding;
  }

  std::size_t missing_ = 0;  // targets
  std::vector<Outcome> outcomes_;
  std::vector<std::string> kinds_;
  std::unordered_map<std::string, const resource::Entry<T>*, StringHash, std::equal_to<>> by_target_;
};

}  // namespace turnpike::plan
