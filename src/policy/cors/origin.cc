#include "policy/cors/origin.h"

#include "base/strings.h"
#include "policy/text.h"

namespace turnpike::policy {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool is_host_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view host) noexcept {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") ==
           std::string_view::npos;
  }
  for (const char c : host) {
    if (!is_host_char(c)) return false;
  }
  return !host.empty();
}

}  // namespace

std::optional<Origin> Origin::parse(std::string_view text) noexcept {
  Origin out;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  out.scheme = text.substr(0, colon);
  const bool https = equals_ignoring_case(out.scheme, "https");
  if (!https && !equals_ignoring_case(out.scheme, "http")) return std::nullopt;
  out.host = text.substr(colon + 3);
  out.port = https ? 443 : 80;
  const std::size_t bracket = out.host.rfind(']');
  const std::size_t port_at = out.host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (port_at != std::string_view::npos) {
    const auto port = parse_decimal<std::uint16_t>(out.host.substr(port_at + 1));
    if (!port || *port == 0) return std::nullopt;
    out.port = *port;
    out.host = out.host.substr(0, port_at);
  }
  if (!is_host(out.host)) return std::nullopt;
  return out;
}

std::expected<OriginPattern, std::string> OriginPattern::parse(std::string_view text) {
  OriginPattern out;
  // The wildcard is put aside first: the rest must be an origin.
  std::string plain(text);
  const std::size_t star = plain.find('*');
  if (star != std::string::npos) {
    const bool first = star >= 3 && std::string_view(plain).substr(0, star).ends_with("://");
    const char next = star + 1 < plain.size() ? plain[star + 1] : '\0';
    if (!first || (next != '.' && next != ':' && next != '\0') ||
        plain.find('*', star + 1) != std::string::npos) {
      return std::unexpected(text_of(
          "origin '", text, "': a wildcard can only be the whole first label, as in https://*.example.com"));
    }
    out.wildcard_ = true;
    plain[star] = 'x';
  }
  const auto origin = Origin::parse(plain);
  if (!origin)
    return std::unexpected(text_of("'", text, "' is not an origin such as https://example.com:8443"));
  out.scheme_ = lower_case(origin->scheme);
  out.host_ = lower_case(out.wildcard_ ? origin->host.substr(1) : origin->host);
  out.port_ = origin->port;
  return out;
}

bool OriginPattern::matches(const Origin& origin) const noexcept {
  if (origin.port != port_ || !equals_ignoring_case(origin.scheme, scheme_)) return false;
  if (!wildcard_) return equals_ignoring_case(origin.host, host_);
  return origin.host.size() > host_.size() && ends_with_ignoring_case(origin.host, host_);
}

}  // namespace turnpike::policy
