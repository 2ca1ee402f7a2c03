// Listeners that a connection or a request could not be told apart for.
#include <map>
#include <set>
#include <tuple>

#include "plan/topology.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::Protocol;
using resource::say;

bool supported(const ListenerNode& listener) { return listener.spec->protocol != Protocol::other; }

// Whether listeners of these protocols can share a port: the server name tells HTTPS from TLS.
bool compatible(Protocol a, Protocol b) {
  const auto tls = [](Protocol protocol) { return protocol == Protocol::https || protocol == Protocol::tls; };
  return a == b || (tls(a) && tls(b));
}

void conflict(ListenerNode& listener, std::string_view kind, std::string message) {
  if (!listener.conflict.empty()) return;
  listener.conflict = kind;
  // The conditions of a ListenerSet's listener have their own word for it (GEP-1713).
  listener.accepted.fail(listener.listener_set == kNone ? "Invalid" : "Conflicted", message);
  listener.programmed.fail("Invalid", std::move(message));
}

// What listens on one port of one address.
struct Occupied {
  Protocol protocol = Protocol::http;
  std::map<std::string, const ListenerNode*, std::less<>> hosts;  // by HostPattern::text()
};
// Ports of TCP and of UDP have nothing to do with each other.
using PortKey = std::pair<std::uint16_t, bool>;
using Ports = std::map<PortKey, Occupied>;

PortKey key_of(const ListenerNode& listener) {
  return {*listener.spec->port, listener.spec->protocol == Protocol::udp};
}

// Those of [first, first + count) that stand in the way of listeners with more precedence, then of each
// other: there none wins, as the specification asks. The others occupy their ports.
void claim_ports(std::vector<ListenerNode>& listeners, ListenerRange range, Ports& ports) {
  Ports own;
  std::vector<ListenerNode*> claimants;
  for (std::uint32_t i = range.first; i < range.first + range.count; ++i) {
    ListenerNode& listener = listeners[i];
    const auto there = ports.find(key_of(listener));
    // An unsupported protocol is the first thing to say of a Gateway's listener; of a ListenerSet's it is the
    // conflict.
    if (there != ports.end() && (supported(listener) || listener.listener_set != kNone)) {
      if (!compatible(there->second.protocol, listener.spec->protocol)) {
        listener.accepted = {};
        conflict(listener, "ProtocolConflict",
                 say("another listener has the port {} with another protocol", *listener.spec->port));
      } else if (there->second.hosts.contains(listener.host.text())) {
        conflict(listener, "HostnameConflict",
                 say("another listener has the port {} with the same hostname", *listener.spec->port));
      }
    }
    if (supported(listener) && listener.conflict.empty()) claimants.push_back(&listener);
  }
  for (ListenerNode* listener : claimants) {
    const auto [at, fresh] = own.try_emplace(key_of(*listener), Occupied{listener->spec->protocol, {}});
    if (!fresh && !compatible(at->second.protocol, listener->spec->protocol)) {
      for (ListenerNode* other : claimants) {
        if (key_of(*other) == key_of(*listener))
          conflict(*other, "ProtocolConflict",
                   say("listeners on the port {} differ in their protocol", *listener->spec->port));
      }
      continue;
    }
    const auto [host, free] = at->second.hosts.try_emplace(listener->host.text(), listener);
    if (!free) {
      const std::string message =
          say("two listeners on the port {} have the hostname '{}'", *listener->spec->port, host->first);
      conflict(*listener, "HostnameConflict", message);
      for (ListenerNode* other : claimants) {
        if (other == host->second) conflict(*other, "HostnameConflict", message);
      }
    }
  }
  for (const ListenerNode* listener : claimants) {
    if (!listener->conflict.empty()) continue;
    Occupied& port =
        ports.try_emplace(key_of(*listener), Occupied{listener->spec->protocol, {}}).first->second;
    port.hosts.emplace(listener->host.text(), listener);
  }
}

// One process serves all Gateways: those that bind the same address share its ports.
using Address = std::pair<std::string, PortKey>;

