// From TLSRoutes, TCPRoutes and UDPRoutes to rules of the plan: backends with their weights, timeouts,
// retries.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plan/rules.h"

namespace turnpike::plan {

class L4RuleCompiler {
 public:
  L4RuleCompiler(Plan& plan, Clusters& clusters, const PolicyIndex<resource::TrafficPolicy>& traffic,
                 std::vector<resource::Diagnostic>& diagnostics)
      : plan_(plan), clusters_(clusters), traffic_(traffic), diagnostics_(diagnostics) {}

  // Begins a route. `name` is "namespace/name" and lives as long as the compiler.
  void begin(const resource::Entry<resource::L4Route>& route, std::string_view name);
  // The index in Plan::rules of the route's rule under this context. Adds it if the context is new to the
  // route. `passthrough`: TLS goes on to the backend as it came.
  std::uint32_t add(const ListenerContext& context, std::uint32_t context_id, bool passthrough);
  // Ends the route: what to say of it. A route that met no context has its references checked all the same.
  RouteFindings end();

 private:
  struct Added {
    std::uint32_t context;
    bool passthrough;
    std::uint32_t rule;
  };
  void fill(const ListenerContext& context, bool passthrough, bool wanted, Rule& rule);
  std::uint32_t resolve(const resource::L4BackendRef& reference, const BackendContext& context);
  TrafficChain chain_of(const resource::L4RouteRule& spec, const ListenerContext& context) const;
  void warn(resource::Mark mark, std::string message, std::string hint = {});

  Plan& plan_;
  Clusters& clusters_;
  const PolicyIndex<resource::TrafficPolicy>& traffic_;
  std::vector<resource::Diagnostic>& diagnostics_;

  const resource::Entry<resource::L4Route>* route_ = nullptr;
  std::string_view name_;
  std::vector<Added> added_;
  RouteFindings findings_;
  bool reported_ = false;
};

}  // namespace turnpike::plan
