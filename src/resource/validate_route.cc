#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "base/strings.h"
#include "resource/decode.h"
#include "resource/say.h"
#include "resource/suggest.h"
#include "resource/validate.h"

namespace turnpike::resource {

void check_label_selector_requirement(LabelSelectorRequirement& requirement, Checker& checker) {
  using Operator = LabelSelectorRequirement::Operator;
  const bool takes_values = requirement.op == Operator::in || requirement.op == Operator::not_in;
  if (takes_values && requirement.values.empty())
    checker.error("", "'values' must not be empty for In and NotIn");
  if (!takes_values && !requirement.values.empty()) {
    checker.error("values", "'values' must be empty for Exists and DoesNotExist");
  }
}

void check_backend_object_reference(BackendObjectReference& reference, Checker& checker) {
  if (reference.kind == "Backend" && reference.group.empty()) {
    checker.error(checker.has("kind") ? "kind" : "", "a Backend belongs to the group turnpike.dev",
                  "add group: turnpike.dev");
  } else if (reference.kind == "Service" && reference.group.empty() && !reference.port) {
    checker.error("", say("'port' is required for the Service '{}'", reference.name));
  }
}

void check_http_backend_ref(HttpBackendRef& reference, Checker& checker) {
  check_backend_object_reference(reference, checker);
  check_filter_list(reference.filters, checker);
}

void check_http_path_match(HttpPathMatch& match, Checker& checker) {
  const std::string& value = *match.value;
  if (match.type == PathMatchType::regular_expression) {
    checker.check_expression("value", value);
    return;
  }
  const std::string_view wrong = check_absolute_path(value);
  if (wrong.empty()) return;
  const bool looks_like_expression =
      value.find_first_of("[]\\^$|") != std::string::npos || value.ends_with(".*");
  checker.error("value", say("'value' {}: '{}'", wrong, value),
                looks_like_expression ? "write type: RegularExpression for an expression" : "");
}

void check_http_value_match(HttpValueMatch& match, Checker& checker) {
  if (match.type == MatchType::regular_expression) checker.check_expression("value", *match.value);
}

void check_http_route_timeouts(HttpRouteTimeouts& timeouts, Checker& checker) {
  if (!timeouts.request || !timeouts.backend_request || *timeouts.request == Duration::zero()) return;
  if (*timeouts.backend_request > *timeouts.request) {
    checker.error("backendRequest", "'backendRequest' must not be longer than 'request'");
  }
}

void check_session_persistence(SessionPersistence& persistence, Checker& checker) {
  using P = SessionPersistence;
  if (persistence.type == P::Type::header && checker.has("cookieConfig")) {
    checker.error("cookieConfig", "'cookieConfig' is for type Cookie only");
  }
  if (persistence.cookie_lifetime == P::Lifetime::permanent && !persistence.absolute_timeout) {
    checker.error("cookieConfig", "'absoluteTimeout' is required for a permanent cookie");
  }
}

namespace {

// ReplacePrefixMatch only means something when the rule has exactly one match, of type PathPrefix.
void check_prefix_replacement(const HttpRouteRule& rule, const std::vector<HttpRouteFilter>& filters,
                              const std::function<void(std::size_t, std::string)>& complain) {
  const auto replaces_prefix = [](const Box<HttpPathModifier>& path) {
    return path && path->type == HttpPathModifier::Type::replace_prefix_match;
  };
  const bool one_prefix = rule.matches.size() == 1 && rule.matches[0].path.type == PathMatchType::path_prefix;
  if (one_prefix) return;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const HttpRouteFilter& filter = filters[i];
    if ((filter.request_redirect && replaces_prefix(filter.request_redirect->path)) ||
        (filter.url_rewrite && replaces_prefix(filter.url_rewrite->path))) {
      complain(i, "ReplacePrefixMatch needs exactly one match in the rule, of type PathPrefix");
    }
  }
}

}  // namespace

void check_http_route_rule(HttpRouteRule& rule, Checker& checker) {
  if (rule.matches.empty()) rule.matches.emplace_back();
  check_filter_list(rule.filters, checker);
  check_prefix_replacement(rule, rule.filters, [&](std::size_t i, std::string message) {
    checker.error_in("filters", i, "", message);
  });
  for (std::size_t b = 0; b < rule.backend_refs.size(); ++b) {
    check_prefix_replacement(rule, rule.backend_refs[b].filters, [&](std::size_t, std::string message) {
      checker.error_in("backendRefs", b, "filters", message);
    });
  }
  const bool redirects =
      std::any_of(rule.filters.begin(), rule.filters.end(),
                  [](const HttpRouteFilter& filter) { return filter.request_redirect.has_value(); });
  if (redirects && !rule.backend_refs.empty()) {
    checker.error("backendRefs", "a rule that redirects must not have backendRefs");
  }
}

namespace {

void check_parent_refs(const std::vector<ParentReference>& parents, Checker& checker) {
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, std::string_view,
                      std::string_view, int>>
      seen;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const ParentReference& parent = parents[i];
    const std::string_view space =
        parent.namespace_ ? std::string_view(*parent.namespace_) : std::string_view{};
    const std::string_view section =
        parent.section_name ? std::string_view(**parent.section_name) : std::string_view{};
    if (!seen.emplace(parent.group, parent.kind, space, parent.name, section,
                      parent.port ? **parent.port : -1)
             .second) {
      checker.error_in("parentRefs", i, "name", say("'{}' is a parent already", parent.name),
                       "name another sectionName or port");
    }
  }
}

}  // namespace

void check_http_route(HttpRoute& route, Checker& checker) {
  if (route.rules.empty()) route.rules.emplace_back().matches.emplace_back();
  if (route.parent_refs.empty()) {
    checker.warning("", "the route has no parentRefs, so nothing reaches it");
  }
  check_parent_refs(route.parent_refs, checker);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    const auto& name = route.rules[i].name;
    if (name && !names.insert(*name).second) {
      checker.error_in("rules", i, "name", say("a rule named '{}' stands above already", *name));
    }
  }
}

void check_l4_backend_ref(L4BackendRef& reference, Checker& checker) {
  check_backend_object_reference(reference, checker);
}

void check_l4_route(L4Route& route, Checker& checker) {
  if (route.parent_refs.empty()) {
    checker.warning("", "the route has no parentRefs, so nothing reaches it");
  }
  check_parent_refs(route.parent_refs, checker);
}

}  // namespace turnpike::resource
