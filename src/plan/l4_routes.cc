// TLSRoutes, TCPRoutes and UDPRoutes: which of them gets the connections of a listener.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/hash.h"
#include "plan/assembly.h"
#include "plan/l4_rules.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

ListenerKind kind_of(const ListenerNode& node) {
  switch (node.spec->protocol) {
    case resource::Protocol::tls:
      return node.passthrough() ? ListenerKind::tls_passthrough : ListenerKind::tls_terminate;
    case resource::Protocol::tcp:
      return ListenerKind::tcp;
    case resource::Protocol::udp:
      return ListenerKind::udp;
    default:
      return ListenerKind::http;
  }
}

}  // namespace

void Assembly::compile_l4_routes() {
  const auto routes = store_.all<resource::L4Route>();
  l4_route_names_.reserve(routes.size());
  for (const auto& route : routes) l4_route_names_.push_back(route->meta.namespace_ + "/" + route->meta.name);
  l4_route_findings_.resize(routes.size());
  // The oldest first, then the first by name: of several with one server name, or on one listener of TCP or
  // UDP, it has all connections.
  std::vector<std::uint32_t> order(routes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t i) {
    return std::tuple(routes[i]->meta.creation_timestamp.value_or(INT64_MAX),
                      std::string_view(l4_route_names_[i]), i);
  });
  L4RuleCompiler rules(*plan_, clusters_, traffic_, diagnostics_);
  for (const std::uint32_t i : order) {
    rules.begin(routes[i], l4_route_names_[i]);
    const Range links = l4_attachments_.routes[i].links;
    for (std::uint32_t k = links.first; k < links.first + links.count; ++k) {
      const Link& link = l4_attachments_.links[k];
      ListenerNode& listener = topology_.listeners[link.listener];
      ++listener.attached_routes;
      if (!listener.serves()) continue;
      const std::uint32_t context = context_ids_[link.listener];
      add_l4_link(i, link, rules.add(contexts_of_listeners_[context], context, listener.passthrough()));
    }
    l4_route_findings_[i] = rules.end();
  }
}

void Assembly::add_l4_link(std::uint32_t route, const Link& link, std::uint32_t rule) {
  L4Inbox& inbox = l4_inboxes_[link.listener];
  const ListenerNode& listener = topology_.listeners[link.listener];
  if (!listener.tls() && !inbox.routes.empty()) {
    const auto& entry = store_.all<resource::L4Route>()[route];
    diagnostics_.push_back(
        {resource::Severity::warning, entry.position(),
         say("it gets nothing from the listener '{}': '{}' is older, or goes before it by name",
             listener.name, l4_route_names_[inbox.routes.front()]),
         "", say("{} {}", resource::name_of(entry->kind), l4_route_names_[route])});
    return;
  }
  std::uint64_t& digest = plan_->rules[rule].matches_digest;
  for (std::uint32_t h = link.first_host; h < link.first_host + link.host_count; ++h) {
    inbox.hosts.push_back(l4_attachments_.hosts[h]);
    inbox.rules.push_back(rule);
    inbox.routes.push_back(route);
    digest = mix_hash(digest + 1, hash_bytes(l4_attachments_.hosts[h].text(), hash_bytes(listener.name)));
  }
}

void Assembly::fill_l4(std::uint32_t index, Listener& listener) {
  listener.kind = kind_of(topology_.listeners[index]);
  if (listener.kind == ListenerKind::http) return;
  const L4Inbox& inbox = l4_inboxes_[index];
  listener.l4.hosts = route::HostIndex(inbox.hosts);
  const bool measured = options_.metrics != nullptr && options_.families != nullptr;
  const bool per_route = measured && per_route_metrics();
  for (std::size_t i = 0; i < inbox.rules.size(); ++i) {
    L4Routes::Target& target = listener.l4.targets.emplace_back();
    target.rule = inbox.rules[i];
    if (!measured) continue;
    const std::string_view route = per_route ? std::string_view(l4_route_names_[inbox.routes[i]]) : "*";
    target.metrics = plan_->metrics.series(options_.families->l4.group, {listener.name, route});
  }
}

}  // namespace turnpike::plan
