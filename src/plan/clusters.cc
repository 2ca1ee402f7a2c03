#include "plan/clusters.h"

#include <algorithm>

#include "resource/say.h"
#include "resource/suggest.h"

namespace turnpike::plan {
namespace {

using resource::say;

bool is_service(const resource::BackendObjectReference& reference) {
  return reference.group.empty() && reference.kind == "Service";
}
bool is_backend(const resource::BackendObjectReference& reference) {
  return reference.group == resource::kTurnpikeGroup && reference.kind == "Backend";
}

template <class T>
std::string hint_for(const resource::Store& store, std::string_view namespace_, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& entry : store.all<T>()) {
    if (entry->meta.namespace_ == namespace_) names.push_back(entry->meta.name);
  }
  const std::string hint = resource::did_you_mean(name, names);
  return hint.empty() ? hint : ", " + hint;
}

}  // namespace

std::string file_and_line(const resource::Position& position) {
  return (position.file ? *position.file : std::string()) + ":" + std::to_string(position.line);
}

void Clusters::warn(resource::Position position, std::string message, std::string hint,
                    std::string resource) {
  diagnostics_.push_back({resource::Severity::warning, std::move(position), std::move(message),
                          std::move(hint), std::move(resource)});
}

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
                                      std::string_view namespace_) {
  key_.assign(reference.kind.substr(0, 1));
  key_ += namespace_;
  key_ += '/';
  key_ += reference.name;
  if (reference.port) {
    key_ += ':';
    key_ += std::to_string(**reference.port);
  }
  if (const auto found = targets_.find(key_); found != targets_.end()) return found->second;
  Target& target = targets_[key_];
  target.kind = reference.kind;
  target.namespace_ = namespace_;
  target.name = reference.name;
  target.base.name.assign(key_, 1);
  if (is_service(reference)) {
    describe_service(reference, target);
  } else {
    describe_backend(reference, target);
  }
  if (traffic_.any_for(reference.kind)) {
    if (!target.port_name.empty())
      target.policies.add(traffic_.find(reference.kind, namespace_, reference.name, target.port_name));
    target.policies.add(traffic_.find(reference.kind, namespace_, reference.name));
  }
  return target;
}

std::uint32_t Clusters::cluster_of(Target& target, const BackendContext& context,
                                   const BackendTls::Choice& tls) {
  static const TrafficChain no_chain;
  const TrafficChain& chain = context.chain != nullptr ? *context.chain : no_chain;
  // Nearly every upstream has one variant: found without building its configuration again.
  if (!target.variants.empty() && chain.empty() && !tls.wanted) {
    for (const auto& [key, cluster] : target.variants) {
      if (key.empty()) return cluster;
    }
  }
  upstream::ClusterConfig config = target.base;
  std::string key = apply_traffic(target.policies, chain, config);
  if (!key.empty()) config.name += " (" + key + ")";
  if (tls.wanted) {
    config.tls = tls.client.context;
    config.tls_identity = tls.client.identity;
    key += '\0';
    key += tls.client.identity;
  }
  for (const auto& [known, cluster] : target.variants) {
    if (known == key) return cluster;
  }
  const auto index = static_cast<std::uint32_t>(clusters_.size());
  clusters_.push_back(std::make_shared<const upstream::ClusterConfig>(std::move(config)));
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
  if (!grants_.allow({resource::kGatewayGroup, context.route_kind, context.route_namespace},
                     {reference.group, reference.kind, namespace_}, reference.name)) {
    out.reason = "RefNotPermitted";
    out.message = say("no ReferenceGrant in the namespace '{}' lets a {} of '{}' use {} '{}'", namespace_,
                      context.route_kind, context.route_namespace, reference.kind, reference.name);
    return out;
  }
  Target& target = target_of(reference, namespace_);
  if (!target.reason.empty()) {
    out.reason = target.reason;
    out.message = target.message;
    return out;
  }
  if (!tls_.empty() && context.gateway != UINT32_MAX)
    tls_.note_ancestor(reference.kind, namespace_, reference.name, context.gateway);
  const BackendTls::Choice& tls =
      tls_.choose(reference.kind, namespace_, reference.name, target.port_name, context.client_certificate);
  if (!tls.problem.empty()) {
    out.reason = "InvalidBackendTLSPolicy";
    out.message = tls.problem;
    return out;
  }
  if (context.wanted) out.cluster = cluster_of(target, context, tls);
  return out;
}

void Clusters::describe_service(const resource::BackendObjectReference& reference, Target& target) {
  const auto* service = store_.find<resource::Service>(target.namespace_, target.name);
  if (service == nullptr) {
    target.reason = "BackendNotFound";
    target.message = say(
        "there is no Service {}/{}{}", target.namespace_, target.name,
        store_.find<resource::Backend>(target.namespace_, target.name) != nullptr
            ? say(", but a Backend of that name: write group: {}, kind: Backend", resource::kTurnpikeGroup)
            : hint_for<resource::Service>(store_, target.namespace_, target.name));
    return;
  }
  target.base.origin = file_and_line(service->position());
  if (!reference.port) {
    target.reason = "BackendNotFound";
    target.message = say("the port of Service {}/{} is missing", target.namespace_, target.name);
    return;
  }
  const auto& ports = service->object->ports;
  const auto port = std::ranges::find_if(ports, [&](const resource::ServicePort& candidate) {
    return candidate.port == **reference.port && candidate.protocol == resource::TransportProtocol::tcp;
  });
  if (port == ports.end()) {
    target.reason = "BackendNotFound";
    target.message =
        say("Service {}/{} has no TCP port {}", target.namespace_, target.name, **reference.port);
    return;
  }
  if (service->object->type == resource::Service::Type::external_name) {
    // The name may lead anywhere, which its namespace's owner alone should not decide (CVE-2021-25740).
    target.reason = "InvalidKind";
    target.message =
        say("Service {}/{} is of the type ExternalName, which a route cannot use: write a Backend with dns",
            target.namespace_, target.name);
    return;
  }
  target.port_name = port->name;
  if (set_protocol(*port, target)) add_slices(*service, *port, target);
}

