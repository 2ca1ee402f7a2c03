#include "plan/reference_grants.h"

#include <algorithm>

namespace turnpike::plan {

ReferenceGrants::ReferenceGrants(const resource::Store& store) {
  for (const auto& grant : store.all<resource::ReferenceGrant>())
    by_namespace_[grant->meta.namespace_].push_back(grant.object.get());
}

bool ReferenceGrants::allow(const ReferenceEnd& from, const ReferenceEnd& to, std::string_view name) const {
  if (from.namespace_ == to.namespace_) return true;
  const auto grants = by_namespace_.find(to.namespace_);
  if (grants == by_namespace_.end()) return false;
  return std::ranges::any_of(grants->second, [&](const resource::ReferenceGrant* grant) {
    return std::ranges::any_of(grant->from,
                               [&](const resource::ReferenceGrantFrom& f) {
                                 return f.group == from.group && f.kind == from.kind &&
                                        f.namespace_ == from.namespace_;
                               }) &&
           std::ranges::any_of(grant->to, [&](const resource::ReferenceGrantTo& t) {
             // An empty name means all, as an absent one does.
             return t.group == to.group && t.kind == to.kind &&
                    (!t.name || t.name->empty() || *t.name == name);
           });
  });
}

}  // namespace turnpike::plan
