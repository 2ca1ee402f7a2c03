// GRPCRoute: its own conditions, and what they ask of the path of a request.
#include <string>

#include "base/strings.h"
#include "resource/decode.h"
#include "resource/say.h"
#include "resource/validate.h"

namespace turnpike::resource {

namespace {

bool is_letter(char c) noexcept { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// [A-Za-z_][A-Za-z_0-9]*
bool is_identifier(std::string_view text) noexcept {
  if (text.empty() || (!is_letter(text.front()) && text.front() != '_')) return false;
  for (const char c : text) {
    if (!is_letter(c) && c != '_' && (c < '0' || c > '9')) return false;
  }
  return true;
}

// Identifiers with dots between them; one dot may lead.
bool is_service(std::string_view text) noexcept {
  if (text.starts_with('.')) text.remove_prefix(1);
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_identifier(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

void check_name(std::string_view field, const std::optional<std::string>& name, bool good,
                std::string_view what, Checker& checker) {
  if (!name || name->empty() || good) return;
  const bool expression = name->find_first_of("*+?[]()\\^$|") != std::string::npos;
  checker.error(field, say("'{}' is no name of a {}", *name, what),
                expression ? "write type: RegularExpression for an expression" : "");
}

bool given(const std::optional<std::string>& name) noexcept { return name && !name->empty(); }

// What a call's path must be like. A service without a method is a prefix, found as fast as a whole path.
void fill_path(const GrpcMethodMatch& match, Marked<std::string>& value, PathMatchType& type) {
  const bool service = given(match.service);
  const bool method = given(match.method);
  if (match.type == MatchType::exact && service) {
    type = method ? PathMatchType::exact : PathMatchType::path_prefix;
    value.value = method ? say("/{}/{}", *match.service, *match.method) : say("/{}", *match.service);
    return;
  }
  type = PathMatchType::regular_expression;
  const auto part = [](bool there, const std::optional<std::string>& name) {
    return there ? "(?:" + *name + ")" : std::string("[^/]+");
  };
  value.value = "/" + part(service, match.service) + "/" + part(method, match.method);
}

}  // namespace

void check_grpc_method_match(GrpcMethodMatch& match, Checker& checker) {
  if (!given(match.service) && !given(match.method)) {
    return checker.error("", "one of 'service' and 'method' is required, or both",
                         "leave 'method' out to match every call");
  }
  if (match.type == MatchType::regular_expression) {
    if (given(match.service)) checker.check_expression("service", *match.service);
    if (given(match.method)) checker.check_expression("method", *match.method);
    return;
  }
  check_name("service", match.service, given(match.service) && is_service(*match.service), "service",
             checker);
  check_name("method", match.method, given(match.method) && is_identifier(*match.method), "method", checker);
}

void check_grpc_route_match(HttpRouteMatch& match, Checker&) {
  if (match.grpc_method) fill_path(*match.grpc_method, match.path.value, match.path.type);
}

void check_grpc_route_rule(HttpRouteRule& rule, Checker& checker) {
  if (rule.matches.empty()) rule.matches.emplace_back();
  check_filter_list(rule.filters, checker);
}

}  // namespace turnpike::resource
