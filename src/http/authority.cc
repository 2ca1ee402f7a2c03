// Authorities of request targets and Host fields.
#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "base/strings.h"
#include "http/path.h"

namespace turnpike::http {
namespace {

// unreserved and sub-delims (RFC 3986 §3.2.2) without the comma, which joins two Host fields into one, and
// without percent-encoding, which no name of http(s) needs and which would be a second spelling of "/", "@"
// or ":".
constexpr std::array<bool, 256> kHostByte = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : std::string_view("-._~!$&'()*+;=")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

Error refuse(std::string_view detail) noexcept { return client_error(ErrorKind::bad_request, detail); }

// The port after the colon; 0 for none, -1 if it is no port.
int parse_port(std::string_view digits) noexcept {
  if (digits.size() > 5) return -1;
  int port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    port = port * 10 + (c - '0');
  }
  if (port > 65535 || (port == 0 && !digits.empty())) return -1;
  return port;
}

template <int family, std::size_t capacity>
bool is_address(std::string_view text) noexcept {
  char copy[capacity + 1];
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = 0;
  in6_addr address;  // room for either family
  return inet_pton(family, copy, &address) == 1;
}
bool is_ipv6(std::string_view text) noexcept { return is_address<AF_INET6, INET6_ADDRSTRLEN>(text); }
bool is_ipv4(std::string_view text) noexcept { return is_address<AF_INET, INET_ADDRSTRLEN>(text); }

// Whether the last label is a number, decimal or hexadecimal: then some readers take the whole for an IPv4
// address in one of its old spellings ("127.1", "0x7f000001", "2130706433").
bool ends_in_number(std::string_view host) noexcept {
  const std::string_view label = host.substr(host.rfind('.') + 1);
  if (label.empty() || label.front() < '0' || label.front() > '9') return false;
  const bool hexadecimal = label.size() >= 2 && label[0] == '0' && to_lower(label[1]) == 'x';
  for (const char c : hexadecimal ? label.substr(2) : label) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(hexadecimal && to_lower(c) >= 'a' && to_lower(c) <= 'f')) return false;
  }
  return true;
}

// The length of the host in front of the port; 0 with `reason` if it is malformed.
std::size_t host_size(std::string_view authority, std::string_view& reason) noexcept {
  if (authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || !is_ipv6(authority.substr(1, close - 1))) {
      reason = "malformed IPv6 address in authority";
      return 0;
    }
    return close + 1;
  }
  std::size_t size = 0;
  char previous = '.';  // a name begins with a label, not with a dot
  while (size < authority.size() && authority[size] != ':') {
    const char c = authority[size];
    if (!kHostByte[static_cast<unsigned char>(c)]) {
      reason = c == '@' ? "userinfo in authority" : "character that no host name has";
      return 0;
    }
    if (c == '.' && previous == '.') {
      reason = "empty label in host name";
      return 0;
    }
    previous = c;
    ++size;
  }
  if (size == 0) {
    reason = "empty host in authority";
    return 0;
  }
  const std::string_view host = authority.substr(0, previous == '.' ? size - 1 : size);
  if (ends_in_number(host) && !is_ipv4(host)) {
    reason = "host ends in a number but is no IPv4 address";
    return 0;
  }
  return size;
}

}  // namespace

Result<Authority> split_authority(std::string_view authority) noexcept {
  if (authority.empty()) return std::unexpected(refuse("empty host in authority"));
  std::string_view reason;
  const std::size_t size = host_size(authority, reason);
  if (size == 0) return std::unexpected(refuse(reason));
  Authority parts{authority.substr(0, size), 0};
  if (size == authority.size()) return parts;
  const int port = authority[size] == ':' ? parse_port(authority.substr(size + 1)) : -1;
  if (port < 0) return std::unexpected(refuse("malformed port in authority"));
  parts.port = static_cast<std::uint16_t>(port);
  return parts;
}

Result<Authority> parse_authority(std::string_view authority, Arena& arena) {
  Result<Authority> parts = split_authority(authority);
  if (!parts) return parts;
  std::string_view& host = parts->host;
  if (host.back() == '.') host.remove_suffix(1);  // never empty: an empty label was refused
  bool capitals = false;
  for (const char c : host) capitals |= c >= 'A' && c <= 'Z';
  if (!capitals) return parts;
  char* const lower = static_cast<char*>(arena.allocate(host.size(), 1));
  for (std::size_t i = 0; i < host.size(); ++i) lower[i] = to_lower(host[i]);
  host = {lower, host.size()};
  return parts;
}

}  // namespace turnpike::http
