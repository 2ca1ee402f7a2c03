#include "plan/assembly.h"

#include <algorithm>

#include "base/hash.h"
#include "plan/matches.h"
#include "plan/unserved.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

std::uint16_t prefix_bytes(const route::PathMatch& path) {
  if (path.kind != route::PathMatch::Kind::prefix) return Listener::kWholePath;
  std::string_view value = path.value;
  while (value.ends_with('/')) value.remove_suffix(1);
  return static_cast<std::uint16_t>(std::min<std::size_t>(value.size(), Listener::kWholePath - 1));
}

std::uint64_t digest_of(const route::Match& match) {
  std::uint64_t out = hash_bytes(match.path.value, static_cast<std::uint64_t>(match.path.kind));
  out = hash_bytes(match.host.name, out + static_cast<std::uint64_t>(match.host.kind));
  if (match.method) out = mix_hash(out, 1 + static_cast<std::uint64_t>(*match.method));
  if (match.grpc) out = mix_hash(out, 128);
  for (const auto* values : {&match.headers, &match.query}) {
    out = mix_hash(out, values->size() + 1);
    for (const route::ValueMatch& value : *values)
      out = hash_bytes(value.value, hash_bytes(value.name, out + static_cast<std::uint64_t>(value.kind)));
  }
  return out;
}

}  // namespace

Assembly::Assembly(const resource::Store& store, const CompileOptions& options, Memory& memory,
                   std::vector<resource::Diagnostic>& diagnostics)
    : store_(store),
      options_(options),
      memory_(memory),
      diagnostics_(diagnostics),
      grants_(store),
      credentials_(store, grants_, memory.credentials),
      namespaces_(store),
      topology_(build_topology(
          {store, grants_, credentials_, namespaces_, options.bind, options.address_usable}, diagnostics)),
      attachments_(attach_routes(store, topology_, namespaces_, diagnostics)),
      traffic_(store),
      listener_policies_(store),
      telemetry_(store),
      backend_tls_(store, credentials_, memory.contexts),
      clusters_(store, grants_, backend_tls_, traffic_, memory.backends, diagnostics),
      l4_attachments_(attach_l4_routes(store, topology_, namespaces_, diagnostics)) {
  plan_->generation = options.generation;
  inboxes_.resize(topology_.listeners.size());
  l4_inboxes_.resize(topology_.listeners.size());
  if (options.metrics != nullptr) plan_->metrics = options.metrics->lease();
}

void Assembly::find_contexts() {
  for (const ListenerNode& listener : topology_.listeners) {
    ListenerContext context;
    const auto& gateway = topology_.gateways[listener.gateway].entry->object->meta;
    if (!traffic_.empty()) {
      if (listener.listener_set != kNone) {
        const auto& set = topology_.listener_sets[listener.listener_set].entry->object->meta;
        context.chain.add(traffic_.find("ListenerSet", set.namespace_, set.name, *listener.spec->name));
        context.chain.add(traffic_.find("ListenerSet", set.namespace_, set.name));
      } else {
        context.chain.add(traffic_.find("Gateway", gateway.namespace_, gateway.name, *listener.spec->name));
      }
      context.chain.add(traffic_.find("Gateway", gateway.namespace_, gateway.name));
    }
    if (!backend_tls_.empty()) {
      context.client_certificate = topology_.gateways[listener.gateway].client_certificate;
      context.gateway = listener.gateway;
    }
    const auto known = std::ranges::find(contexts_of_listeners_, context);
    context_ids_.push_back(static_cast<std::uint32_t>(known - contexts_of_listeners_.begin()));
    if (known == contexts_of_listeners_.end()) contexts_of_listeners_.push_back(context);
  }
}

void Assembly::compile_routes() {
  find_contexts();
  const auto routes = store_.all<resource::HttpRoute>();
  route_names_.reserve(routes.size());
  for (const auto& route : routes) route_names_.push_back(route->meta.namespace_ + "/" + route->meta.name);
  if (options_.statuses) route_findings_.reserve(routes.size());
  std::size_t rules_in_all = 0;
  for (const auto& route : routes) rules_in_all += route->rules.size();
  plan_->rules.reserve(rules_in_all + store_.all<resource::L4Route>().size());
  RuleCompiler rules(*plan_, clusters_, traffic_, memory_.routes, diagnostics_);
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    rules.begin(routes[i], route_names_[i]);
    const Range links = attachments_.routes[i].links;
    for (std::uint32_t k = links.first; k < links.first + links.count; ++k) {
      const Link& link = attachments_.links[k];
      const std::uint32_t context = context_ids_[link.listener];
      // A listener that does not serve still decides about references, and is an ancestor of
      // BackendTLSPolicies.
      if (!topology_.listeners[link.listener].serves()) continue;
      add_matches(i, link, rules.add(contexts_of_listeners_[context], context), rules);
    }
    RouteFindings findings = rules.end();
    if (findings.accepted.ok()) {
      for (std::uint32_t k = links.first; k < links.first + links.count; ++k)
        ++topology_.listeners[attachments_.links[k].listener].attached_routes;
    }
    if (options_.statuses) route_findings_.push_back(std::move(findings));
  }
  compile_l4_routes();
  plan_->clusters = clusters_.take();
}

