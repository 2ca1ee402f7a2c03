// The server name of a ClientHello (RFC 6066 §3), in the one form that listeners and routes are compared
// with.
#pragma once

#include <cstdint>
#include <string_view>

namespace turnpike::l4 {

class ServerName {
 public:
  static constexpr std::size_t kMostBytes = 253;

  // Lower case, without a dot at its end; empty: the client asked for none.
  std::string_view text() const noexcept { return {text_, size_}; }
  // Reads the content of the extension server_name. False: it is malformed, or holds anything but one host
  // name.
  bool read(std::string_view extension) noexcept;
  void clear() noexcept { size_ = 0; }

 private:
  std::uint8_t size_ = 0;
  char text_[kMostBytes];
};

}  // namespace turnpike::l4
