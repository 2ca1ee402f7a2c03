#include "proxy/forwarding.h"

#include <algorithm>

#include "base/strings.h"
#include "io/address.h"

namespace turnpike::proxy {
namespace {

using http::Field;
using http::FieldId;

constexpr std::string_view kVia = "1.1 turnpike";
constexpr std::string_view kVia10 = "1.0 turnpike";
constexpr std::string_view kVia20 = "2.0 turnpike";
constexpr std::size_t kMostHops = 32;  // addresses looked at in X-Forwarded-For

// "x_turnpike_user" and "X-Turnpike-User" are the same name to many servers behind us.
bool starts_with_folded(std::string_view name, std::string_view prefix) noexcept {
  if (name.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char a = name[i] == '_' ? '-' : to_lower(name[i]);
    const char b = prefix[i] == '_' ? '-' : to_lower(prefix[i]);
    if (a != b) return false;
  }
  return true;
}

// What only proxies say. X-Forwarded-For, -Host and -Proto are known fields and written anew.
bool is_proxys_word(std::string_view name) noexcept {
  static constexpr std::string_view kPrefixes[] = {"x-forwarded-", "x-original-", "x-rewrite-"};
  static constexpr std::string_view kNames[] = {"x-real-ip", "true-client-ip", "front-end-https"};
  const char first = name.empty() ? '\0' : to_lower(name.front());
  if (first != 'x' && first != 't' && first != 'f') return false;
  const auto is_prefix = [name](std::string_view prefix) { return starts_with_folded(name, prefix); };
  return std::ranges::any_of(kPrefixes, is_prefix) ||
         std::ranges::any_of(
             kNames, [&](std::string_view whole) { return name.size() == whole.size() && is_prefix(whole); });
}

bool is_hop_by_hop(FieldId id) noexcept {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::http2_settings:
      return true;
    default:
      return false;
  }
}

// "for" of Forwarded: IPv6 addresses are quoted (RFC 7239 §6).
std::string_view forwarded_node(std::string_view ip, Arena& arena) {
  return ip.find(':') == std::string_view::npos ? ip : arena.concat("\"[", ip, "]\"");
}

// A host needs quotes when it has a port or is no token.
std::string_view forwarded_host(std::string_view host, Arena& arena) {
  for (const char c : host) {
    if (c == '"' || c == '\\') return {};
  }
  return arena.concat("\"", host, "\"");
}

// The first address from the right that is no trusted proxy's, and whether all were.
std::string_view client_from(std::string_view list, std::string_view peer,
                             const plan::ClientSettings& settings) {
  std::string_view client = peer;
  for (std::size_t hops = 0; hops < kMostHops && !list.empty(); ++hops) {
    const std::size_t comma = list.rfind(',');
    const std::string_view last = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    if (!io::Address::from_ip(last, 0))
      break;  // "unknown", an obfuscated name, garbage: nobody vouches for more
    client = last;
    if (!is_trusted(settings, last)) break;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
  }
  return client;
}

}  // namespace

bool is_trusted(const plan::ClientSettings& settings, std::string_view ip) noexcept {
  if (settings.trusted_proxies.empty()) return false;
  const auto address = io::Address::from_ip(ip, 0);
  if (!address) return false;
  return std::ranges::any_of(settings.trusted_proxies,
                             [&](const io::Cidr& c) { return c.contains(*address); });
}

void remove_untrusted_fields(http::Fields& fields, const plan::ClientSettings& settings, bool trusted) {
  fields.remove_if([&](const Field& field) {
    if (field.id != FieldId::unknown) return false;
    if (!settings.allow_underscores && field.name.find('_') != std::string_view::npos) return true;
    if (!trusted && is_proxys_word(field.name)) return true;
    return std::ranges::any_of(settings.internal_prefixes, [&](const std::string& prefix) {
      return starts_with_folded(field.name, prefix);
    });
  });
}

void remove_hop_by_hop(http::Fields& fields) {
  if (fields.may_have(FieldId::connection)) {
    // Names first: removing moves the fields that hold them.
    std::string_view names[16];
    std::size_t count = 0;
    for (const Field& field : fields) {
      if (field.id != FieldId::connection) continue;
      for_each_element(field.value, [&](std::string_view name) {
        if (http::field_id(name) == FieldId::unknown && count < std::size(names)) names[count++] = name;
        return true;
      });
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!equals_ignoring_case(names[i], "close")) fields.remove(names[i]);
    }
  }
  fields.remove_if([](const Field& field) { return is_hop_by_hop(field.id); });
}

Forwarding write_forwarding_fields(http::RequestHead& request, const ClientFacts& client,
                                   const plan::ClientSettings& settings, Arena& arena) {
  http::Fields& fields = request.fields;
  remove_hop_by_hop(fields);
  // 100-continue is passed on: the upstream decides. HTTP/1.0 knows no interim responses (RFC 9110 §10.1.1).
  const bool http10 = client.version == http::Version::http10;
  if (http10) fields.remove(FieldId::expect);
  Forwarding result{client.ip, client.tls ? "https" : "http"};

  std::string_view received_for;
  std::string_view received_forwarded;
  std::string_view host = request.authority;
  if (client.trusted) {
    received_for = fields.joined(arena, FieldId::x_forwarded_for);
    received_forwarded = fields.joined(arena, FieldId::forwarded);
    result.client_ip = client_from(received_for, client.ip, settings);
    const std::string_view proto = fields.value(FieldId::x_forwarded_proto);
    if (equals_ignoring_case(proto, "https")) result.scheme = "https";
    if (equals_ignoring_case(proto, "http")) result.scheme = "http";
    if (const Field* field = fields.find(FieldId::x_forwarded_host)) host = field->value;
  }
  fields.set(arena, FieldId::x_forwarded_for,
             received_for.empty() ? client.ip : arena.concat(received_for, ", ", client.ip));
  fields.set(arena, FieldId::x_forwarded_proto, result.scheme);
  if (!host.empty()) fields.set(arena, FieldId::x_forwarded_host, host);
  if (settings.forwarded_field) {
    const std::string_view quoted = forwarded_host(request.authority, arena);
    const std::string_view element =
        arena.concat("for=", forwarded_node(client.ip, arena), quoted.empty() ? "" : ";host=", quoted,
                     ";proto=", client.tls ? "https" : "http");
    fields.set(arena, FieldId::forwarded,
               received_forwarded.empty() ? element : arena.concat(received_forwarded, ", ", element));
  } else {
    fields.remove(FieldId::forwarded);
  }
  const std::string_view via = http10 ? kVia10 : client.version == http::Version::http2 ? kVia20 : kVia;
  const std::string_view before = fields.joined(arena, FieldId::via);
  fields.set(arena, FieldId::via, before.empty() ? via : arena.concat(before, ", ", via));
  return result;
}

}  // namespace turnpike::proxy
