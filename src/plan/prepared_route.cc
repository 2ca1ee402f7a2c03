#include "plan/prepared_route.h"

#include <algorithm>
#include <tuple>

#include "base/arena.h"
#include "http/path.h"
#include "plan/matches.h"
#include "policy/list.h"
#include "resource/say.h"
#include "route/table.h"

namespace turnpike::plan {
namespace {

using resource::say;

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

// The first thing that is wrong with the filters; empty if each was made into a policy and put into its
// phases.
std::string make_policies(const std::vector<resource::HttpRouteFilter>& filters,
                          const resource::HttpRouteRule& rule, PreparedRoute& route, PreparedRule& out,
                          std::vector<const policy::Policy*>& on_request,
                          std::vector<const policy::Policy*>& on_response, bool of_backend) {
  if (filters.empty()) return {};
  if (std::string problem = incompatible(filters); !problem.empty()) {
    out.reason = "IncompatibleFilters";
    return problem;
  }
  for (const resource::HttpRouteFilter& filter : filters) {
    if (replaces_prefix(filter) && !all_matches_are_prefixes(rule))
      return "ReplacePrefixMatch needs matches of the type PathPrefix only";
    auto made = policy::make_policy(filter);
    if (!made) return say("filter {}: {}", policy::name_of(filter.type), made.error());
    if (*made == nullptr) {
      if (of_backend) return "RequestMirror belongs to the rule, not to a backendRef";
      out.mirrors.push_back(&*filter.request_mirror);
      continue;
    }
    const policy::Policy* policy = made->get();
    route.policies.push_back(std::move(*made));
    if (policy->wants_request()) on_request.push_back(policy);
    if (policy->wants_response()) on_response.push_back(policy);
  }
  sort_by_place(on_request);
  sort_by_place(on_response);
  std::ranges::reverse(on_response);
  return {};
}

void try_expressions(const resource::HttpRouteRule& rule, bool grpc, PreparedRule& out) {
  for (std::size_t i = 0; i < rule.matches.size(); ++i) {
    if (!has_regex(rule.matches[i])) continue;
    route::Match match;
    fill_match(rule.matches[i], grpc, match);
    // One bad expression must not take the whole listener with it.
    if (auto alone = route::Table::compile({&match, 1}); !alone)
      out.bad_matches.emplace_back(i, alone.error());
  }
}

// "/%41" is "/A" by the time that a request is matched (http/path.h), and "%c3" is "%C3".
void normalise_paths(const resource::HttpRouteRule& rule, PreparedRule& out) {
  for (std::size_t i = 0; i < rule.matches.size(); ++i) {
    const resource::HttpPathMatch& path = rule.matches[i].path;
    if (path.type == resource::PathMatchType::regular_expression) continue;
    if (path.value->find('%') == std::string::npos) continue;
    Arena arena;
    const auto normal = http::normalise_path(*path.value, {}, arena);
    if (normal && *normal != *path.value) out.normal_paths.emplace_back(i, *normal);
  }
}

}  // namespace

bool PreparedRoute::lends() const noexcept {
  return !policies.empty() ||
         std::ranges::any_of(rules, [](const PreparedRule& rule) { return !rule.normal_paths.empty(); });
}

PreparedRoute::PreparedRoute(const resource::HttpRoute& route) {
  rules.reserve(route.rules.size());
  for (const resource::HttpRouteRule& rule : route.rules) {
    PreparedRule& out = rules.emplace_back();
    out.problem = make_policies(rule.filters, rule, *this, out, out.on_request, out.on_response, false);
    try_expressions(rule, route.grpc(), out);
    normalise_paths(rule, out);
    if (std::ranges::all_of(rule.backend_refs, [](const auto& ref) { return ref.filters.empty(); })) continue;
    for (const resource::HttpBackendRef& reference : rule.backend_refs) {
      PreparedRule::Backend& backend = out.backends.emplace_back();
      backend.problem =
          make_policies(reference.filters, rule, *this, out, backend.on_request, backend.on_response, true);
    }
  }
}

std::shared_ptr<const PreparedRoute> PreparedRoutes::get(
    const std::shared_ptr<const resource::HttpRoute>& route) {
  const auto here = [&] { return next_ < before_.size() && before_[next_].route == route; };
  if (!here()) {
    // Both lists are ordered by kind, namespace and name.
    const auto key = [](const resource::HttpRoute& r) {
      return std::tie(r.kind, r.meta.namespace_, r.meta.name);
    };
    while (next_ < before_.size() && key(*before_[next_].route) < key(*route)) ++next_;
  }
  now_.push_back({route, here() ? before_[next_++].prepared : std::make_shared<const PreparedRoute>(*route)});
  return now_.back().prepared;
}

void PreparedRoutes::end_of_compilation() {
  before_ = std::move(now_);
  now_.clear();
  now_.reserve(before_.size());
  next_ = 0;
}

}  // namespace turnpike::plan
