// An IP address with port, or a Unix socket path.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turnpike::io {

// IPv4 addresses mapped into IPv6 (::ffff:10.0.0.1, what a dual-stack socket reports) always become plain
// IPv4.
class Address {
 public:
  Address() noexcept = default;
  // Copies; `length` as the kernel gave it.
  Address(const sockaddr* address, socklen_t length) noexcept;

  // "10.0.0.1", "::1" with a port; nothing if `ip` is no literal.
  static std::optional<Address> from_ip(std::string_view ip, std::uint16_t port) noexcept;
  // "/path" or "unix:/path"; "@name" is a socket of Linux's abstract namespace. Nothing if empty or too long.
  static std::optional<Address> from_unix(std::string_view path) noexcept;
  // "127.0.0.1:8080", "[::1]:8080", ":8080" (all IPv4 and IPv6), "unix:/path".
  static std::optional<Address> parse(std::string_view text) noexcept;

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }
  bool is_ip() const noexcept { return family() == AF_INET || family() == AF_INET6; }
  std::uint16_t port() const noexcept;
  void set_port(std::uint16_t port) noexcept;
  // The address without port, as 16 bytes (IPv4 mapped into ::ffff:0:0/96). Zeros for Unix sockets.
  void ip_bytes(std::uint8_t (&out)[16]) const noexcept;
  // "10.0.0.1" / "::1" / "unix:/path", and the same with port ("[::1]:80").
  std::string ip() const;
  std::string text() const;

  bool operator==(const Address& other) const noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// A block of addresses: "10.0.0.0/8", "::1", "fd00::/8".
class Cidr {
 public:
  // Bits of the address below the prefix are ignored ("10.0.0.1/8" is "10.0.0.0/8").
  static std::optional<Cidr> parse(std::string_view text) noexcept;
  // A block of IPv6 holds no IPv4 address ("::/0" neither), and no block holds a Unix socket.
  bool contains(const Address& address) const noexcept;
  bool operator==(const Cidr&) const = default;

 private:
  std::uint8_t bytes_[16] = {};
  unsigned bits_ = 0;  // of 128
};

}  // namespace turnpike::io
