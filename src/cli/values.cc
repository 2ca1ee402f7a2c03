#include "cli/values.h"

#include "base/strings.h"
#include "policy/text.h"

namespace turnpike::cli {
std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  HostPort out;
  const auto port =
      parse_decimal<std::uint16_t>(colon == std::string_view::npos ? text : text.substr(colon + 1));
  if (!port) return std::nullopt;
  out.port = *port;
  std::string_view host = colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]/ ") != std::string_view::npos) {
    return std::nullopt;
  }
  out.host = host;
  return out;
}

std::expected<HeaderLine, std::string> parse_header(std::string_view text) {
  const std::string shown(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::unexpected("'" + shown + "' has no colon; write it like a header: -H 'x-tenant: blue'");
  }
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = trim(text.substr(colon + 1));
  if (!policy::is_token(name)) return std::unexpected("'" + std::string(name) + "' is no header name");
  if (!policy::is_field_value(value)) {
    return std::unexpected("the value of header '" + std::string(name) + "' contains control characters");
  }
  return HeaderLine{std::string(name), std::string(value)};
}

}  // namespace turnpike::cli
