#include "plan/topology.h"

#include <algorithm>
#include <numeric>

#include "plan/precedence.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;
using resource::Severity;

std::string nearest_class_hint(const resource::Store& store) {
  std::string names(resource::kDefaultGatewayClass);
  for (const auto& gateway_class : store.all<resource::GatewayClass>()) {
    if (*gateway_class->controller_name == resource::kControllerName && gateway_class->meta.name != names)
      names += ", " + gateway_class->meta.name;
  }
  return say("classes of this controller: {}", names);
}

// Addresses to bind, or why they cannot be.
void read_addresses(const TopologyInput& input, GatewayNode& node,
                    std::vector<resource::Diagnostic>& diagnostics) {
  using Type = resource::GatewayAddress::Type;
  const resource::Gateway& gateway = **node.entry;
  if (!input.bind.empty()) {
    if (const auto address = io::Address::from_ip(input.bind, 0)) {
      node.addresses.push_back(*address);
    } else {
      node.programmed.fail("AddressNotUsable", say("'{}' is not an IP address", input.bind));
    }
    return;
  }
  // A Gateway that cannot have its address serves nothing, and the others do.
  const auto not_usable = [&](const resource::GatewayAddress& wanted, std::string message) {
    diagnostics.push_back({Severity::warning, node.entry->at(wanted.mark), "not served: " + message,
                           "correct the address, or give it to an interface and send SIGHUP",
                           say("Gateway {}/{}", gateway.meta.namespace_, gateway.meta.name)});
    node.programmed.fail("AddressNotUsable", std::move(message));
  };
  for (const resource::GatewayAddress& wanted : gateway.addresses) {
    if (wanted.type != Type::ip_address) {
      node.accepted.fail("UnsupportedAddress",
                         say("addresses of the type {} are not supported, only IPAddress",
                             wanted.type_text.empty() ? "Hostname" : wanted.type_text));
    } else if (!wanted.value.empty()) {
      const auto address = io::Address::from_ip(wanted.value, 0);
      if (!address) {
        not_usable(wanted, say("'{}' is not an IP address", wanted.value));
      } else if (input.address_usable && !input.address_usable(*address)) {
        not_usable(wanted, say("no interface of this machine has the address {}", wanted.value));
      } else {
        node.addresses.push_back(*address);
      }
    }
  }
  if (node.addresses.empty() && node.programmed.ok()) node.addresses.push_back(*io::Address::parse(":0"));
}

void add_listeners(const TopologyInput& input, const std::vector<resource::Listener>& specs,
                   Topology& topology, std::uint32_t gateway, std::uint32_t set,
                   const resource::ObjectMeta& owner) {
  const std::string prefix = owner.namespace_ + "/" + owner.name + "/";
  for (const resource::Listener& spec : specs) {
    ListenerNode& node = topology.listeners.emplace_back();
    node.spec = &spec;
    node.gateway = gateway;
    node.listener_set = set;
    node.name = prefix + *spec.name;
    if (spec.hostname) {
      if (auto host = route::HostPattern::parse(**spec.hostname)) {
        node.host = *host;
      } else {
        node.accepted.fail("UnsupportedValue", say("hostname '{}': {}", **spec.hostname, host.error()));
      }
    }
    check_listener(input, topology.gateways[gateway],
                   {resource::kGatewayGroup, set == kNone ? "Gateway" : "ListenerSet", owner.namespace_},
                   node);
  }
}

