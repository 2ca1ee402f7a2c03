// Looking into a ClientHello without taking it (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2): which server name a
// client asks for, before it is decided who speaks TLS with it. Sans-I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "l4/server_name.h"

namespace turnpike::l4 {

// What of a connection is looked at, record headers included; real ones have 200 to 2,500 bytes.
inline constexpr std::size_t kMostHelloBytes = std::size_t{16} * 1024;
// Into how many records the message may be cut.
inline constexpr unsigned kMostHelloRecords = 32;

enum class Peeked : std::uint8_t {
  incomplete,  // ask again with more bytes, from the first on
  complete,
  refused,  // no TLS, malformed, or above the bounds
};

struct HelloResult {
  Peeked state = Peeked::incomplete;
  std::string_view problem;  // of `refused`: a literal, for operators
};

// `bytes` are those of the connection from its first on. `name` is set when complete; empty if the client
// asks for none.
HelloResult peek_client_hello(std::string_view bytes, ServerName& name) noexcept;

}  // namespace turnpike::l4
