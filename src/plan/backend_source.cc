#include "plan/backend_source.h"

#include <algorithm>
#include <charconv>

#include "resource/say.h"
#include "resource/suggest.h"

namespace turnpike::plan {
namespace {

using resource::say;

template <class T>
std::string hint_for(const resource::Store& store, std::string_view namespace_, std::string_view name,
                     const std::vector<resource::Diagnostic>& told) {
  if (told.size() >= resource::kMostHints) return {};
  std::vector<std::string_view> names;
  for (const auto& entry : store.all<T>()) {
    if (entry->meta.namespace_ == namespace_) names.push_back(entry->meta.name);
  }
  const std::string hint = resource::did_you_mean(name, names);
  return hint.empty() ? hint : ", " + hint;
}

BackendSource none(std::string_view reason, std::string message) {
  return {nullptr, {}, reason, std::move(message)};
}

// Where a reference leads, while it is looked at.
struct Search {
  const resource::Store& store;
  const resource::BackendObjectReference& reference;
  std::string_view namespace_;
  Transport transport;
  std::string_view key;
  BackendCache::Kept& kept;
  std::vector<resource::Diagnostic>& diagnostics;

  std::string name() const { return say("{}/{}", namespace_, reference.name); }
  upstream::ClusterConfig begin(const resource::Position& position) const {
    upstream::ClusterConfig config;
    config.name.assign(key.substr(1));
    config.origin = file_and_line(position);
    if (transport == Transport::tcp) config.protocol = upstream::Protocol::tcp;
    if (transport == Transport::udp) config.protocol = upstream::Protocol::udp;
    return config;
  }
  resource::TransportProtocol protocol() const {
    return transport == Transport::udp ? resource::TransportProtocol::udp : resource::TransportProtocol::tcp;
  }
};

// The values of KEP-3726 and the plain names that are in use; false: no request can be sent there.
bool set_protocol(const resource::ServicePort& port, upstream::ClusterConfig& config) {
  const std::string_view protocol = port.app_protocol ? std::string_view(*port.app_protocol) : "";
  if (protocol == "kubernetes.io/h2c" || protocol == "grpc" || protocol == "http2") {
    config.protocol = upstream::Protocol::h2c;
  } else if (protocol == "kubernetes.io/ws" || protocol == "kubernetes.io/wss") {
    config.protocol = upstream::Protocol::websocket;
  } else {
    return protocol.empty() || protocol == "http" || protocol == "https";
  }
  return true;
}

// The number of the port in a slice; 0: the slice does not serve it.
std::uint16_t number_in(const resource::EndpointSlice& slice, const resource::ServicePort& port) {
  for (const resource::EndpointPort& candidate : slice.ports) {
    if (candidate.name != port.name || candidate.protocol != port.protocol) continue;
    if (candidate.port != 0) return candidate.port;
    // "All ports": where the Service's target is a number it is that one.
    return port.target_port.number != 0 ? port.target_port.number : port.port;
  }
  return 0;
}

using Slices = std::vector<const resource::Entry<resource::EndpointSlice>*>;

void add_slices(const Slices& slices, const resource::ServicePort& port, upstream::ClusterConfig& config) {
  std::size_t count = 0;
  for (const auto* slice : slices) count += (*slice)->endpoints.size();
  config.endpoints.reserve(count);
  for (const auto* slice : slices) {
    const std::uint16_t number = number_in(**slice, port);
    if (number == 0) continue;
    for (const resource::Endpoint& endpoint : (*slice)->endpoints) {
      if (endpoint.addresses.empty()) continue;
      config.endpoints.push_back({.address = endpoint.addresses.front(),
                                  .port = number,
                                  .weight = 1,
                                  .ready = endpoint.ready && !endpoint.terminating,
                                  .zone = endpoint.zone});
    }
  }
}

BackendSource no_service(const Search& search) {
  const bool backend =
      search.store.find<resource::Backend>(search.namespace_, search.reference.name) != nullptr;
  return none("BackendNotFound",
              say("there is no Service {}{}", search.name(),
                  backend ? say(", but a Backend of that name: write group: {}, kind: Backend",
                                resource::kTurnpikeGroup)
                          : hint_for<resource::Service>(search.store, search.namespace_,
                                                        search.reference.name, search.diagnostics)));
}

// As Store::find, but looks first where the resource was the last time.
template <class T>
const resource::Entry<T>* find(const Search& search) {
  const auto table = search.store.all<T>();
  BackendCache::Kept& kept = search.kept;
  if (!kept.resources.empty() && kept.place < table.size() &&
      table[kept.place].object.get() == kept.resources.front().get())
    return &table[kept.place];
  const auto* found = search.store.find<T>(search.namespace_, search.reference.name);
  if (found != nullptr) kept.place = static_cast<std::size_t>(found - table.data());
  return found;
}

// Whether the source was made from this resource at this place, and from these others.
template <class T>
bool unchanged(const Search& search, const resource::Entry<T>& entry, const auto& others) {
  const BackendCache::Kept& kept = search.kept;
  if (kept.source.config == nullptr || kept.resources.size() != 1 + others.size()) return false;
  if (kept.resources.front().get() != entry.object.get()) return false;
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (kept.resources[i + 1].get() != others[i]->object.get()) return false;
  }
  return kept.position == entry.position();
}

// Remembers from what the source is made.
template <class T>
void remember(const Search& search, const resource::Entry<T>& entry, const auto& others) {
  BackendCache::Kept& kept = search.kept;
  kept.resources.clear();
  kept.resources.reserve(1 + others.size());
  kept.resources.push_back(entry.object);
  for (const auto* other : others) kept.resources.push_back(other->object);
  kept.position = entry.position();
}

BackendSource service_source(const Search& search) {
  const auto* service = find<resource::Service>(search);
  if (service == nullptr) return no_service(search);
  const Slices slices = search.store.slices_of(search.namespace_, search.reference.name);
  if (unchanged(search, *service, slices)) return std::move(search.kept.source);
  remember(search, *service, slices);

  if (!search.reference.port)
    return none("BackendNotFound", say("the port of Service {} is missing", search.name()));
  const auto& ports = service->object->ports;
  const auto port = std::ranges::find_if(ports, [&](const resource::ServicePort& candidate) {
    return candidate.port == **search.reference.port && candidate.protocol == search.protocol();
  });
  if (port == ports.end())
    return none("BackendNotFound",
                say("Service {} has no {} port {}", search.name(),
                    search.transport == Transport::udp ? "UDP" : "TCP", **search.reference.port));
  // The name may lead anywhere, which its namespace's owner alone should not decide (CVE-2021-25740).
  if (service->object->type == resource::Service::Type::external_name)
    return none("InvalidKind",
                say("Service {} is of the type ExternalName, which a route cannot use: write a Backend "
                    "with dns",
                    search.name()));
  upstream::ClusterConfig config = search.begin(service->position());
  if (search.transport == Transport::http && !set_protocol(*port, config))
    return none("UnsupportedProtocol",
                say("port {} of Service {} speaks '{}', which is nothing that HTTP can be sent to",
                    port->port, search.name(), *port->app_protocol));
  add_slices(slices, *port, config);
  if (config.endpoints.empty()) {
    search.diagnostics.push_back(
        {resource::Severity::warning, service->at(port->mark),
         search.transport == Transport::http
             ? say("port {} has no endpoint: requests to it get 503", port->port)
             : say("port {} has no endpoint: connections to it are refused", port->port),
         slices.empty()
             ? say("add an EndpointSlice with the label kubernetes.io/service-name: {}, or use a Backend",
                   search.reference.name)
             : say("no EndpointSlice has a port named '{}'", port->name),
         "Service " + search.name()});
    search.kept.resources.clear();  // to warn again the next time
  }
  return {std::make_shared<const upstream::ClusterConfig>(std::move(config)), port->name, {}, {}};
}

// False: an endpoint has no port.
bool add_endpoints(const resource::Backend& backend, std::uint16_t port, upstream::ClusterConfig& config) {
  config.endpoints.reserve(backend.endpoints.size());
  for (const resource::BackendEndpoint& endpoint : backend.endpoints) {
    if (endpoint.port == 0 && port == 0 && !endpoint.address->starts_with("unix:")) return false;
    config.endpoints.push_back({.address = *endpoint.address,
                                .port = endpoint.port != 0 ? endpoint.port : port,
                                .weight = endpoint.weight,
                                .ready = true,
                                .zone = endpoint.zone});
  }
  if (!backend.dns) return true;
  upstream::DnsConfig& dns = config.dns;
  dns.name = *backend.dns->hostname;
  dns.srv = backend.dns->type == resource::BackendDns::Type::srv;
  dns.port = backend.dns->port != 0 ? backend.dns->port : port;
  if (backend.dns->refresh) dns.shortest_ttl = dns.longest_ttl = *backend.dns->refresh;
  return dns.srv || dns.port != 0;
}

// The port of a backendRef is for endpoints that have none. One that no endpoint has is probably a mistake.
void warn_of_unused_port(const Search& search, const resource::Entry<resource::Backend>& entry) {
  const auto& endpoints = entry->endpoints;
  if (!search.reference.port || endpoints.empty() || entry->dns) return;
  const std::uint16_t wanted = **search.reference.port;
  if (std::ranges::any_of(endpoints, [&](const resource::BackendEndpoint& endpoint) {
        return endpoint.port == 0 || endpoint.port == wanted;
      }))
    return;
  search.diagnostics.push_back(
      {resource::Severity::warning, entry.position(),
       say("a backendRef asks for the port {}, which no endpoint has: each is reached at its own", wanted),
       "correct the port of the backendRef, or leave it out", "Backend " + search.name()});
  search.kept.resources.clear();  // to warn again the next time
}

BackendSource backend_source(const Search& search) {
  const auto* entry = find<resource::Backend>(search);
  if (entry == nullptr) {
    return none("BackendNotFound",
                say("there is no Backend {}{}", search.name(),
                    hint_for<resource::Backend>(search.store, search.namespace_, search.reference.name,
                                                search.diagnostics)));
  }
  // A Service of that name has the plain name: the two must not share pools.
  const auto* service = search.store.find<resource::Service>(search.namespace_, search.reference.name);
  std::vector<const resource::Entry<resource::Service>*> others;
  if (service != nullptr) others.push_back(service);
  if (unchanged(search, *entry, others)) return std::move(search.kept.source);
  remember(search, *entry, others);

  upstream::ClusterConfig config = search.begin(entry->position());
  if (service != nullptr) config.name.insert(0, "Backend ");
  switch (search.transport == Transport::http ? entry->object->app_protocol : resource::AppProtocol::http1) {
    case resource::AppProtocol::http1:
      break;
    case resource::AppProtocol::h2c:
      config.protocol = upstream::Protocol::h2c;
      break;
    case resource::AppProtocol::h2:
      config.protocol = upstream::Protocol::h2;
      break;
    case resource::AppProtocol::ws:
      config.protocol = upstream::Protocol::websocket;
      break;
  }
  if (!add_endpoints(**entry, search.reference.port ? **search.reference.port : std::uint16_t{0}, config))
    return none("BackendNotFound",
                say("an endpoint of Backend {} has no port, and neither has the backendRef", search.name()));
  warn_of_unused_port(search, *entry);
  return {std::make_shared<const upstream::ClusterConfig>(std::move(config)), {}, {}, {}};
}

}  // namespace

