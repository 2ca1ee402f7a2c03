#include "policy/list.h"

#include "policy/cors/cors.h"
#include "policy/header_modifier/header_modifier.h"
#include "policy/redirect/redirect.h"
#include "policy/rewrite/rewrite.h"
#include "policy/text.h"

namespace turnpike::policy {
namespace {

using Made = std::expected<std::unique_ptr<const Policy>, std::string>;

PathModifierConfig path_config(const resource::Box<resource::HttpPathModifier>& path) {
  if (!path) return {};
  const bool full = path->type == resource::HttpPathModifier::Type::replace_full_path;
  return {full ? PathModifierConfig::Kind::full : PathModifierConfig::Kind::prefix, path->value};
}

Made make_header_modifier(HeaderModifierConfig::Side side, const resource::HttpHeaderFilter& filter) {
  HeaderModifierConfig config;
  config.side = side;
  config.set.reserve(filter.set.size());
  config.add.reserve(filter.add.size());
  for (const auto& header : filter.set) config.set.push_back({header.name, header.value});
  for (const auto& header : filter.add) config.add.push_back({header.name, header.value});
  config.remove = filter.remove;
  return HeaderModifier::make(std::move(config));
}

Made make_redirect(const resource::HttpRequestRedirect& filter) {
  return Redirect::make({.scheme = filter.scheme.value_or(""),
                         .hostname = filter.hostname.value_or(""),
                         .path = path_config(filter.path),
                         .port = filter.port.value_or(0),
                         .status = filter.status_code});
}

Made make_rewrite(const resource::HttpUrlRewrite& filter) {
  return Rewrite::make({.hostname = filter.hostname.value_or(""), .path = path_config(filter.path)});
}

Made make_cors(const resource::HttpCors& filter) {
  return Cors::make({.allow_origins = filter.allow_origins,
                     .allow_credentials = filter.allow_credentials,
                     .allow_methods = filter.allow_methods,
                     .allow_headers = filter.allow_headers,
                     .expose_headers = filter.expose_headers,
                     .max_age = filter.max_age});
}

}  // namespace

std::string_view name_of(resource::HttpFilterType type) noexcept {
  using enum resource::HttpFilterType;
  switch (type) {
    case request_header_modifier:
      return "RequestHeaderModifier";
    case response_header_modifier:
      return "ResponseHeaderModifier";
    case request_mirror:
      return "RequestMirror";
    case request_redirect:
      return "RequestRedirect";
    case url_rewrite:
      return "URLRewrite";
    case cors:
      return "CORS";
    case extension_ref:
      return "ExtensionRef";
  }
  return "";
}

std::expected<std::unique_ptr<const Policy>, std::string> make_policy(
    const resource::HttpRouteFilter& filter) {
  using enum resource::HttpFilterType;
  const auto missing = [&] {
    return std::unexpected(text_of("filter ", name_of(filter.type), " lacks its settings"));
  };
  switch (filter.type) {
    case request_header_modifier:
      if (!filter.request_header_modifier) return missing();
      return make_header_modifier(HeaderModifierConfig::Side::request, *filter.request_header_modifier);
    case response_header_modifier:
      if (!filter.response_header_modifier) return missing();
      return make_header_modifier(HeaderModifierConfig::Side::response, *filter.response_header_modifier);
    case request_redirect:
      if (!filter.request_redirect) return missing();
      return make_redirect(*filter.request_redirect);
    case url_rewrite:
      if (!filter.url_rewrite) return missing();
      return make_rewrite(*filter.url_rewrite);
    case cors:
      if (!filter.cors) return missing();
      return make_cors(*filter.cors);
    case request_mirror:
      return nullptr;
    case extension_ref:
      break;
  }
  if (!filter.extension_ref) return missing();
  return std::unexpected(text_of("there is no filter of kind ", filter.extension_ref->group, "/",
                                 filter.extension_ref->kind, ": Turnpike has no extension filters"));
}

}  // namespace turnpike::policy
