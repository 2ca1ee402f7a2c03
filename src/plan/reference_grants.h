// Which references may cross a namespace (ReferenceGrant, Gateway API v1).
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "resource/store.h"

namespace turnpike::plan {

// What refers, or what is referred to.
struct ReferenceEnd {
  std::string_view group;
  std::string_view kind;
  std::string_view namespace_;
};

// The grants of one store; valid as long as the store.
class ReferenceGrants {
 public:
  explicit ReferenceGrants(const resource::Store& store);

  // Always within a namespace; else only if a ReferenceGrant in the target's namespace names both ends.
  bool allow(const ReferenceEnd& from, const ReferenceEnd& to, std::string_view name) const;

 private:
  std::unordered_map<std::string_view, std::vector<const resource::ReferenceGrant*>> by_namespace_;
};

}  // namespace turnpike::plan