std::string file_and_line(const resource::Position& position) {
  char digits[12];
  const auto end = std::to_chars(digits, digits + sizeof digits, position.line).ptr;
  const std::string_view file = position.file ? std::string_view(*position.file) : "";
  std::string out;
  out.reserve(file.size() + 1 + static_cast<std::size_t>(end - digits));
  out += file;
  out += ':';
  out.append(digits, end);
  return out;
}

void backend_key(const resource::BackendObjectReference& reference, std::string_view namespace_,
                 Transport transport, std::string& key) {
  key.assign(1, reference.kind.front());
  key += namespace_;
  key += '/';
  key += reference.name;
  if (reference.port) {
    char digits[6];
    key += ':';
    key.append(digits, std::to_chars(digits, digits + sizeof digits, **reference.port).ptr);
  }
  // Pools, health and figures of such upstreams are their own: a connection is not worth the same as a
  // request.
  if (transport == Transport::tcp) key += "/tcp";
  if (transport == Transport::udp) key += "/udp";
}

BackendCache::Kept& BackendCache::at(std::string_view key) {
  const auto found = kept_.find(key);
  return found != kept_.end() ? found->second : kept_[std::string(key)];
}

void BackendCache::end_of_compilation() {
  // Not every time: it means to touch them all.
  if (round_ % 16 == 0) std::erase_if(kept_, [&](const auto& entry) { return entry.second.round != round_; });
  ++round_;
}

void refresh(const resource::Store& store, const resource::BackendObjectReference& reference,
             std::string_view namespace_, Transport transport, std::string_view key, BackendCache::Kept& kept,
             std::vector<resource::Diagnostic>& diagnostics) {
  const Search search{store, reference, namespace_, transport, key, kept, diagnostics};
  kept.source = reference.kind == "Service" ? service_source(search) : backend_source(search);
}

}  // namespace turnpike::plan
