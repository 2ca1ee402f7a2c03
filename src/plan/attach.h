// Which routes a listener takes (Gateway API v1.6: ParentReference, AllowedRoutes, hostnames
// of HTTPRouteSpec and GRPCRouteSpec).
#pragma once

#include <cstdint>
#include <vector>

#include "plan/finding.h"
#include "plan/topology.h"
#include "resource/diagnostic.h"
#include "resource/store.h"
#include "route/host.h"

namespace turnpike::plan {

// One parentRef of a route.
struct Parent {
  const resource::ParentReference* reference = nullptr;
  bool foreign = false;           // belongs to another controller: no status from us
  std::uint32_t gateway = kNone;  // the Gateway it leads to, if it is ours
  ListenerRange listeners;        // of that Gateway or ListenerSet, before sectionName and port
  Finding accepted;
};

// One listener that takes a route, with the hostnames that both have in common.
struct Link {
  std::uint32_t listener = 0;  // in Topology::listeners
  std::uint32_t first_host = 0;
  std::uint32_t host_count = 0;
};

struct Range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// Flat, because there may be thousands of routes. By the index of the route in Store::all<>().
struct Attachments {
  struct Route {
    Range parents;
    Range links;
  };
  std::vector<Route> routes;
  std::vector<Parent> parents;
  std::vector<Link> links;
  std::vector<route::HostPattern> hosts;
};

// Whether the listener is one of those that the reference means, by sectionName and port.
bool names(const resource::ParentReference& reference, const ListenerNode& listener);

Attachments attach_routes(const resource::Store& store, const Topology& topology,
                          const NamespaceLabels& namespaces, std::vector<resource::Diagnostic>& diagnostics);
// Of TLSRoutes, TCPRoutes and UDPRoutes, by their index in Store::all<L4Route>().
Attachments attach_l4_routes(const resource::Store& store, const Topology& topology,
                             const NamespaceLabels& namespaces,
                             std::vector<resource::Diagnostic>& diagnostics);

// Where an HTTPRoute and a GRPCRoute have a hostname of a listener in common, the older one keeps the
// listener, then the first by namespace/name (route_conflicts.cc).
void settle_conflicts(const resource::Store& store, const Topology& topology, Attachments& attachments,
                      std::vector<resource::Diagnostic>& diagnostics);

}  // namespace turnpike::plan
