// Ports: which listeners share one, their tables, certificates and settings.
#include <algorithm>
#include <map>
#include <tuple>

#include "plan/assembly.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

// The most specific hostname first: exact, then wildcards with the longer suffix, then any.
bool more_specific(const ListenerNode& a, const ListenerNode& b) {
  if (a.host.more_specific_than(b.host)) return true;
  if (b.host.more_specific_than(a.host)) return false;
  return a.host.name < b.host.name;
}

tls::ServerName server_name(const ListenerNode& node) {
  tls::ServerName out;
  out.hostname = node.spec->hostname ? **node.spec->hostname : "";
  for (const crypto::KeyPair* pair : node.certificates) out.certificates.push_back(*pair);
  return out;
}

}  // namespace

std::vector<Assembly::PendingPort> Assembly::pending_ports() const {
  std::map<std::tuple<std::string, std::uint16_t, bool>, PendingPort> ports;
  for (std::uint32_t i = 0; i < topology_.listeners.size(); ++i) {
    const ListenerNode& node = topology_.listeners[i];
    if (!node.serves()) continue;
    for (const io::Address& address : topology_.gateways[node.gateway].addresses) {
      const bool datagrams = node.spec->protocol == resource::Protocol::udp;
      PendingPort& port = ports[{address.ip(), *node.spec->port, datagrams}];
      port.address = address;
      port.address.set_port(options_.ephemeral_ports ? std::uint16_t{0} : *node.spec->port);
      port.port = *node.spec->port;
      port.tls |= node.https();
      port.looks_at_hello |= node.tls();
      port.datagrams = datagrams;
      port.listeners.push_back(i);
    }
  }
  std::vector<PendingPort> out;
  for (auto& [key, port] : ports) {
    std::ranges::sort(port.listeners, [&](std::uint32_t a, std::uint32_t b) {
      return more_specific(topology_.listeners[a], topology_.listeners[b]);
    });
    out.push_back(std::move(port));
  }
  return out;
}

void Assembly::open_ports(std::vector<ListenerSource>* sources) {
  for (const PendingPort& pending : pending_ports()) {
    auto port = std::make_unique<Port>();
    const auto index = static_cast<std::uint32_t>(plan_->ports.size());
    if (fill_port(pending, *port, index, sources)) plan_->ports.push_back(std::move(port));
  }
}

bool Assembly::fill_port(const PendingPort& pending, Port& port, std::uint32_t index,
                         std::vector<ListenerSource>* sources) {
  port.address = pending.address;
  port.port = pending.port;
  port.tls = pending.tls;
  port.looks_at_hello = pending.looks_at_hello;
  port.datagrams = pending.datagrams;
  const std::uint32_t lender =
      choose_port_policies(listener_policies_, topology_, pending.listeners, diagnostics_);
  PortSettings settings;
  if (lender != kNone)
    settings = port_settings(listener_policies(listener_policies_, topology_, topology_.listeners[lender]));
  if ((pending.tls || pending.looks_at_hello) && !set_tls(pending, settings, port)) return false;
  port.settings = std::move(settings.client);
  std::vector<route::HostPattern> hosts;
  port.listeners.reserve(pending.listeners.size());
  for (const std::uint32_t node : pending.listeners) {
    if (!fill_listener(node, port.listeners.emplace_back())) {
      port.listeners.pop_back();
      continue;
    }
    hosts.push_back(topology_.listeners[node].host);
    if (sources == nullptr) continue;
    ListenerSource& source = sources->emplace_back(
        index, static_cast<std::uint32_t>(port.listeners.size() - 1), inboxes_[node].matches);
    // The names that the matches were made with end with the compilation.
    for (route::Match& match : source.matches) match.precedence.route = plan_->rules[match.target].route;
  }
  port.hosts = route::HostIndex(hosts);
  return !port.listeners.empty();
}

