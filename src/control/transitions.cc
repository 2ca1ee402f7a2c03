#include "control/transitions.h"

#include <algorithm>
#include <string>

#include "base/hash.h"

namespace turnpike::control {
namespace {

std::uint64_t key_of(const resource::ResourceStatus& status) {
  return hash_bytes(status.name, hash_bytes(status.namespace_, static_cast<std::uint64_t>(status.kind)));
}

}  // namespace

void Transitions::stamp(std::uint64_t owner, std::span<resource::Condition> conditions, Time now) {
  for (resource::Condition& condition : conditions) {
    const std::uint64_t key = hash_bytes(condition.type, owner);
    const auto at = std::ranges::lower_bound(known_, key, {}, &Known::key);
    const bool same = at != known_.end() && at->key == key && at->status == condition.status;
    condition.last_transition = same ? at->since : now;
    next_.push_back({key, *condition.last_transition, condition.status});
  }
}

void Transitions::stamp(std::uint64_t owner, const resource::ParentReference& reference,
                        std::span<resource::Condition> conditions, Time now) {
  std::uint64_t key = hash_bytes(reference.kind, owner);
  key = hash_bytes(reference.namespace_ ? *reference.namespace_ : "", key);
  key = hash_bytes(reference.name, key);
  key = hash_bytes(reference.section_name ? **reference.section_name : "", key);
  stamp(mix_hash(key, reference.port ? **reference.port : 0U), conditions, now);
}

void Transitions::stamp(std::span<resource::ResourceStatus> statuses, Time now) {
  next_.reserve(known_.size());
  for (resource::ResourceStatus& status : statuses) {
    const std::uint64_t owner = key_of(status);
    stamp(owner, status.conditions, now);
    for (resource::ListenerStatus& listener : status.listeners)
      stamp(hash_bytes(listener.name, owner + 1), listener.conditions, now);
    for (resource::RouteParentStatus& parent : status.parents)
      stamp(owner, parent.parent_ref, parent.conditions, now);
    for (resource::PolicyAncestorStatus& ancestor : status.ancestors)
      stamp(owner, ancestor.ancestor_ref, ancestor.conditions, now);
  }
  std::ranges::sort(next_, {}, &Known::key);
  known_ = std::move(next_);
  next_ = {};
}

}  // namespace turnpike::control
