// Gateways, ListenerSets and their listeners: which are ours, which may be served, and what their status says
// (Gateway API v1.6, GatewaySpec.listeners, GEP-1713, GEP-91).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/address.h"
#include "plan/credentials.h"
#include "plan/finding.h"
#include "resource/diagnostic.h"
#include "resource/store.h"
#include "route/host.h"
#include "tls/context.h"

namespace turnpike::plan {

inline constexpr std::uint32_t kNone = UINT32_MAX;

// A listener of a Gateway or of a ListenerSet.
struct ListenerNode {
  const resource::Listener* spec = nullptr;
  std::uint32_t gateway = kNone;       // index in Topology::gateways
  std::uint32_t listener_set = kNone;  // index in Topology::listener_sets; kNone: the Gateway's own
  std::string name;                    // "default/shop/http"
  route::HostPattern host;
  Finding accepted;
  Finding resolved;
  Finding programmed;
  std::string_view conflict;                         // "HostnameConflict", "ProtocolConflict"; empty: none
  bool overlaps = false;                             // OverlappingTLSConfig
  std::vector<resource::Kind> route_kinds;           // those that may attach and are served
  std::vector<const crypto::KeyPair*> certificates;  // where TLS ends here: those that could be read
  tls::ClientValidation client_validation = tls::ClientValidation::none;
  std::vector<const crypto::TrustBundle*> client_trust;
  std::uint32_t attached_routes = 0;

  bool https() const noexcept { return spec->protocol == resource::Protocol::https; }
  bool tls() const noexcept { return spec->protocol == resource::Protocol::tls; }
  // A TLS listener that hands connections on as they are.
  bool passthrough() const noexcept {
    return tls() && spec->tls && spec->tls->mode == resource::TlsMode::passthrough;
  }
  bool terminates() const noexcept { return https() || (tls() && !passthrough()); }
  bool takes(resource::Kind route) const noexcept {
    return std::ranges::find(route_kinds, route) != route_kinds.end();
  }
  bool serves() const noexcept { return accepted.ok() && programmed.ok(); }
};

struct ListenerRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

struct GatewayNode {
  const resource::Entry<resource::Gateway>* entry = nullptr;
  ListenerRange listeners;  // its own
  Finding accepted;
  Finding resolved;
  Finding programmed;
  bool some_listeners_invalid = false;
  bool insecure_fallback = false;
  std::uint32_t attached_sets = 0;
  std::vector<io::Address> addresses;                   // to bind, without port
  const crypto::KeyPair* client_certificate = nullptr;  // for upstreams
};

struct ListenerSetNode {
  const resource::Entry<resource::ListenerSet>* entry = nullptr;
  std::uint32_t gateway = kNone;  // kNone: none of ours
  bool foreign = false;           // its Gateway belongs to another controller: no status from us
  ListenerRange listeners;
  Finding accepted;
  Finding programmed;
};

struct Topology {
  std::vector<GatewayNode> gateways;           // ours, in the order of the store
  std::vector<ListenerSetNode> listener_sets;  // in the order of the store
  std::vector<ListenerNode> listeners;

  // The Gateway's index in `gateways`; kNone if it is none of ours.
  std::uint32_t find_gateway(const resource::Gateway* gateway) const {
    const auto found = gateway_index_.find(gateway);
    return found == gateway_index_.end() ? kNone : found->second;
  }
  std::uint32_t find_listener_set(const resource::ListenerSet* set) const {
    const auto found = set_index_.find(set);
    return found == set_index_.end() ? kNone : found->second;
  }

  std::unordered_map<const void*, std::uint32_t> gateway_index_;
  std::unordered_map<const void*, std::uint32_t> set_index_;
};

// Labels of namespaces, for selectors. Each namespace has at least kubernetes.io/metadata.name, as Kubernetes
// sees to.
class NamespaceLabels {
 public:
  explicit NamespaceLabels(const resource::Store& store) : store_(store) {}
  // Whether what stands in `from` admits the namespace `candidate` beside `own`. `selector` may be empty.
  bool admits(resource::FromNamespaces from, const resource::Box<resource::LabelSelector>& selector,
              std::string_view own, std::string_view candidate) const;

 private:
  const resource::Store& store_;
  mutable std::unordered_map<std::string, resource::StringMap> labels_;
};

struct TopologyInput {
  const resource::Store& store;
  const ReferenceGrants& grants;
  const Credentials& credentials;
  const NamespaceLabels& namespaces;
  std::string_view bind;  // overrides Gateway.spec.addresses; empty: does not
  const std::function<bool(const io::Address&)>& address_usable;  // CompileOptions
};

// Never fails: what is wrong stands in the findings, and in `diagnostics` where a user of files should hear
// of it.
Topology build_topology(const TopologyInput& input, std::vector<resource::Diagnostic>& diagnostics);

// --- its parts
// -----------------------------------------------------------------------------------------------------

// Whether a GatewayClass of this name is ours; the implicit class `turnpike` is, where none of that name is
// defined.
enum class ClassOwner : std::uint8_t { ours, foreign, missing };
ClassOwner owner_of_class(const resource::Store& store, std::string_view name);

// Protocol, route kinds, certificates and client validation of one listener.
void check_listener(const TopologyInput& input, const GatewayNode& gateway, const ReferenceEnd& owner,
                    ListenerNode& listener);
// Conflicts between the listeners of each Gateway and its ListenerSets, between Gateways that share an
// address and a port, and overlapping names of certificates. `order` lists the Gateways from the strongest to
// the weakest.
void find_conflicts(Topology& topology, const std::vector<std::uint32_t>& order);

}  // namespace turnpike::plan