// The values of KEP-3726 and the plain names that are in use. False: the backend cannot be used.
bool Clusters::set_protocol(const resource::ServicePort& port, Target& target) {
  const std::string_view protocol = port.app_protocol ? std::string_view(*port.app_protocol) : "";
  if (protocol == "kubernetes.io/h2c") {
    target.base.protocol = upstream::Protocol::h2c;
  } else if (protocol == "kubernetes.io/ws" || protocol == "kubernetes.io/wss") {
    target.base.protocol = upstream::Protocol::websocket;
  } else if (!protocol.empty() && protocol != "http" && protocol != "https") {
    target.reason = "UnsupportedProtocol";
    target.message = say("port {} of Service {}/{} speaks '{}', which an HTTPRoute cannot be sent to",
                         port.port, target.namespace_, target.name, protocol);
    return false;
  }
  return true;
}

void Clusters::add_slices(const resource::Entry<resource::Service>& service,
                          const resource::ServicePort& port, Target& target) {
  const auto slices = store_.slices_of(target.namespace_, target.name);
  for (const auto* slice : slices) {
    std::uint16_t number = 0;
    bool serves = false;
    for (const resource::EndpointPort& candidate : (*slice)->ports) {
      if (candidate.name != port.name || candidate.protocol != resource::TransportProtocol::tcp) continue;
      serves = true;
      // "All ports": where the Service's target is a number it is that one.
      number = candidate.port != 0 ? candidate.port
                                   : (port.target_port.number != 0 ? port.target_port.number : port.port);
    }
    if (!serves) continue;
    for (const resource::Endpoint& endpoint : (*slice)->endpoints) {
      if (endpoint.addresses.empty()) continue;
      target.base.endpoints.push_back({.address = endpoint.addresses.front(),
                                       .port = number,
                                       .weight = 1,
                                       .ready = endpoint.ready && !endpoint.terminating,
                                       .zone = endpoint.zone});
    }
  }
  if (target.base.endpoints.empty()) {
    warn(service.at(port.mark), say("port {} has no endpoint: requests to it get 503", port.port),
         slices.empty()
             ? say("add an EndpointSlice with the label kubernetes.io/service-name: {}, or use a Backend",
                   target.name)
             : say("no EndpointSlice has a port named '{}'", port.name),
         say("Service {}/{}", target.namespace_, target.name));
  }
}

void Clusters::describe_backend(const resource::BackendObjectReference& reference, Target& target) {
  const auto* entry = store_.find<resource::Backend>(target.namespace_, target.name);
  if (entry == nullptr) {
    target.reason = "BackendNotFound";
    target.message = say("there is no Backend {}/{}{}", target.namespace_, target.name,
                         hint_for<resource::Backend>(store_, target.namespace_, target.name));
    return;
  }
  const resource::Backend& backend = **entry;
  // A Service of that name has the plain name: the two must not share pools.
  if (store_.find<resource::Service>(target.namespace_, target.name) != nullptr)
    target.base.name.insert(0, "Backend ");
  target.base.origin = file_and_line(entry->position());
  switch (backend.app_protocol) {
    case resource::AppProtocol::http1:
      break;
    case resource::AppProtocol::h2c:
      target.base.protocol = upstream::Protocol::h2c;
      break;
    case resource::AppProtocol::ws:
      target.base.protocol = upstream::Protocol::websocket;
      break;
  }
  const std::uint16_t port = reference.port ? **reference.port : std::uint16_t{0};
  const auto needs_port = [&](std::string_view what) {
    target.reason = "BackendNotFound";
    target.message = say("{} of Backend {}/{} has no port, and neither has the backendRef", what,
                         target.namespace_, target.name);
  };
  for (const resource::BackendEndpoint& endpoint : backend.endpoints) {
    if (endpoint.port == 0 && port == 0) return needs_port("an endpoint");
    target.base.endpoints.push_back({.address = *endpoint.address,
                                     .port = endpoint.port != 0 ? endpoint.port : port,
                                     .weight = endpoint.weight,
                                     .ready = true,
                                     .zone = endpoint.zone});
  }
  if (backend.dns) {
    upstream::DnsConfig& dns = target.base.dns;
    dns.name = *backend.dns->hostname;
    dns.srv = backend.dns->type == resource::BackendDns::Type::srv;
    dns.port = backend.dns->port != 0 ? backend.dns->port : port;
    if (!dns.srv && dns.port == 0) return needs_port("the DNS name");
    if (backend.dns->refresh) dns.shortest_ttl = dns.longest_ttl = *backend.dns->refresh;
  }
}

}  // namespace turnpike::plan
