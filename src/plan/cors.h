// CORS of a TrafficPolicy: one policy for all rules that it applies to.
#pragma once

#include <map>
#include <utility>

#include "plan/plan.h"
#include "plan/traffic.h"
#include "policy/policy.h"

namespace turnpike::plan {

// Belongs to one compilation.
class CorsPolicies {
 public:
  // What the nearest section `cors` of the chain asks for; null if there is none. For calls the names that
  // gRPC-Web needs are added, so that a browser may send them and see the status. The plan keeps what is
  // made.
  const policy::Policy* of(const TrafficChain& chain, bool grpc, Plan& plan);

 private:
  std::map<std::pair<const TrafficEntry*, bool>, const policy::Policy*> made_;
};

// Puts it into the phases of the rule, unless a CORS filter is there already.
void add_cors(const policy::Policy* cors, Rule& rule);

}  // namespace turnpike::plan
