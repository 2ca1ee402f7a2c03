#include "plan/rules.h"

#include <algorithm>

#include "base/hash.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

std::string hex(std::uint64_t number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[(number >> shift) & 15];
  return out;
}

}  // namespace

void RuleCompiler::report(resource::Severity severity, resource::Mark mark, std::string message,
                          std::string hint) {
  diagnostics_.push_back(
      {severity, route_->at(mark), std::move(message), std::move(hint), say("{} {}", kind(), name_)});
}

void RuleCompiler::begin(const RouteEntry& route, std::string_view name) {
  route_ = &route;
  name_ = name;
  prepared_ = cache_.get(route.object);
  added_.clear();
  bad_rules_.clear();
  findings_ = {};
  references_reported_ = false;
  if (prepared_->lends()) plan_.policies.push_back(prepared_);
  for (std::size_t i = 0; i < prepared_->rules.size(); ++i) check_rule(i);
}

void RuleCompiler::check_rule(std::size_t index) {
  const PreparedRule& rule = prepared_->rules[index];
  const resource::HttpRouteRule& spec = (*route_)->rules[index];
  const std::string* problem = rule.problem.empty() ? nullptr : &rule.problem;
  for (const PreparedRule::Backend& backend : rule.backends) {
    if (problem == nullptr && !backend.problem.empty()) problem = &backend.problem;
  }
  if (problem != nullptr) {
    if (!rule.reason.empty()) findings_.accepted.fail(rule.reason, *problem);
    report(resource::Severity::error, spec.mark, *problem);
    bad_rules_.emplace_back(index, *problem);
  }
  for (const auto& [match, sentence] : rule.bad_matches) {
    report(resource::Severity::error, spec.matches[match].mark, sentence);
    if (problem == nullptr) bad_rules_.emplace_back(index, sentence);
  }
}

TrafficChain RuleCompiler::chain_of(const resource::HttpRouteRule& spec,
                                    const ListenerContext& context) const {
  TrafficChain chain;
  if (traffic_.any_for(kind())) {
    const auto& meta = (*route_)->meta;
    if (spec.name) chain.add(traffic_.find(kind(), meta.namespace_, meta.name, *spec.name));
    chain.add(traffic_.find(kind(), meta.namespace_, meta.name));
  }
  chain.add(context.chain);
  return chain;
}

std::uint32_t RuleCompiler::resolve(const resource::BackendObjectReference& reference,
                                    const BackendContext& context) {
  ResolvedBackend resolved = clusters_.resolve(reference, context);
  if (!resolved.reason.empty()) {
    findings_.resolved.fail(resolved.reason, resolved.message);
    if (!references_reported_)
      report(resource::Severity::warning, reference.mark,
             say("requests to it get 500: {}", resolved.message));
  }
  return resolved.cluster;
}

void RuleCompiler::add_backends(const resource::HttpRouteRule& spec, const PreparedRule& prepared,
                                const BackendContext& context, Rule& rule) {
  rule.backends.reserve(spec.backend_refs.size());
  for (std::size_t i = 0; i < spec.backend_refs.size(); ++i) {
    const resource::HttpBackendRef& reference = spec.backend_refs[i];
    BackendChoice& choice = rule.backends.emplace_back();
    choice.weight = reference.weight;
    choice.cluster = resolve(reference, context);
    rule.total_weight += reference.weight;
    if (i >= prepared.backends.size()) continue;
    // A filter that cannot be made must not be left out.
    if (!prepared.backends[i].problem.empty()) choice.cluster = BackendChoice::kInvalid;
    choice.on_request = prepared.backends[i].on_request;
    choice.on_response = prepared.backends[i].on_response;
  }
  for (const resource::HttpRequestMirror* mirror : prepared.mirrors) {
    const std::uint32_t cluster = resolve(mirror->backend_ref, context);
    if (cluster == BackendChoice::kInvalid || mirror->share.numerator <= 0) continue;
    rule.mirrors.push_back({cluster, static_cast<std::uint32_t>(mirror->share.numerator),
                            static_cast<std::uint32_t>(mirror->share.denominator)});
  }
}