void Assembly::add_matches(std::uint32_t route, const Link& link, std::uint32_t first_rule,
                           const RuleCompiler& rules) {
  const resource::HttpRoute& spec = *store_.all<resource::HttpRoute>()[route];
  Inbox& inbox = inboxes_[link.listener];
  inbox.routes.emplace_back(static_cast<std::uint32_t>(inbox.matches.size()), route);
  const std::uint64_t listener_digest = hash_bytes(topology_.listeners[link.listener].name);
  for (std::uint32_t h = link.first_host; h < link.first_host + link.host_count; ++h) {
    for (std::uint32_t r = 0; r < spec.rules.size(); ++r) {
      for (std::uint32_t m = 0; m < spec.rules[r].matches.size(); ++m) {
        if (!rules.usable(r, m)) continue;
        const resource::HttpRouteMatch& from = spec.rules[r].matches[m];
        route::Match& match = inbox.matches.emplace_back();
        fill_match(from, spec.grpc(), match);
        if (const std::string* path = rules.normal_path(r, m)) match.path.value = *path;
        match.host = attachments_.hosts[h];
        match.precedence = {.created = spec.meta.creation_timestamp.value_or(INT64_MAX),
                            .route = route_names_[route],
                            .rule = r,
                            .match = m};
        match.target = first_rule + r;
        inbox.info.push_back({.prefix_bytes = prefix_bytes(match.path), .route_metrics = {}});
        std::uint64_t& digest = plan_->rules[match.target].matches_digest;
        digest = mix_hash(digest + 1, digest_of(match) + listener_digest);
      }
    }
  }
}

void Assembly::finish() {
  warn_of_unserved(store_, diagnostics_);
  const auto complain = [&](const auto& index, std::string_view kind) {
    for (const auto& outcome : index.outcomes()) {
      for (const Finding& target : outcome.targets) {
        if (target.ok()) continue;
        const auto& meta = (*outcome.policy)->meta;
        diagnostics_.push_back({resource::Severity::warning, outcome.policy->position(),
                                say("it has no effect: {}", target.message()), "",
                                say("{} {}/{}", kind, meta.namespace_, meta.name)});
      }
    }
  };
  complain(traffic_, "TrafficPolicy");
  complain(listener_policies_, "ListenerPolicy");
  complain(telemetry_, "TelemetryPolicy");
  for (const BackendTls::Status& status : backend_tls_.statuses()) {
    for (const Finding* finding : {&status.accepted, &status.resolved}) {
      if (finding->ok()) continue;
      const auto& meta = (*status.policy)->meta;
      diagnostics_.push_back({resource::Severity::warning, status.policy->position(), finding->message(), "",
                              say("BackendTLSPolicy {}/{}", meta.namespace_, meta.name)});
      break;
    }
  }
  warn_of_listeners();
}

void Assembly::warn_of_listeners() {
  for (const GatewayNode& gateway : topology_.gateways) {
    // That none of its listeners is valid is told of each of them.
    if (gateway.accepted.ok() || gateway.accepted.reason() == "ListenersNotValid") continue;
    const auto& meta = (*gateway.entry)->meta;
    diagnostics_.push_back({resource::Severity::warning, gateway.entry->position(),
                            say("not served: {}", gateway.accepted.message()), "",
                            say("Gateway {}/{}", meta.namespace_, meta.name)});
  }
  for (const ListenerNode& listener : topology_.listeners) {
    const bool told =
        !topology_.gateways[listener.gateway].programmed.ok();  // of the Gateway, or of its others
    for (const Finding* finding : {&listener.accepted, &listener.resolved, &listener.programmed}) {
      if (finding->ok() || (told && finding == &listener.programmed)) continue;
      const auto& gateway = *topology_.gateways[listener.gateway].entry;
      const bool own = listener.listener_set == kNone;
      const auto position =
          own ? gateway.at(listener.spec->mark)
              : topology_.listener_sets[listener.listener_set].entry->at(listener.spec->mark);
      diagnostics_.push_back(
          {resource::Severity::warning, position, finding->message(), "", "listener " + listener.name});
      break;
    }
  }
}

std::shared_ptr<const resource::TelemetryPolicy> Assembly::telemetry() const {
  // One process has one log: of several Gateways' policies the oldest one's settings hold.
  const resource::Entry<resource::TelemetryPolicy>* best = nullptr;
  for (const auto& outcome : telemetry_.outcomes()) {
    if (std::ranges::none_of(outcome.targets, &Finding::ok)) continue;
    if (best == nullptr || precedence_of((*outcome.policy)->meta) < precedence_of((*best)->meta))
      best = outcome.policy;
  }
  return best == nullptr ? nullptr : best->object;
}

bool Assembly::per_route_metrics() const {
  const auto policy = telemetry();
  return policy == nullptr || !policy->metrics || policy->metrics->per_route;
}

}  // namespace turnpike::plan
