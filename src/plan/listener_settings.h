// ListenerPolicy: how the clients of a port are treated.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "plan/policy_index.h"
#include "plan/topology.h"
#include "resource/store.h"
#include "tls/context.h"

namespace turnpike::plan {

using ListenerPolicyEntry = resource::Entry<resource::ListenerPolicy>;

// The policies of one listener, the nearest first: its own, its ListenerSet's or its Gateway's.
std::vector<const ListenerPolicyEntry*> listener_policies(const PolicyIndex<resource::ListenerPolicy>& index,
                                                          const Topology& topology,
                                                          const ListenerNode& listener);

// What is settled before the first request of a connection, and thus the same for all listeners of a port.
struct PortSettings {
  ClientSettings client;
  tls::Version min_version = tls::Version::tls12;
  tls::Version max_version = tls::Version::tls13;
  std::vector<std::string> alpn{"h2", "http/1.1"};
};
PortSettings port_settings(const std::vector<const ListenerPolicyEntry*>& policies);

// Which of the listeners of one port lends the port its policies: the one whose nearest policy is the oldest,
// then the first by name. Others that have other policies learn so: in the outcomes of `index`, or in
// `diagnostics` where they have none of their own. kNone: no listener has any policy.
std::uint32_t choose_port_policies(PolicyIndex<resource::ListenerPolicy>& index, const Topology& topology,
                                   const std::vector<std::uint32_t>& listeners,
                                   std::vector<resource::Diagnostic>& diagnostics);

}  // namespace turnpike::plan
