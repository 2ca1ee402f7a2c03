#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/strings.h"
#include "resource/decode.h"
#include "resource/say.h"
#include "resource/validate.h"

namespace turnpike::resource {

namespace {

struct Member {
  HttpFilterType type;
  std::string_view type_name;
  std::string_view field;
  bool repeatable;
};
constexpr std::array<Member, 7> kMembers{
    {{HttpFilterType::request_header_modifier, "RequestHeaderModifier", "requestHeaderModifier", false},
     {HttpFilterType::response_header_modifier, "ResponseHeaderModifier", "responseHeaderModifier", false},
     {HttpFilterType::request_mirror, "RequestMirror", "requestMirror", true},
     {HttpFilterType::request_redirect, "RequestRedirect", "requestRedirect", false},
     {HttpFilterType::url_rewrite, "URLRewrite", "urlRewrite", false},
     {HttpFilterType::cors, "CORS", "cors", false},
     {HttpFilterType::extension_ref, "ExtensionRef", "extensionRef", true}}};

}  // namespace

void check_http_route_filter(HttpRouteFilter& filter, Checker& checker) {
  for (const Member& member : kMembers) {
    if (member.type == filter.type && !checker.has(member.field)) {
      checker.error("type", say("'{}' is required for type {}", member.field, member.type_name));
    } else if (member.type != filter.type && checker.has(member.field)) {
      checker.error(member.field,
                    say("'{}' must not be given unless type is {}", member.field, member.type_name),
                    say("write type: {}", member.type_name));
    }
  }
}

void check_filter_list(const std::vector<HttpRouteFilter>& filters, Checker& checker) {
  bool redirects = false;
  bool rewrites = false;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const HttpFilterType type = filters[i].type;
    redirects |= type == HttpFilterType::request_redirect;
    rewrites |= type == HttpFilterType::url_rewrite;
    const auto& member =
        *std::find_if(kMembers.begin(), kMembers.end(), [&](const Member& m) { return m.type == type; });
    const bool repeated = std::any_of(filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(i),
                                      [&](const HttpRouteFilter& earlier) { return earlier.type == type; });
    if (repeated && !member.repeatable) {
      checker.error_in("filters", i, "type", say("{} must not be repeated", member.type_name));
    }
    if (redirects && rewrites &&
        (type == HttpFilterType::request_redirect || type == HttpFilterType::url_rewrite)) {
      checker.error_in("filters", i, "type", "RequestRedirect and URLRewrite exclude each other");
      redirects = rewrites = false;
    }
  }
}

void check_http_header_filter(HttpHeaderFilter& filter, Checker& checker) {
  std::set<std::string> seen;
  const auto once = [&](std::string_view list, std::size_t i, std::string_view inner,
                        const std::string& name) {
    if (!name.empty() && !seen.insert(lower_case(name)).second) {
      checker.error_in(list, i, inner, say("the header '{}' is named twice in this filter", name));
    }
  };
  for (std::size_t i = 0; i < filter.set.size(); ++i) once("set", i, "name", filter.set[i].name);
  for (std::size_t i = 0; i < filter.add.size(); ++i) once("add", i, "name", filter.add[i].name);
  for (std::size_t i = 0; i < filter.remove.size(); ++i) once("remove", i, "", filter.remove[i]);
  // What frames messages or belongs to one connection is the gateway's own business (RFC 9110 §7.6.1).
  for (const std::string_view own : {"connection", "content-length", "host", "keep-alive", "te", "trailer",
                                     "transfer-encoding", "upgrade"}) {
    if (own == "host" || !seen.contains(std::string(own))) continue;
    checker.error("", say("the header '{}' belongs to the connection and cannot be changed", own));
  }
}

void check_http_path_modifier(HttpPathModifier& modifier, Checker& checker) {
  const bool full = modifier.type == HttpPathModifier::Type::replace_full_path;
  const std::string_view wanted = full ? "replaceFullPath" : "replacePrefixMatch";
  const std::string_view other = full ? "replacePrefixMatch" : "replaceFullPath";
  if (checker.has(other)) {
    return checker.error(
        other, say("'{}' does not go with type {}", other, full ? "ReplaceFullPath" : "ReplacePrefixMatch"));
  }
  if (!checker.has(wanted)) return checker.error("type", say("'{}' is required for this type", wanted));
  if (modifier.value.empty() && !full) return;  // the prefix is cut off
  const std::string_view wrong = check_absolute_path(modifier.value);
  if (!wrong.empty()) checker.error(wanted, say("'{}' {}: '{}'", wanted, wrong, modifier.value));
}

void check_http_request_redirect(HttpRequestRedirect& redirect, Checker& checker) {
  for (const int known : {301, 302, 303, 307, 308}) {
    if (redirect.status_code == known) return;
  }
  checker.error("statusCode",
                say("'statusCode' must be 301, 302, 303, 307 or 308, not {}", redirect.status_code));
}

void check_fraction(Fraction& fraction, Checker& checker) {
  if (fraction.numerator > fraction.denominator) {
    checker.error("numerator", "'numerator' must not be greater than 'denominator'");
  }
}

void check_http_request_mirror(HttpRequestMirror&, Checker& checker) {
  constexpr std::array<std::string_view, 2> kShares{"percent", "fraction"};
  checker.exactly_one_of(kShares, true);
}

void check_http_cors(HttpCors& cors, Checker& checker) {
  const auto alone = [&](std::string_view field, const std::vector<std::string>& list) {
    if (list.size() > 1 && std::find(list.begin(), list.end(), "*") != list.end()) {
      checker.error(field, say("'*' must stand alone in '{}'", field));
    }
  };
  alone("allowOrigins", cors.allow_origins);
  alone("allowMethods", cors.allow_methods);
  alone("allowHeaders", cors.allow_headers);
  alone("exposeHeaders", cors.expose_headers);
  for (std::size_t i = 0; i < cors.allow_methods.size(); ++i) {
    const std::string& method = cors.allow_methods[i];
    if (method != "*" && !check_header_name(method).empty()) {
      checker.error_in("allowMethods", i, "", say("'{}' is not a method", method));
    }
  }
}

}  // namespace turnpike::resource
