#include "policy/redirect/redirect.h"

#include <charconv>

#include "policy/text.h"

namespace turnpike::policy {
namespace {

std::uint16_t well_known_port(std::string_view scheme) noexcept { return scheme == "https" ? 443 : 80; }

std::string_view decimal(std::uint16_t number, Arena& arena) {
  char digits[5];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  return arena.copy({digits, static_cast<std::size_t>(end - digits)});
}

// A query goes into a header as the client sent it, but for bytes that a URI cannot hold (RFC 3986 §3.4).
bool belongs_into_a_query(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
}

std::string_view safe_query(std::string_view query, Arena& arena) {
  std::size_t escapes = 0;
  for (const char c : query) escapes += belongs_into_a_query(c) ? 0 : 1;
  if (escapes == 0) return query;
  constexpr std::string_view digits = "0123456789ABCDEF";
  char* const first = arena.array<char>(query.size() + 2 * escapes);
  char* at = first;
  for (const char c : query) {
    if (belongs_into_a_query(c)) {
      *at++ = c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      *at++ = '%';
      *at++ = digits[byte >> 4];
      *at++ = digits[byte & 15];
    }
  }
  return {first, static_cast<std::size_t>(at - first)};
}

}  // namespace

std::expected<std::unique_ptr<const Policy>, std::string> Redirect::make(RedirectConfig config) {
  if (!config.scheme.empty() && config.scheme != "http" && config.scheme != "https")
    return std::unexpected(text_of("scheme '", config.scheme, "' is neither http nor https"));
  if (!config.hostname.empty() && !is_host_name(config.hostname))
    return std::unexpected(text_of("hostname '", config.hostname, "' is not a host name in lower case"));
  switch (config.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      break;
    default:
      return std::unexpected(text_of("status ", config.status, " is none of 301, 302, 303, 307 and 308"));
  }
  auto path = PathModifier::make(config.path);
  if (!path) return std::unexpected(std::move(path.error()));
  return std::unique_ptr<const Policy>(new Redirect(std::move(config), std::move(*path)));
}

std::string Redirect::describe() const {
  std::string out = text_of(config_.status, " to");
  const auto say = [&](std::string_view text) {
    out += out.ends_with("to") ? " " : "; ";
    out += text;
  };
  if (!config_.scheme.empty()) say(text_of("scheme ", config_.scheme));
  if (!config_.hostname.empty()) say(text_of("host ", config_.hostname));
  if (config_.port != 0) say(text_of("port ", config_.port));
  if (!path_.keeps()) say(path_.describe());
  return out.ends_with("to") ? text_of(config_.status, " to the same URL") : out;
}

std::uint16_t Redirect::port_of(const Exchange& exchange, std::string_view scheme) const noexcept {
  const std::uint16_t well_known = well_known_port(scheme);
  std::uint16_t port = config_.port;
  if (port == 0) port = config_.scheme.empty() ? exchange.listener_port : well_known;
  // A listener on 80 behind something that ends TLS is reached as https without a port.
  if (config_.port == 0 && config_.scheme.empty() && (port == 80 || port == 443)) return 0;
  return port == well_known ? 0 : port;
}

std::string_view Redirect::location(Exchange& exchange) const {
  Arena& arena = exchange.arena;
  std::string_view path = path_.apply(exchange.request.path, exchange.matched_prefix, arena);
  if (path == "*") path = "/";
  const std::string_view mark = exchange.request.has_query ? "?" : "";
  const std::string_view query = safe_query(exchange.request.query, arena);
  const std::string_view host = config_.hostname.empty() ? exchange.host : std::string_view(config_.hostname);
  if (host.empty()) {
    // HTTP/1.0 without Host: relative, and never "//…", which names a host.
    while (path.starts_with("//")) path.remove_prefix(1);
    return arena.concat(path, mark, query);
  }
  const std::string_view scheme = config_.scheme.empty() ? exchange.scheme : std::string_view(config_.scheme);
  const std::uint16_t port = port_of(exchange, scheme);
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && host.front() != '[';
  const std::string_view open = bare_ipv6 ? "[" : "";
  const std::string_view close = bare_ipv6 ? "]" : "";
  if (port == 0) return arena.concat(scheme, "://", open, host, close, path, mark, query);
  return arena.concat(scheme, "://", open, host, close, ":", decimal(port, arena), path, mark, query);
}

Verdict Redirect::on_request(Exchange& exchange) const {
  exchange.direct.status = config_.status;
  exchange.direct.fields.add(exchange.arena, http::FieldId::location, location(exchange));
  exchange.direct.reason = ErrorKind::direct_response;
  exchange.direct.detail = "RequestRedirect";
  return Verdict::respond;
}

}  // namespace turnpike::policy
