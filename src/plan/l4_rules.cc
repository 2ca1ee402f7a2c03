#include "plan/l4_rules.h"

#include <algorithm>

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Built in, where no TrafficPolicy says otherwise.
constexpr Duration kStreamIdle = 1h;    // no byte in either direction of a connection
constexpr Duration kSessionIdle = 60s;  // no datagram of the client
constexpr unsigned kConnectRetries = 2;

}  // namespace

void L4RuleCompiler::warn(resource::Mark mark, std::string message, std::string hint) {
  diagnostics_.push_back({resource::Severity::warning, route_->at(mark), std::move(message), std::move(hint),
                          say("{} {}", resource::name_of((*route_)->kind), name_)});
}

void L4RuleCompiler::begin(const resource::Entry<resource::L4Route>& route, std::string_view name) {
  route_ = &route;
  name_ = name;
  added_.clear();
  findings_ = {};
  reported_ = false;
}

TrafficChain L4RuleCompiler::chain_of(const resource::L4RouteRule& spec,
                                      const ListenerContext& context) const {
  TrafficChain chain;
  const std::string_view kind = resource::name_of((*route_)->kind);
  if (traffic_.any_for(kind)) {
    const auto& meta = (*route_)->meta;
    if (spec.name) chain.add(traffic_.find(kind, meta.namespace_, meta.name, *spec.name));
    chain.add(traffic_.find(kind, meta.namespace_, meta.name));
  }
  chain.add(context.chain);
  return chain;
}

std::uint32_t L4RuleCompiler::resolve(const resource::L4BackendRef& reference,
                                      const BackendContext& context) {
  ResolvedBackend resolved = clusters_.resolve(reference, context);
  if (!resolved.reason.empty()) {
    findings_.resolved.fail(resolved.reason, resolved.message);
    if (!reported_) warn(reference.mark, say("connections to it are refused: {}", resolved.message));
  }
  return resolved.cluster;
}

void L4RuleCompiler::fill(const ListenerContext& context, bool passthrough, bool wanted, Rule& rule) {
  const resource::L4RouteRule& spec = (*route_)->rules.front();
  rule.route = name_;
  rule.rule = spec.name ? *spec.name : "0";
  rule.origin = file_and_line(route_->at(spec.mark));
  const TrafficChain route_chain = chain_of(spec, context);
  const BackendContext backend{.route_namespace = (*route_)->meta.namespace_,
                               .route_kind = (*route_)->kind,
                               .chain = &route_chain,
                               .client_certificate = context.client_certificate,
                               .gateway = context.gateway,
                               .wanted = wanted,
                               .passthrough = passthrough};
  rule.backends.reserve(spec.backend_refs.size());
  for (const resource::L4BackendRef& reference : spec.backend_refs) {
    BackendChoice& choice = rule.backends.emplace_back();
    choice.weight = reference.weight;
    choice.cluster = resolve(reference, backend);
    rule.total_weight += reference.weight;
  }
  // As for HTTP: what is attached to the Service or Backend is nearer, where it is the same for all of them.
  TrafficChain chain;
  if (!traffic_.empty()) {
    const auto of = [&](const auto& ref) { return clusters_.policies_of(ref, backend.route_namespace); };
    const TrafficChain first = of(spec.backend_refs.front());
    if (std::ranges::all_of(spec.backend_refs, [&](const auto& ref) { return of(ref) == first; }))
      chain.add(first);
  }
  chain.add(route_chain);
  rule.timeouts.stream_idle = (*route_)->kind == resource::Kind::udp_route ? kSessionIdle : kStreamIdle;
  rule.retry.attempts = kConnectRetries;
  static const resource::HttpRouteRule nothing;
  apply_traffic(chain, nothing, rule);
  if (rule.hash_key != Rule::HashKey::none && rule.hash_key != Rule::HashKey::source_ip) {
    if (!reported_)
      warn(spec.mark, "consistent hashing by a header or cookie: there is none here, so that chance decides",
           "write consistentHash: {sourceIP: {}}");
    rule.hash_key = Rule::HashKey::none;
  }
}

std::uint32_t L4RuleCompiler::add(const ListenerContext& context, std::uint32_t context_id,
                                  bool passthrough) {
  for (const Added& there : added_) {
    if (there.context == context_id && there.passthrough == passthrough) return there.rule;
  }
  const auto index = static_cast<std::uint32_t>(plan_.rules.size());
  fill(context, passthrough, true, plan_.rules.emplace_back());
  added_.push_back({context_id, passthrough, index});
  reported_ = true;
  return index;
}

RouteFindings L4RuleCompiler::end() {
  if (added_.empty()) {
    Rule scrap;
    fill({}, false, false, scrap);
  }
  return std::move(findings_);
}

}  // namespace turnpike::plan