void add_gateway(const TopologyInput& input, const resource::Entry<resource::Gateway>& entry,
                 Topology& topology, std::vector<resource::Diagnostic>& diagnostics) {
  const auto index = static_cast<std::uint32_t>(topology.gateways.size());
  topology.gateway_index_[entry.object.get()] = index;
  GatewayNode& node = topology.gateways.emplace_back();
  node.entry = &entry;
  const resource::Gateway& gateway = *entry;
  const auto* gateway_class = input.store.find<resource::GatewayClass>("", *gateway.gateway_class_name);
  if (gateway_class != nullptr && gateway_class->object->parameters_ref)
    node.accepted.fail("InvalidParameters", say("GatewayClass '{}' has parameters, and there are none",
                                                *gateway.gateway_class_name));
  if (gateway.infrastructure && gateway.infrastructure->parameters_ref) {
    const auto& reference = *gateway.infrastructure->parameters_ref;
    node.accepted.fail("InvalidParameters",
                       say("infrastructure.parametersRef: a {} '{}' is not supported, nor is any other",
                           reference.kind, reference.name));
  }
  read_addresses(input, node, diagnostics);
  if (gateway.tls && gateway.tls->backend_client_certificate_ref) {
    const auto pair =
        input.credentials.key_pair({resource::kGatewayGroup, "Gateway", gateway.meta.namespace_},
                                   *gateway.tls->backend_client_certificate_ref);
    if (pair) {
      node.client_certificate = *pair;
    } else {
      const bool forbidden = pair.error().kind == CredentialProblem::Kind::not_permitted;
      node.resolved.fail(forbidden ? "RefNotPermitted" : "InvalidClientCertificateRef", pair.error().message);
    }
  }
  node.listeners = {static_cast<std::uint32_t>(topology.listeners.size()),
                    static_cast<std::uint32_t>(gateway.listeners.size())};
  add_listeners(input, gateway.listeners, topology, index, kNone, gateway.meta);
}

void add_gateways(const TopologyInput& input, Topology& topology,
                  std::vector<resource::Diagnostic>& diagnostics) {
  for (const auto& entry : input.store.all<resource::Gateway>()) {
    const std::string& name = *entry->gateway_class_name;
    switch (owner_of_class(input.store, name)) {
      case ClassOwner::ours:
        add_gateway(input, entry, topology, diagnostics);
        break;
      case ClassOwner::foreign:
        break;
      case ClassOwner::missing:
        diagnostics.push_back({Severity::warning, entry.at(entry->gateway_class_name.mark),
                               say("there is no GatewayClass '{}': this Gateway is not served", name),
                               nearest_class_hint(input.store),
                               say("Gateway {}/{}", entry->meta.namespace_, entry->meta.name)});
    }
  }
}

// The Gateway that a ListenerSet names, if it is ours and lets it.
void find_parent(const TopologyInput& input, const Topology& topology, ListenerSetNode& node) {
  const resource::ListenerSet& set = **node.entry;
  const resource::ParentReference& parent = set.parent_ref;
  if (parent.group != resource::kGatewayGroup || parent.kind != "Gateway") {
    node.accepted.fail("Invalid",
                       say("parentRef names a {} of the group '{}': only a Gateway can take listeners",
                           parent.kind, parent.group));
    return;
  }
  const std::string_view namespace_ = parent.namespace_ ? *parent.namespace_ : set.meta.namespace_;
  const auto* gateway = input.store.find<resource::Gateway>(namespace_, parent.name);
  if (gateway == nullptr) {
    node.accepted.fail("ParentNotAccepted", say("there is no Gateway {}/{}", namespace_, parent.name));
    return;
  }
  const std::uint32_t index = topology.find_gateway(gateway->object.get());
  if (index == kNone) {
    node.foreign = true;
    return;
  }
  const resource::AllowedListeners& allowed = gateway->object->allowed_listeners;
  if (!input.namespaces.admits(allowed.from, allowed.selector, namespace_, set.meta.namespace_)) {
    node.accepted.fail("NotAllowed", say("Gateway {}/{} does not allow ListenerSets of the namespace '{}'",
                                         namespace_, parent.name, set.meta.namespace_));
    return;
  }
  if (!topology.gateways[index].accepted.ok()) {
    node.accepted.fail("ParentNotAccepted", say("Gateway {}/{} is not accepted", namespace_, parent.name));
    return;
  }
  node.gateway = index;
}

void add_listener_sets(const TopologyInput& input, Topology& topology) {
  const auto sets = input.store.all<resource::ListenerSet>();
  topology.listener_sets.resize(sets.size());
  // Listeners are added in the order of precedence, which find_conflicts() relies on.
  std::vector<std::uint32_t> order(sets.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t set) { return precedence_of(sets[set]->meta); });
  for (const std::uint32_t index : order) {
    ListenerSetNode& node = topology.listener_sets[index];
    node.entry = &sets[index];
    topology.set_index_[sets[index].object.get()] = index;
    find_parent(input, topology, node);
    if (node.gateway == kNone) continue;
    node.listeners = {static_cast<std::uint32_t>(topology.listeners.size()),
                      static_cast<std::uint32_t>(sets[index]->listeners.size())};
    add_listeners(input, sets[index]->listeners, topology, node.gateway, index, sets[index]->meta);
  }
}

