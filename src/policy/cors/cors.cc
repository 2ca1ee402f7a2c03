#include "policy/cors/cors.h"

#include "base/strings.h"
#include "policy/text.h"

namespace turnpike::policy {
namespace {

using http::FieldId;

bool is_wildcard(const std::vector<std::string>& list) noexcept {
  return list.size() == 1 && list.front() == "*";
}

// Tokens only; "*" only alone. Empty: nothing is wrong.
std::string list_problem(std::string_view what, const std::vector<std::string>& list) {
  for (const std::string& entry : list) {
    if (entry == "*" && list.size() > 1)
      return text_of(what, ": '*' stands for all and cannot have others beside it");
    if (entry != "*" && !is_token(entry)) return text_of(what, ": '", entry, "' is not a name");
  }
  return {};
}

bool is_preflight(const http::RequestHead& request) noexcept {
  return request.method == http::Method::options && request.fields.find(FieldId::origin) != nullptr &&
         request.fields.find(FieldId::access_control_request_method) != nullptr;
}

// A value that the client sent can be sent back only if it is what it claims to be.
bool is_token_list(std::string_view list) noexcept {
  bool all = true;
  for_each_element(list, [&](std::string_view part) { return all = is_token(part); });
  return all && !trim(list).empty();
}

bool mentions(std::string_view list, std::string_view name) noexcept {
  bool found = false;
  for_each_element(list, [&](std::string_view part) {
    found = part == "*" || equals_ignoring_case(part, name);
    return !found;
  });
  return found;
}

// Adds Origin to Vary unless some Vary of the response has it already.
void vary_by_origin(Arena& arena, http::Fields& fields) {
  for (const http::Field& field : fields) {
    if (field.id == FieldId::vary && mentions(field.value, "Origin")) return;
  }
  fields.add(arena, FieldId::vary, "Origin");
}

}  // namespace

std::expected<std::unique_ptr<const Policy>, std::string> Cors::make(CorsConfig config) {
  for (const std::string& problem : {list_problem("allowMethods", config.allow_methods),
                                     list_problem("allowHeaders", config.allow_headers),
                                     list_problem("exposeHeaders", config.expose_headers)}) {
    if (!problem.empty()) return std::unexpected(problem);
  }
  if (config.max_age < 0) return std::unexpected("maxAge cannot be negative");
  std::unique_ptr<Cors> out(new Cors(std::move(config)));
  const CorsConfig& is = out->config_;
  out->any_origin_ = is_wildcard(is.allow_origins);
  if (!out->any_origin_) {
    for (const std::string& text : is.allow_origins) {
      if (text == "*")
        return std::unexpected("allowOrigins: '*' stands for all and cannot have others beside it");
      auto pattern = OriginPattern::parse(text);
      if (!pattern) return std::unexpected("allowOrigins: " + pattern.error());
      out->origins_.push_back(std::move(*pattern));
    }
  }
  out->any_method_ = is_wildcard(is.allow_methods);
  out->any_header_ = is_wildcard(is.allow_headers);
  out->methods_ = join(is.allow_methods);
  out->headers_ = join(is.allow_headers);
  // A literal "*" means nothing to a browser when credentials are included: it would name a header of that
  // name.
  if (!(is_wildcard(is.expose_headers) && is.allow_credentials)) out->expose_ = join(is.expose_headers);
  out->max_age_ = std::to_string(is.max_age);
  return std::unique_ptr<const Policy>(std::move(out));
}

std::string Cors::describe() const {
  std::string out = text_of("origins ", config_.allow_origins.empty() ? "none" : join(config_.allow_origins));
  if (!methods_.empty()) out += text_of("; methods ", methods_);
  if (!headers_.empty()) out += text_of("; headers ", headers_);
  if (config_.allow_credentials) out += "; with credentials";
  return out;
}

bool Cors::allows(std::string_view origin) const noexcept {
  const auto parsed = Origin::parse(origin);
  // "null" is what sandboxed documents of any site send: allowed where everybody is, but never with
  // credentials.
  if (!parsed) return any_origin_ && origin == "null" && !config_.allow_credentials;
  if (any_origin_) return true;
  for (const OriginPattern& pattern : origins_) {
    if (pattern.matches(*parsed)) return true;
  }
  return false;
}

void Cors::add_common_fields(Exchange& exchange, http::Fields& fields) const {
  fields.add(exchange.arena, FieldId::access_control_allow_origin, exchange.cors_origin);
  if (config_.allow_credentials)
    fields.add(exchange.arena, FieldId::access_control_allow_credentials, "true");
  if (!expose_.empty()) fields.add(exchange.arena, FieldId::access_control_expose_headers, expose_);
}

void Cors::answer_preflight(Exchange& exchange) const {
  http::Fields& fields = exchange.direct.fields;
  Arena& arena = exchange.arena;
  exchange.direct.status = 200;
  exchange.direct.reason = ErrorKind::direct_response;
  fields.add(arena, FieldId::vary, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  if (exchange.cors_origin.empty()) {
    exchange.direct.detail = "CORS: preflight of an origin that is not allowed";
    return;
  }
  exchange.direct.detail = "CORS: preflight";
  add_common_fields(exchange, fields);
  if (any_method_) {
    const std::string_view wanted = exchange.request.fields.value(FieldId::access_control_request_method);
    if (is_token(wanted)) fields.add(arena, FieldId::access_control_allow_methods, wanted);
  } else if (!methods_.empty()) {
    fields.add(arena, FieldId::access_control_allow_methods, methods_);
  }
  if (any_header_) {
    // Echoed, because a literal "*" leaves out Authorization.
    const std::string_view wanted =
        exchange.request.fields.joined(arena, FieldId::access_control_request_headers);
    if (is_token_list(wanted)) fields.add(arena, FieldId::access_control_allow_headers, wanted);
  } else if (!headers_.empty()) {
    fields.add(arena, FieldId::access_control_allow_headers, headers_);
  }
  fields.add(arena, FieldId::access_control_max_age, max_age_);
}

Verdict Cors::on_request(Exchange& exchange) const {
  const http::Fields& fields = exchange.request.fields;
  exchange.cors_origin = {};
  if (fields.count(FieldId::origin) == 1 && allows(fields.value(FieldId::origin)))
    exchange.cors_origin = fields.value(FieldId::origin);
  if (!is_preflight(exchange.request)) return Verdict::next;
  answer_preflight(exchange);
  return Verdict::respond;
}

void Cors::on_response(Exchange& exchange) const {
  http::Fields& fields = exchange.response->fields;
  // The answer to a preflight is ours and complete.
  if (is_preflight(exchange.request) && fields.find(FieldId::access_control_max_age) != nullptr) return;
  fields.remove_if([](const http::Field& field) {
    return field.id >= FieldId::access_control_allow_credentials &&
           field.id <= FieldId::access_control_max_age;
  });
  vary_by_origin(exchange.arena, fields);
  if (!exchange.cors_origin.empty()) add_common_fields(exchange, fields);
}

}  // namespace turnpike::policy
