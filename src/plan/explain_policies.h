// Which policies are attached to what a request meets.
#pragma once

#include <string_view>
#include <vector>

#include "plan/explain.h"
#include "plan/plan.h"

namespace turnpike::plan {

// Those of the backends, the rule, its route, the listener and the Gateway, the nearest first: what a nearer
// one says holds. Policies that lost to an older one with the same target are left out. `listener` and `rule`
// are of the plan that was compiled from `store`.
std::vector<Explanation::Attached> attached_policies(const resource::Store& store, const Listener& listener,
                                                     const Rule& rule);

}  // namespace turnpike::plan