struct Count {
  std::uint32_t accepted = 0;
  std::uint32_t programmed = 0;
  std::uint32_t unresolved = 0;
};

Count count_listeners(const Topology& topology, ListenerRange range) {
  Count out;
  for (std::uint32_t i = range.first; i < range.first + range.count; ++i) {
    const ListenerNode& listener = topology.listeners[i];
    out.accepted += listener.accepted.ok() ? 1 : 0;
    out.programmed += listener.serves() ? 1 : 0;
    out.unresolved += listener.resolved.ok() ? 0 : 1;
  }
  return out;
}

void summarise(Topology& topology) {
  for (ListenerSetNode& set : topology.listener_sets) {
    if (set.gateway == kNone) {
      if (!set.accepted.ok()) set.programmed.fail(set.accepted.reason(), set.accepted.message());
      continue;
    }
    const Count count = count_listeners(topology, set.listeners);
    if (count.programmed == 0) {
      set.accepted.fail("ListenersNotValid", "none of its listeners can be served");
      set.programmed.fail("ListenersNotValid", "none of its listeners can be served");
    }
    if (set.accepted.ok()) ++topology.gateways[set.gateway].attached_sets;
  }
  for (GatewayNode& gateway : topology.gateways) {
    const Count count = count_listeners(topology, gateway.listeners);
    gateway.some_listeners_invalid = count.accepted < gateway.listeners.count;
    if (count.accepted == 0)
      gateway.accepted.fail("ListenersNotValid", "none of its listeners can be served");
    if (!gateway.accepted.ok()) gateway.programmed.fail("Invalid", gateway.accepted.message());
    if (count.programmed == 0 && gateway.attached_sets == 0)
      gateway.programmed.fail("Invalid", "none of its listeners can be served");
    if (count.unresolved > 0)
      gateway.resolved.fail("ListenersNotResolved", "a listener refers to something that cannot be used");
  }
  for (ListenerNode& listener : topology.listeners) {
    const GatewayNode& gateway = topology.gateways[listener.gateway];
    if (!gateway.programmed.ok()) listener.programmed.fail("Invalid", "the Gateway is not programmed");
    if (listener.client_validation == tls::ClientValidation::insecure_fallback)
      topology.gateways[listener.gateway].insecure_fallback = true;
  }
}

}  // namespace

ClassOwner owner_of_class(const resource::Store& store, std::string_view name) {
  const auto* entry = store.find<resource::GatewayClass>("", name);
  if (entry == nullptr)
    return name == resource::kDefaultGatewayClass ? ClassOwner::ours : ClassOwner::missing;
  return *entry->object->controller_name == resource::kControllerName ? ClassOwner::ours
                                                                      : ClassOwner::foreign;
}

bool NamespaceLabels::admits(resource::FromNamespaces from,
                             const resource::Box<resource::LabelSelector>& selector, std::string_view own,
                             std::string_view candidate) const {
  switch (from) {
    case resource::FromNamespaces::none:
      return false;
    case resource::FromNamespaces::all:
      return true;
    case resource::FromNamespaces::same:
      return own == candidate;
    case resource::FromNamespaces::selector:
      break;
  }
  if (!selector) return false;
  const auto [entry, fresh] = labels_.try_emplace(std::string(candidate));
  if (fresh) {
    if (const auto* known = store_.find<resource::Namespace>("", candidate))
      entry->second = known->object->meta.labels;
    entry->second["kubernetes.io/metadata.name"] = candidate;
  }
  return selector->matches(entry->second);
}

Topology build_topology(const TopologyInput& input, std::vector<resource::Diagnostic>& diagnostics) {
  Topology topology;
  add_gateways(input, topology, diagnostics);
  add_listener_sets(input, topology);
  std::vector<std::uint32_t> order(topology.gateways.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t gateway) {
    return precedence_of((*topology.gateways[gateway].entry)->meta);
  });
  find_conflicts(topology, order);
  summarise(topology);
  return topology;
}

}  // namespace turnpike::plan
