#include "io/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/strings.h"

namespace turnpike::io {
namespace {

constexpr std::size_t kPathOffset = offsetof(sockaddr_un, sun_path);
constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

sockaddr_in& v4(sockaddr_storage& s) noexcept { return reinterpret_cast<sockaddr_in&>(s); }
const sockaddr_in& v4(const sockaddr_storage& s) noexcept { return reinterpret_cast<const sockaddr_in&>(s); }
const sockaddr_in6& v6(const sockaddr_storage& s) noexcept {
  return reinterpret_cast<const sockaddr_in6&>(s);
}

// A NUL-terminated copy for inet_pton; false when it cannot be an address.
template <std::size_t N>
bool terminate(std::string_view text, char (&out)[N]) noexcept {
  if (text.empty() || text.size() >= N || text.find('\0') != std::string_view::npos) return false;
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
  return true;
}

// "%eth0" or "%2" of a link-local address; 0 if there is no such interface.
std::uint32_t scope_of(std::string_view zone) noexcept {
  if (const auto index = parse_decimal<std::uint32_t>(zone)) return *index;
  char name[IF_NAMESIZE];
  return terminate(zone, name) ? ::if_nametoindex(name) : 0;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.size() > 5) return std::nullopt;
  return parse_decimal<std::uint16_t>(text);
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length) noexcept {
  size_ = std::min<socklen_t>(length, sizeof storage_);
  if (address == nullptr || size_ < sizeof(sa_family_t)) {
    size_ = 0;
    return;
  }
  std::memcpy(&storage_, address, size_);
  if (family() != AF_INET6 || size_ < sizeof(sockaddr_in6)) return;
  const sockaddr_in6 wide = v6(storage_);
  if (std::memcmp(wide.sin6_addr.s6_addr, kMapped, sizeof kMapped) != 0) return;
  storage_ = {};
  v4(storage_).sin_family = AF_INET;
  v4(storage_).sin_port = wide.sin6_port;
  std::memcpy(&v4(storage_).sin_addr, wide.sin6_addr.s6_addr + 12, 4);
  size_ = sizeof(sockaddr_in);
}

std::optional<Address> Address::from_ip(std::string_view ip, std::uint16_t port) noexcept {
  char text[INET6_ADDRSTRLEN + 1];
  sockaddr_in narrow{};
  if (terminate(ip, text) && ::inet_pton(AF_INET, text, &narrow.sin_addr) == 1) {
    narrow.sin_family = AF_INET;
    narrow.sin_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&narrow), sizeof narrow);
  }
  sockaddr_in6 wide{};
  const std::size_t percent = ip.find('%');
  if (percent != std::string_view::npos) {
    wide.sin6_scope_id = scope_of(ip.substr(percent + 1));
    if (wide.sin6_scope_id == 0) return std::nullopt;
  }
  if (!terminate(ip.substr(0, percent), text) || ::inet_pton(AF_INET6, text, &wide.sin6_addr) != 1) {
    return std::nullopt;
  }
  wide.sin6_family = AF_INET6;
  wide.sin6_port = htons(port);
  return Address(reinterpret_cast<const sockaddr*>(&wide), sizeof wide);
}

std::optional<Address> Address::from_unix(std::string_view path) noexcept {
  if (path.starts_with("unix:")) path.remove_prefix(5);
  sockaddr_un local{};
  const bool abstract = path.starts_with('@');
  if (path.empty() || path == "@" || path.size() >= sizeof local.sun_path) return std::nullopt;
  if (path.find('\0') != std::string_view::npos) return std::nullopt;
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  if (abstract) local.sun_path[0] = '\0';
  return Address(reinterpret_cast<const sockaddr*>(&local),
                 static_cast<socklen_t>(kPathOffset + path.size() + (abstract ? 0 : 1)));
}

std::optional<Address> Address::parse(std::string_view text) noexcept {
  if (text.starts_with("unix:")) return from_unix(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return std::nullopt;
  if (host.empty()) return from_ip("::", *port);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos))
    return std::nullopt;  // "::1:80", "[10.0.0.1]:80"
  return from_ip(host, *port);
}

std::uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(v4(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(v6(storage_).sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) v4(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

void Address::ip_bytes(std::uint8_t (&out)[16]) const noexcept {
  std::memset(out, 0, sizeof out);
  if (family() == AF_INET) {
    std::memcpy(out, kMapped, sizeof kMapped);
    std::memcpy(out + 12, &v4(storage_).sin_addr, 4);
  } else if (family() == AF_INET6) {
    std::memcpy(out, &v6(storage_).sin6_addr, 16);
  }
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN];
  if (family() == AF_INET) return ::inet_ntop(AF_INET, &v4(storage_).sin_addr, text, sizeof text);
  if (family() == AF_INET6) {
    std::string out = ::inet_ntop(AF_INET6, &v6(storage_).sin6_addr, text, sizeof text);
    if (const std::uint32_t scope = v6(storage_).sin6_scope_id; scope != 0)
      out += "%" + std::to_string(scope);
    return out;
  }
  if (family() != AF_UNIX) return {};
  const char* path = reinterpret_cast<const sockaddr_un&>(storage_).sun_path;
  const std::size_t length = size_ > kPathOffset ? size_ - kPathOffset : 0;
  if (length > 1 && path[0] == '\0') return "unix:@" + std::string(path + 1, length - 1);
  return "unix:" + std::string(path, ::strnlen(path, length));
}

std::string Address::text() const {
  if (family() == AF_INET) return ip() + ":" + std::to_string(port());
  if (family() == AF_INET6) return "[" + ip() + "]:" + std::to_string(port());
  return ip();
}

bool Address::operator==(const Address& other) const noexcept {
  if (family() != other.family()) return false;
  if (!is_ip()) return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
  std::uint8_t mine[16];
  std::uint8_t theirs[16];
  ip_bytes(mine);
  other.ip_bytes(theirs);
  if (port() != other.port() || std::memcmp(mine, theirs, sizeof mine) != 0) return false;
  return family() == AF_INET || v6(storage_).sin6_scope_id == v6(other.storage_).sin6_scope_id;
}

std::optional<Cidr> Cidr::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const std::string_view ip = text.substr(0, slash);
  const std::optional<Address> address = Address::from_ip(ip, 0);
  if (!address || ip.find('%') != std::string_view::npos) return std::nullopt;
  // A block written as IPv6 counts its bits of 128, also when it lies within the mapped addresses.
  const unsigned most = ip.find(':') == std::string_view::npos ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto given = parse_decimal<unsigned>(text.substr(slash + 1));
    if (!given || *given > most || text.size() - slash > 4) return std::nullopt;
    bits = *given;
  }
  Cidr block;
  address->ip_bytes(block.bytes_);
  block.bits_ = bits + (128 - most);
  return block;
}

bool Cidr::contains(const Address& address) const noexcept {
  if (!address.is_ip()) return false;
  if (address.family() == AF_INET && bits_ < 96) return false;
  std::uint8_t bytes[16];
  address.ip_bytes(bytes);
  const unsigned whole = bits_ / 8;
  if (std::memcmp(bytes, bytes_, whole) != 0) return false;
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  return ((bytes[whole] ^ bytes_[whole]) & (0xff00U >> rest) & 0xffU) == 0;
}

}  // namespace turnpike::io