void claim_address(ListenerNode& listener, const GatewayNode& gateway, const Topology& topology,
                   std::map<Address, std::pair<const ListenerNode*, Ports>>& addresses) {
  for (const io::Address& bound : gateway.addresses) {
    auto& [first, ports] = addresses[{bound.ip(), key_of(listener)}];
    const auto there = ports.find(key_of(listener));
    if (there == ports.end()) {
      first = &listener;
    } else if (first->gateway != listener.gateway) {
      const std::string owner = topology.gateways[first->gateway].entry->object->meta.name;
      if (!compatible(there->second.protocol, listener.spec->protocol)) {
        conflict(listener, "ProtocolConflict",
                 say("Gateway '{}' has the port {} with another protocol", owner, *listener.spec->port));
      } else if (there->second.hosts.contains(listener.host.text())) {
        conflict(listener, "HostnameConflict",
                 say("Gateway '{}' has the port {} with the same hostname", owner, *listener.spec->port));
      } else if (first->terminates() && listener.terminates() &&
                 (first->client_validation != listener.client_validation ||
                  first->client_trust != listener.client_trust)) {
        listener.accepted.fail("PortUnavailable",
                               say("Gateway '{}' has the port {} and asks other client certificates there",
                                   owner, *listener.spec->port));
        listener.programmed.fail("Invalid", listener.accepted.message());
      }
    }
    if (!listener.accepted.ok()) return;
    Occupied& port = ports.try_emplace(key_of(listener), Occupied{listener.spec->protocol, {}}).first->second;
    port.hosts.emplace(listener.host.text(), &listener);
  }
}

// Hosts of HTTPS listeners of one Gateway and port of which one is part of the other: a client may reuse a
// connection to the one for the other.
void find_overlaps(const std::vector<ListenerNode*>& group) {
  if (group.size() < 2) return;
  std::map<std::string_view, ListenerNode*> wildcards;
  ListenerNode* any = nullptr;
  for (ListenerNode* listener : group) {
    if (listener->host.kind == route::HostPattern::Kind::wildcard)
      wildcards.emplace(listener->host.name, listener);
    if (listener->host.kind == route::HostPattern::Kind::any) any = listener;
  }
  for (ListenerNode* listener : group) {
    if (any != nullptr) listener->overlaps = true;
    const std::string_view name = listener->host.name;
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      const auto wider = wildcards.find(name.substr(dot + 1));
      if (wider == wildcards.end()) continue;
      listener->overlaps = wider->second->overlaps = true;
    }
  }
}

}  // namespace

void find_conflicts(Topology& topology, const std::vector<std::uint32_t>& order) {
  // ListenerSets stand in `listeners` in their order of precedence.
  std::vector<Ports> ports(topology.gateways.size());
  for (std::uint32_t i = 0; i < topology.gateways.size(); ++i)
    claim_ports(topology.listeners, topology.gateways[i].listeners, ports[i]);
  std::map<std::uint32_t, const ListenerSetNode*> sets;  // by first listener
  for (const ListenerSetNode& set : topology.listener_sets) {
    if (set.gateway != kNone && set.listeners.count > 0) sets.emplace(set.listeners.first, &set);
  }
  for (const auto& [first, set] : sets) claim_ports(topology.listeners, set->listeners, ports[set->gateway]);

  std::vector<std::vector<ListenerNode*>> by_gateway(topology.gateways.size());
  for (ListenerNode& listener : topology.listeners) {
    if (supported(listener) && listener.accepted.ok()) by_gateway[listener.gateway].push_back(&listener);
  }
  std::map<Address, std::pair<const ListenerNode*, Ports>> addresses;
  for (const std::uint32_t gateway : order) {
    if (!topology.gateways[gateway].accepted.ok() || !topology.gateways[gateway].programmed.ok()) continue;
    for (ListenerNode* listener : by_gateway[gateway])
      claim_address(*listener, topology.gateways[gateway], topology, addresses);
  }
  for (const auto& listeners : by_gateway) {
    std::map<std::uint16_t, std::vector<ListenerNode*>> https;
    for (ListenerNode* listener : listeners) {
      if (listener->https() && listener->accepted.ok()) https[*listener->spec->port].push_back(listener);
    }
    for (const auto& [port, group] : https) find_overlaps(group);
  }
}

}  // namespace turnpike::plan
