#include "plan/rules.h"

#include <algorithm>

#include "base/hash.h"
#include "policy/list.h"
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

bool replaces_prefix(const resource::HttpRouteFilter& filter) {
  const auto is_prefix = [](const resource::Box<resource::HttpPathModifier>& path) {
    return path && path->type == resource::HttpPathModifier::Type::replace_prefix_match;
  };
  return (filter.url_rewrite && is_prefix(filter.url_rewrite->path)) ||
         (filter.request_redirect && is_prefix(filter.request_redirect->path));
}

bool all_matches_are_prefixes(const resource::HttpRouteRule& rule) {
  return std::ranges::all_of(rule.matches, [](const resource::HttpRouteMatch& match) {
    return match.path.type == resource::PathMatchType::path_prefix;
  });
}

// What is wrong with the filters as a set; empty if nothing is.
std::string incompatible(const std::vector<resource::HttpRouteFilter>& filters) {
  using enum resource::HttpFilterType;
  bool redirect = false, rewrite = false;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    redirect |= filters[i].type == request_redirect;
    rewrite |= filters[i].type == url_rewrite;
    if (filters[i].type == request_mirror || filters[i].type == extension_ref) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (filters[j].type == filters[i].type)
        return say("the filter {} stands there twice", policy::name_of(filters[i].type));
    }
  }
  if (redirect && rewrite) return "RequestRedirect and URLRewrite cannot be used together";
  return {};
}

void sort_by_place(std::vector<const policy::Policy*>& policies) {
  std::ranges::sort(policies, {}, [](const policy::Policy* p) { return policy::place_of(p->name()); });
}

}  // namespace

void RuleCompiler::report(resource::Severity severity, resource::Mark mark, std::string message,
                          std::string hint) {
  diagnostics_.push_back(
      {severity, route_->at(mark), std::move(message), std::move(hint), say("HTTPRoute {}", name_)});
}

void RuleCompiler::begin(const RouteEntry& route, std::string_view name) {
  route_ = &route;
  name_ = name;
  prepared_.clear();
  added_.clear();
  bad_rules_.clear();
  findings_ = {};
  references_reported_ = false;
  prepared_.reserve(route->rules.size());
  for (const resource::HttpRouteRule& rule : route->rules) {
    Prepared& prepared = prepared_.emplace_back(prepare(rule));
    std::string problem = prepared.problem;
    for (const Prepared::Backend& backend : prepared.backends) {
      if (problem.empty()) problem = backend.problem;
    }
    if (problem.empty()) continue;
    if (prepared.reason == "IncompatibleFilters") findings_.accepted.fail(prepared.reason, problem);
    report(resource::Severity::error, rule.mark, problem);
    bad_rules_.emplace_back(prepared_.size() - 1, std::move(problem));
  }
}

void RuleCompiler::bad_match(std::size_t rule, resource::Mark mark, std::string problem) {
  const auto known = [&](const auto& bad) { return bad.first == rule && bad.second == problem; };
  if (std::ranges::any_of(bad_rules_, known)) return;
  report(resource::Severity::error, mark, problem);
  bad_rules_.emplace_back(rule, std::move(problem));
}

std::string RuleCompiler::make_policies(const std::vector<resource::HttpRouteFilter>& filters,
                                        const resource::HttpRouteRule& rule,
                                        std::vector<const policy::Policy*>& on_request,
                                        std::vector<const policy::Policy*>& on_response,
                                        std::vector<const resource::HttpRequestMirror*>* mirrors,
                                        std::string_view& reason) {
  if (filters.empty()) return {};
  if (std::string problem = incompatible(filters); !problem.empty()) {
    reason = "IncompatibleFilters";
    return problem;
  }
  for (const resource::HttpRouteFilter& filter : filters) {
    if (replaces_prefix(filter) && !all_matches_are_prefixes(rule))
      return "ReplacePrefixMatch needs matches of the type PathPrefix only";
    auto made = policy::make_policy(filter);
    if (!made) return say("filter {}: {}", policy::name_of(filter.type), made.error());
    if (*made == nullptr) {
      if (mirrors == nullptr) return "RequestMirror belongs to the rule, not to a backendRef";
      mirrors->push_back(&*filter.request_mirror);
      continue;
    }
    const policy::Policy* policy = made->get();
    plan_.policies.push_back(std::move(*made));
    if (policy->wants_request()) on_request.push_back(policy);
    if (policy->wants_response()) on_response.push_back(policy);
  }
  sort_by_place(on_request);
  sort_by_place(on_response);
  std::ranges::reverse(on_response);
  return {};
}

RuleCompiler::Prepared RuleCompiler::prepare(const resource::HttpRouteRule& rule) {
  Prepared out;
  out.problem = make_policies(rule.filters, rule, out.on_request, out.on_response, &out.mirrors, out.reason);
  const bool any =
      std::ranges::any_of(rule.backend_refs, [](const auto& ref) { return !ref.filters.empty(); });
  if (any) {
    for (const resource::HttpBackendRef& reference : rule.backend_refs) {
      Prepared::Backend& backend = out.backends.emplace_back();
      backend.problem = make_policies(reference.filters, rule, backend.on_request, backend.on_response,
                                      nullptr, out.reason);
    }
  }
  return out;
}

TrafficChain RuleCompiler::chain_of(const resource::HttpRouteRule& spec,
                                    const ListenerContext& context) const {
  TrafficChain chain;
  if (traffic_.any_for("HTTPRoute")) {
    const auto& meta = (*route_)->meta;
    if (spec.name) chain.add(traffic_.find("HTTPRoute", meta.namespace_, meta.name, *spec.name));
    chain.add(traffic_.find("HTTPRoute", meta.namespace_, meta.name));
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

void RuleCompiler::add_backends(const resource::HttpRouteRule& spec, const Prepared& prepared,
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
  const Prepared& prepared = prepared_[index];
  rule.route = name_;
  rule.rule = spec.name ? *spec.name : std::to_string(index);
  rule.origin = file_and_line(route_->at(spec.mark));
  const TrafficChain route_chain = chain_of(spec, context);
  const BackendContext backend{.route_namespace = (*route_)->meta.namespace_,
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