void RuleCompiler::set_session(const resource::HttpRouteRule& spec, Rule& rule) {
  if (!spec.session_persistence) return;
  const resource::SessionPersistence& from = *spec.session_persistence;
  SessionPersistence& to = rule.session.emplace();
  to.cookie = from.type == resource::SessionPersistence::Type::cookie;
  // Different rules need different names, or their cookies would replace each other.
  to.name = from.session_name ? *from.session_name
                              : "turnpike-session-" + hex(hash_bytes(rule.route + "/" + rule.rule, 1));
  if (from.cookie_lifetime == resource::SessionPersistence::Lifetime::permanent)
    to.absolute_timeout = from.absolute_timeout;
}

void RuleCompiler::fill(const resource::HttpRouteRule& spec, std::size_t index,
                        const ListenerContext& context, bool wanted, Rule& rule) {
  const PreparedRule& prepared = prepared_->rules[index];
  rule.route = name_;
  rule.rule = spec.name ? *spec.name : std::to_string(index);
  rule.origin = file_and_line(route_->at(spec.mark));
  rule.grpc = (*route_)->grpc();
  const TrafficChain route_chain = chain_of(spec, context);
  const BackendContext backend{.route_namespace = (*route_)->meta.namespace_,
                               .route_kind = (*route_)->kind,
                               .chain = &route_chain,
                               .client_certificate = context.client_certificate,
                               .gateway = context.gateway,
                               .wanted = wanted};
  add_backends(spec, prepared, backend, rule);
  // What is attached to the Service or Backend is nearer than what is attached to the route (GEP-713), as
  // long as it is the same for all backends of the rule.
  TrafficChain chain;
  if (!traffic_.empty() && !spec.backend_refs.empty()) {
    const auto of = [&](const auto& ref) { return clusters_.policies_of(ref, backend.route_namespace); };
    const TrafficChain first = of(spec.backend_refs.front());
    if (std::ranges::all_of(spec.backend_refs, [&](const auto& ref) { return of(ref) == first; }))
      chain.add(first);
  }
  chain.add(route_chain);
  apply_traffic(chain, spec, rule);
  // A stream may begin with silence as it may have silence within.
  if (rule.grpc && rule.timeouts.response_head != Duration{0})
    rule.timeouts.response_head = rule.timeouts.stream_idle;
  set_session(spec, rule);
  if (!prepared.problem.empty()) {
    // The rule keeps its place, so that its requests do not fall to another one that lacks the filter: they
    // get 500.
    rule.backends.clear();
    rule.mirrors.clear();
    rule.total_weight = 0;
    return;
  }
  rule.on_request = prepared.on_request;
  rule.on_response = prepared.on_response;
  if (wanted) add_cors(cors_.of(chain, rule.grpc, plan_), rule);
}

std::uint32_t RuleCompiler::add(const ListenerContext& context, std::uint32_t context_id) {
  for (const auto& [id, first] : added_) {
    if (id == context_id) return first;
  }
  const auto first = static_cast<std::uint32_t>(plan_.rules.size());
  for (std::size_t i = 0; i < (*route_)->rules.size(); ++i)
    fill((*route_)->rules[i], i, context, true, plan_.rules.emplace_back());
  added_.emplace_back(context_id, first);
  references_reported_ = true;
  return first;
}

RouteFindings RuleCompiler::end() {
  if (added_.empty()) {
    for (std::size_t i = 0; i < (*route_)->rules.size(); ++i) {
      Rule scrap;
      fill((*route_)->rules[i], i, {}, false, scrap);
    }
  }
  std::vector<std::size_t> bad;
  for (const auto& [rule, problem] : bad_rules_) {
    if (std::ranges::find(bad, rule) == bad.end()) bad.push_back(rule);
  }
  if (!bad.empty() && bad.size() == (*route_)->rules.size()) {
    findings_.accepted.fail("UnsupportedValue", bad_rules_.front().second);
  } else if (!bad.empty() && findings_.accepted.ok()) {
    findings_.partially = "Dropped Rule";
    for (const auto& [rule, problem] : bad_rules_)
      findings_.partially +=
          say("{} {}: {}", &problem == &bad_rules_.front().second ? "" : ";", rule, problem);
  }
  return std::move(findings_);
}

}  // namespace turnpike::plan
