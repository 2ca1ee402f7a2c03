// From backendRefs to upstreams: Service with its EndpointSlices, or Backend.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plan/backend_source.h"
#include "plan/backend_tls.h"
#include "plan/plan.h"
#include "plan/policy_index.h"
#include "plan/reference_grants.h"
#include "plan/traffic.h"
#include "resource/diagnostic.h"
#include "resource/store.h"

namespace turnpike::plan {

// Where a reference stands and what decides how its upstream is spoken to.
struct BackendContext {
  std::string_view route_namespace;
  resource::Kind route_kind = resource::Kind::http_route;
  const TrafficChain* chain = nullptr;                  // of the rule, outwards
  const crypto::KeyPair* client_certificate = nullptr;  // of the Gateway
  std::uint32_t gateway = UINT32_MAX;  // index in the topology, for the status of BackendTLSPolicy
  bool wanted = true;                  // false: only look whether the reference resolves
  bool passthrough = false;            // TLS goes on to the backend as it came: none of ours is put around it
};

// What became of a reference. Without a cluster requests get 500.
struct ResolvedBackend {
  std::uint32_t cluster = BackendChoice::kInvalid;
  std::string_view reason;  // of ResolvedRefs=False; empty: resolved
  std::string message;
};

class Clusters {
 public:
  Clusters(const resource::Store& store, const ReferenceGrants& grants, BackendTls& tls,
           const PolicyIndex<resource::TrafficPolicy>& traffic, BackendCache& cache,
           std::vector<resource::Diagnostic>& diagnostics)
      : store_(store),
        grants_(grants),
        tls_(tls),
        traffic_(traffic),
        cache_(cache),
        diagnostics_(diagnostics) {}

  ResolvedBackend resolve(const resource::BackendObjectReference& reference, const BackendContext& context);
  // Policies attached to what the reference names, the nearest first.
  TrafficChain policies_of(const resource::BackendObjectReference& reference,
                           std::string_view route_namespace) const;

  // All upstreams, for the plan; leaves this empty.
  std::vector<std::shared_ptr<const upstream::ClusterConfig>> take() { return std::move(clusters_); }
  std::size_t size() const noexcept { return clusters_.size(); }

 private:
  // One Service with port, or one Backend with port, and the upstreams that policies and TLS make of it.
  struct Target {
    const BackendSource* source = nullptr;
    TrafficChain policies;                                        // attached to it, the nearest first
    std::uint32_t plain = BackendChoice::kInvalid;                // the variant without any policy and TLS
    std::vector<std::pair<std::string, std::uint32_t>> variants;  // the others, by policies and TLS identity
  };

  Target& target_of(const resource::BackendObjectReference& reference, std::string_view namespace_,
                    Transport transport);
  std::uint32_t cluster_of(Target& target, const BackendContext& context, const BackendTls::Choice& tls);
  std::uint32_t keep(std::shared_ptr<const upstream::ClusterConfig> config);

  const resource::Store& store_;
  const ReferenceGrants& grants_;
  BackendTls& tls_;
  const PolicyIndex<resource::TrafficPolicy>& traffic_;
  BackendCache& cache_;
  std::vector<resource::Diagnostic>& diagnostics_;
  std::vector<Target> targets_;
  std::string key_;  // scratch
  std::vector<std::shared_ptr<const upstream::ClusterConfig>> clusters_;
};

}  // namespace turnpike::plan
