// One compilation: everything that compile() works on, in the order in which it comes about.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/attach.h"
#include "plan/clusters.h"
#include "plan/compile.h"
#include "plan/listener_settings.h"
#include "plan/policy_index.h"
#include "plan/reference_grants.h"
#include "plan/rules.h"
#include "plan/topology.h"

namespace turnpike::plan {

class Assembly {
 public:
  Assembly(const resource::Store& store, const CompileOptions& options, Memory& memory,
           std::vector<resource::Diagnostic>& diagnostics);

  // Rules and the matches that lead to them.
  void compile_routes();
  // Ports, with listeners, tables and TLS.
  void open_ports(std::vector<ListenerSource>* sources);
  void finish();

  Plan& plan() noexcept { return *plan_; }
  std::shared_ptr<const Plan> take_plan() { return std::move(plan_); }
  std::vector<resource::ResourceStatus> statuses() const;
  std::shared_ptr<const resource::TelemetryPolicy> telemetry() const;

 private:
  // The matches of one listener, as the table will be compiled from.
  struct Inbox {
    std::vector<route::Match> matches;
    std::vector<Listener::MatchInfo> info;
    // Which route each range of matches belongs to: (first match, index of the route).
    std::vector<std::pair<std::uint32_t, std::uint32_t>> routes;
  };
  // What a listener's connections or datagrams may mean: parallel, the first of equal hosts counts.
  struct L4Inbox {
    std::vector<route::HostPattern> hosts;
    std::vector<std::uint32_t> rules;
    std::vector<std::uint32_t> routes;
  };
  struct PendingPort {
    io::Address address;
    std::uint16_t port = 0;
    bool tls = false;             // an HTTPS listener is among them
    bool looks_at_hello = false;  // a TLS listener is among them
    bool datagrams = false;
    std::vector<std::uint32_t> listeners;  // in the topology
  };

  void find_contexts();
  void add_matches(std::uint32_t route, const Link& link, std::uint32_t first_rule,
                   const RuleCompiler& rules);
  std::vector<PendingPort> pending_ports() const;
  bool fill_port(const PendingPort& pending, Port& port, std::uint32_t index,
                 std::vector<ListenerSource>* sources);
  bool fill_listener(std::uint32_t node, Listener& listener);
  bool set_tls(const PendingPort& pending, const PortSettings& settings, Port& port);
  // Of HTTPS listeners, or of those that end TLS for a TLSRoute; null where there are none. False: failed.
  bool make_tls(const PendingPort& pending, const PortSettings& settings, bool https,
                std::shared_ptr<const tls::ServerContext>& context);
  void set_metrics(std::uint32_t node, Listener& listener);

  // l4_routes.cc
  void compile_l4_routes();
  void add_l4_link(std::uint32_t route, const Link& link, std::uint32_t rule);
  void fill_l4(std::uint32_t node, Listener& listener);
  bool per_route_metrics() const;
  void warn_of_listeners();

  // statuses.cc
  void add_class_statuses(std::vector<resource::ResourceStatus>& out) const;
  void add_gateway_statuses(std::vector<resource::ResourceStatus>& out) const;
  void add_listener_set_statuses(std::vector<resource::ResourceStatus>& out) const;
  template <class T>
  void add_route_statuses(const Attachments& attachments, const std::vector<RouteFindings>& findings,
                          std::vector<resource::ResourceStatus>& out) const;
  void add_backend_tls_statuses(std::vector<resource::ResourceStatus>& out) const;
  resource::ListenerStatus listener_status(const ListenerNode& node, std::int64_t generation) const;

  const resource::Store& store_;
  const CompileOptions& options_;
  Memory& memory_;
  std::vector<resource::Diagnostic>& diagnostics_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  ReferenceGrants grants_;
  Credentials credentials_;
  NamespaceLabels namespaces_;
  Topology topology_;
  Attachments attachments_;
  PolicyIndex<resource::TrafficPolicy> traffic_;
  PolicyIndex<resource::ListenerPolicy> listener_policies_;
  PolicyIndex<resource::TelemetryPolicy> telemetry_;
  BackendTls backend_tls_;
  Clusters clusters_;
  std::vector<ListenerContext> contexts_of_listeners_;  // distinct ones
  std::vector<std::uint32_t> context_ids_;              // by listener
  std::vector<std::string> route_names_;                // "namespace/name", by route
  std::vector<RouteFindings> route_findings_;           // by route; empty unless statuses are wanted
  std::vector<Inbox> inboxes_;                          // by listener
  Attachments l4_attachments_;
  std::vector<std::string> l4_route_names_;       // by index in Store::all<L4Route>()
  std::vector<RouteFindings> l4_route_findings_;  // likewise
  std::vector<L4Inbox> l4_inboxes_;               // by listener
};

}  // namespace turnpike::plan