bool Assembly::fill_listener(std::uint32_t index, Listener& listener) {
  ListenerNode& node = topology_.listeners[index];
  const auto origin = node.listener_set == kNone
                          ? topology_.gateways[node.gateway].entry->at(node.spec->mark)
                          : topology_.listener_sets[node.listener_set].entry->at(node.spec->mark);
  listener.name = node.name;
  listener.origin = file_and_line(origin);
  listener.hostname = node.spec->hostname ? **node.spec->hostname : "";
  const Inbox& inbox = inboxes_[index];
  auto table = route::Table::compile(inbox.matches, {.workers = options_.workers});
  if (!table) {
    diagnostics_.push_back({resource::Severity::error, origin, table.error(), "", "listener " + node.name});
    node.programmed.fail("Invalid", table.error());
    return false;
  }
  listener.table = std::move(*table);
  listener.matches = inbox.info;
  fill_l4(index, listener);
  set_metrics(index, listener);
  return true;
}

void Assembly::set_metrics(std::uint32_t index, Listener& listener) {
  if (options_.metrics == nullptr || options_.families == nullptr) return;
  const observe::Families& families = *options_.families;
  listener.metrics = plan_->metrics.series(families.listener.group, {listener.name});
  listener.unrouted_metrics = plan_->metrics.series(families.route.group, {listener.name, ""});
  const bool per_route = per_route_metrics();
  const Inbox& inbox = inboxes_[index];
  for (std::size_t i = 0; i < inbox.routes.size(); ++i) {
    const std::size_t end = i + 1 < inbox.routes.size() ? inbox.routes[i + 1].first : inbox.matches.size();
    const std::string_view route = per_route ? std::string_view(route_names_[inbox.routes[i].second]) : "*";
    const observe::Series series = plan_->metrics.series(families.route.group, {listener.name, route});
    for (std::size_t m = inbox.routes[i].first; m < end; ++m) listener.matches[m].route_metrics = series;
  }
}

bool Assembly::set_tls(const PendingPort& pending, const PortSettings& settings, Port& port) {
  return make_tls(pending, settings, true, port.tls_context) &&
         make_tls(pending, settings, false, port.stream_tls_context);
}

bool Assembly::make_tls(const PendingPort& pending, const PortSettings& settings, bool https,
                        std::shared_ptr<const tls::ServerContext>& made) {
  tls::ServerConfig config;
  const ListenerNode* first = nullptr;
  for (const std::uint32_t index : pending.listeners) {
    const ListenerNode& listener = topology_.listeners[index];
    if (!listener.terminates() || listener.https() != https) continue;
    if (first == nullptr) first = &listener;
    config.names.push_back(server_name(listener));
  }
  if (first == nullptr) return true;
  config.min_version = settings.min_version;
  config.max_version = settings.max_version;
  config.alpn.clear();
  if (https) config.alpn = settings.alpn;  // what a TLSRoute leads to we do not know
  config.tickets = options_.tickets;
  // find_conflicts() saw to it that all listeners of a port ask for the same client certificates.
  config.client_validation = first->client_validation;
  const auto fail = [&](const std::string& message) {
    for (const std::uint32_t listener : pending.listeners)
      topology_.listeners[listener].programmed.fail("Invalid", message);
    diagnostics_.push_back(
        {resource::Severity::error, topology_.gateways[first->gateway].entry->at(first->spec->mark),
         say("TLS of the port {}: {}", pending.port, message), "", "listener " + first->name});
    return false;
  };
  if (config.client_validation != tls::ClientValidation::none) {
    auto trust = join_trust(first->client_trust);
    if (!trust) return fail(trust.error());
    config.client_trust = std::move(*trust);
  }
  auto context = memory_.contexts.server(config);
  if (!context) return fail(context.error());
  made = std::move(*context);
  return true;
}

std::string_view protocol_name(const Port& port, const Listener& listener) noexcept {
  switch (listener.kind) {
    case ListenerKind::http:
      return port.tls ? "HTTPS" : "HTTP";
    case ListenerKind::tls_terminate:
    case ListenerKind::tls_passthrough:
      return "TLS";
    case ListenerKind::tcp:
      return "TCP";
    case ListenerKind::udp:
      break;
  }
  return "UDP";
}

std::string Port::key() const {
  return address.text() + (address.port() == 0 ? "#" + std::to_string(port) : "") +
         (datagrams                                                           ? "/udp"
          : tls || looks_at_hello                                             ? "/https"
          : !listeners.empty() && listeners.front().kind == ListenerKind::tcp ? "/tcp"
                                                                              : "/http");
}

}  // namespace turnpike::plan
