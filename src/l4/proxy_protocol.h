// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt of 2020/03/05): who a connection was
// made by, told by a load balancer before the first byte of its content. Sans-I/O. Whether the sender may be
// believed is the caller's question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "io/address.h"

namespace turnpike::l4 {

// The longest header that is read: 16 bytes, two Unix addresses, and room for TLVs.
inline constexpr std::size_t kMostProxyHeaderBytes = 4096;

struct ProxyHeader {
  std::uint8_t version = 0;
  // LOCAL, UNKNOWN or UNSPEC: the header speaks of no one else, the addresses of the connection itself hold.
  bool local = false;
  io::Address source;       // unless local
  io::Address destination;  // likewise
  std::size_t size = 0;     // bytes of the header; what follows is content
};

enum class ProxyParse : std::uint8_t {
  incomplete,  // ask again with more bytes, from the first on
  complete,
  absent,     // the connection begins with something else
  malformed,  // it begins like a header and is none, or is above the bounds
};

struct ProxyResult {
  ProxyParse state = ProxyParse::incomplete;
  std::string_view problem{};  // of `malformed`: a literal, for operators
};

// `bytes` are those of the connection from its first on. A checksum (CRC32c) is verified where there is one;
// other TLVs only have their lengths checked.
ProxyResult parse_proxy_header(std::string_view bytes, ProxyHeader& out) noexcept;

// --- writing

enum class ProxyVersion : std::uint8_t { none, v1, v2 };

// The longest header that is written.
inline constexpr std::size_t kMostWrittenProxyHeader = 108;
using ProxyHeaderText = char[kMostWrittenProxyHeader];

// For a TCP connection from `source` to `destination`. Where one of them is no IP address it says UNKNOWN or
// UNSPEC.
std::string_view write_proxy_header(ProxyVersion version, const io::Address& source,
                                    const io::Address& destination, ProxyHeaderText& into) noexcept;
// For connections of our own, such as health checks: UNKNOWN or LOCAL.
std::string_view write_local_proxy_header(ProxyVersion version, ProxyHeaderText& into) noexcept;

// CRC-32C (Castagnoli, RFC 9260 appendix A), continued from `crc`; begins with 0.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

}  // namespace turnpike::l4
