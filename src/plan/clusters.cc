#include "plan/clusters.h"

#include <algorithm>

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

bool is_service(const resource::BackendObjectReference& reference) {
  return reference.group.empty() && reference.kind == "Service";
}
bool is_backend(const resource::BackendObjectReference& reference) {
  return reference.group == resource::kTurnpikeGroup && reference.kind == "Backend";
}

// How a route of this kind speaks to such a backend: gRPC over HTTP/2, whatever it says of its HTTP.
upstream::Protocol spoken(resource::Kind route, upstream::Protocol own) {
  return route == resource::Kind::grpc_route ? upstream::Protocol::h2c : own;
}

Transport transport_of(resource::Kind route) {
  switch (route) {
    case resource::Kind::tls_route:
    case resource::Kind::tcp_route:
      return Transport::tcp;
    case resource::Kind::udp_route:
      return Transport::udp;
    default:
      return Transport::http;
  }
}

}  // namespace

TrafficChain Clusters::policies_of(const resource::BackendObjectReference& reference,
                                   std::string_view route_namespace) const {
  TrafficChain chain;
  if (!traffic_.any_for(reference.kind)) return chain;
  const std::string_view namespace_ =
      reference.namespace_ ? std::string_view(*reference.namespace_) : route_namespace;
  if (is_service(reference) && reference.port) {
    if (const auto* service = store_.find<resource::Service>(namespace_, reference.name)) {
      for (const auto& port : service->object->ports) {
        if (port.port == **reference.port && !port.name.empty())
          chain.add(traffic_.find("Service", namespace_, reference.name, port.name));
      }
    }
  }
  chain.add(traffic_.find(reference.kind, namespace_, reference.name));
  return chain;
}

Clusters::Target& Clusters::target_of(const resource::BackendObjectReference& reference,
                                      std::string_view namespace_, Transport transport) {
  backend_key(reference, namespace_, transport, key_);
  BackendCache::Kept& kept = cache_.at(key_);
  if (kept.round == cache_.round()) return targets_[kept.slot];
  refresh(store_, reference, namespace_, transport, key_, kept, diagnostics_);
  kept.round = cache_.round();
  kept.slot = static_cast<std::uint32_t>(targets_.size());
  Target& target = targets_.emplace_back();
  target.source = &kept.source;
  if (traffic_.any_for(reference.kind)) {
    if (!target.source->port_name.empty())
      target.policies.add(
          traffic_.find(reference.kind, namespace_, reference.name, target.source->port_name));
    target.policies.add(traffic_.find(reference.kind, namespace_, reference.name));
  }
  return target;
}

std::uint32_t Clusters::keep(std::shared_ptr<const upstream::ClusterConfig> config) {
  clusters_.push_back(std::move(config));
  return static_cast<std::uint32_t>(clusters_.size() - 1);
}

std::uint32_t Clusters::cluster_of(Target& target, const BackendContext& context,
                                   const BackendTls::Choice& tls) {
  static const TrafficChain no_chain;
  const TrafficChain& chain = context.chain != nullptr ? *context.chain : no_chain;
  const upstream::Protocol protocol = spoken(context.route_kind, target.source->config->protocol);
  const bool to_http2 = protocol != target.source->config->protocol;
  // Nearly every upstream has one variant, without any policy.
  if (chain.empty() && target.policies.empty() && !tls.wanted && !to_http2) {
    if (target.plain == BackendChoice::kInvalid) target.plain = keep(target.source->config);
    return target.plain;
  }
  upstream::ClusterConfig config = *target.source->config;
  std::string key = apply_traffic(target.policies, chain, config);
  if (!key.empty()) config.name += " (" + key + ")";
  if (to_http2) {
    config.protocol = protocol;
    config.name += " (HTTP/2)";
    key += "\nh2";
  }
  if (tls.wanted) {
    config.tls = tls.client.context;
    config.tls_identity = tls.client.identity;
    key += '\0';
    key += tls.client.identity;
  }
  for (const auto& [known, cluster] : target.variants) {
    if (known == key) return cluster;
  }
  // Policies may be attached without a section that concerns upstreams: still the plain variant.
  if (key.empty() && target.policies.empty()) {
    if (target.plain == BackendChoice::kInvalid) target.plain = keep(target.source->config);
    return target.plain;
  }
  const std::uint32_t index = keep(std::make_shared<const upstream::ClusterConfig>(std::move(config)));
  target.variants.emplace_back(std::move(key), index);
  return index;
}

ResolvedBackend Clusters::resolve(const resource::BackendObjectReference& reference,
                                  const BackendContext& context) {
  ResolvedBackend out;
  const std::string_view namespace_ =
      reference.namespace_ ? std::string_view(*reference.namespace_) : context.route_namespace;
  if (!is_service(reference) && !is_backend(reference)) {
    out.reason = "InvalidKind";
    out.message =
        say("a backendRef can name a Service or a {}/Backend, not a {}{}{}", resource::kTurnpikeGroup,
            reference.group, reference.group.empty() ? "" : "/", reference.kind);
    return out;
  }
  const std::string_view route_kind = resource::name_of(context.route_kind);
  if (!grants_.allow({resource::kGatewayGroup, route_kind, context.route_namespace},
                     {reference.group, reference.kind, namespace_}, reference.name)) {
    out.reason = "RefNotPermitted";
    out.message = say("no ReferenceGrant in the namespace '{}' lets a {} of '{}' use {} '{}'", namespace_,
                      route_kind, context.route_namespace, reference.kind, reference.name);
    return out;
  }
  const Transport transport = transport_of(context.route_kind);
  Target& target = target_of(reference, namespace_, transport);
  if (target.source->config == nullptr) {
    out.reason = target.source->reason;
    out.message = target.source->message;
    return out;
  }
  const bool grpc = context.route_kind == resource::Kind::grpc_route;
  const upstream::Protocol own = target.source->config->protocol;
  if (grpc && own == upstream::Protocol::websocket) {
    out.reason = "UnsupportedProtocol";
    out.message =
        say("{} {}/{} does not speak HTTP/2, which gRPC needs", reference.kind, namespace_, reference.name);
    return out;
  }
  if (context.passthrough || transport == Transport::udp) {
    if (context.wanted) out.cluster = cluster_of(target, context, {});
    return out;
  }
  if (!tls_.empty() && context.gateway != UINT32_MAX)
    tls_.note_ancestor(reference.kind, namespace_, reference.name, context.gateway);
  const BackendTls::Choice& tls =
      tls_.choose(reference.kind, namespace_, reference.name, target.source->port_name,
                  spoken(context.route_kind, own), context.client_certificate);
  if (!tls.problem.empty()) {
    out.reason = "InvalidBackendTLSPolicy";
    out.message = tls.problem;
    return out;
  }
  if (context.wanted) out.cluster = cluster_of(target, context, tls);
  return out;
}

}  // namespace turnpike::plan
