// From the rules of an HTTPRoute or GRPCRoute to those of the plan: filters become policies, backendRefs
// become upstreams.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/attach.h"
#include "plan/clusters.h"
#include "plan/cors.h"
#include "plan/finding.h"
#include "plan/plan.h"
#include "plan/policy_index.h"
#include "plan/prepared_route.h"
#include "plan/traffic.h"
#include "resource/diagnostic.h"
#include "resource/store.h"

namespace turnpike::plan {

using RouteEntry = resource::Entry<resource::HttpRoute>;

// What a listener brings to the rules that are attached to it. Rules are compiled once for each context they
// meet.
struct ListenerContext {
  TrafficChain chain;  // of the listener, its ListenerSet and its Gateway
  const crypto::KeyPair* client_certificate = nullptr;
  std::uint32_t gateway = UINT32_MAX;  // only where it makes a difference
  bool operator==(const ListenerContext&) const = default;
};

// What the status of a route says of its rules.
struct RouteFindings {
  Finding accepted;       // UnsupportedValue, IncompatibleFilters
  Finding resolved;       // RefNotPermitted, BackendNotFound …
  std::string partially;  // PartiallyInvalid: message; empty: not the case
};

class RuleCompiler {
 public:
  RuleCompiler(Plan& plan, Clusters& clusters, const PolicyIndex<resource::TrafficPolicy>& traffic,
               PreparedRoutes& cache, std::vector<resource::Diagnostic>& diagnostics)
      : plan_(plan), clusters_(clusters), traffic_(traffic), cache_(cache), diagnostics_(diagnostics) {}

  // Begins a route: checks its filters and references. `name` is "namespace/name" and lives as long as the
  // compiler.
  void begin(const RouteEntry& route, std::string_view name);
  // The index in Plan::rules of the first rule of the route under this context; the others follow it. Adds
  // them if the context is new to the route.
  std::uint32_t add(const ListenerContext& context, std::uint32_t context_id);
  // Ends the route: what to say of it. A route that met no context has its references checked all the same.
  RouteFindings end();
  // Whether this match can be used: its regular expressions compile.
  bool usable(std::size_t rule, std::size_t match) const { return !prepared_->rules[rule].bad(match); }
  // The path of this match in the normal form of requests; null: as it is written.
  const std::string* normal_path(std::size_t rule, std::size_t match) const {
    return prepared_->rules[rule].normal_path(match);
  }

 private:
  std::string_view kind() const { return resource::name_of((*route_)->kind); }
  void check_rule(std::size_t index);
  void fill(const resource::HttpRouteRule& spec, std::size_t index, const ListenerContext& context,
            bool wanted, Rule& rule);
  void add_backends(const resource::HttpRouteRule& spec, const PreparedRule& prepared,
                    const BackendContext& context, Rule& rule);
  void set_session(const resource::HttpRouteRule& spec, Rule& rule);
  std::uint32_t resolve(const resource::BackendObjectReference& reference, const BackendContext& context);
  TrafficChain chain_of(const resource::HttpRouteRule& spec, const ListenerContext& context) const;
  void report(resource::Severity severity, resource::Mark mark, std::string message, std::string hint = {});

  Plan& plan_;
  Clusters& clusters_;
  const PolicyIndex<resource::TrafficPolicy>& traffic_;
  PreparedRoutes& cache_;
  std::vector<resource::Diagnostic>& diagnostics_;

  const RouteEntry* route_ = nullptr;
  std::string_view name_;
  std::shared_ptr<const PreparedRoute> prepared_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> added_;  // context -> first rule
  std::vector<std::pair<std::size_t, std::string>> bad_rules_;
  RouteFindings findings_;
  CorsPolicies cors_;
  bool references_reported_ = false;
};

}  // namespace turnpike::plan
