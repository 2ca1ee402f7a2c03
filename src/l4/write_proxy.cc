#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "l4/proxy_protocol.h"

namespace turnpike::l4 {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kStart2 = "\r\n\r\n\0\r\nQUIT\n"sv;

class Writer {
 public:
  explicit Writer(ProxyHeaderText& into) noexcept : begin_(into), at_(into) {}
  void add(std::string_view text) noexcept {
    const std::size_t room = kMostWrittenProxyHeader - static_cast<std::size_t>(at_ - begin_);
    at_ = std::copy_n(text.data(), std::min(text.size(), room), at_);
  }
  void byte(unsigned value) noexcept {
    const char c = static_cast<char>(value);
    add({&c, 1});
  }
  void number(std::uint16_t value) noexcept {
    byte(value >> 8);
    byte(value & 255U);
  }
  std::string_view text() const noexcept { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

// 16 bytes of which the last four are an IPv4 address where both ends have one.
struct Ends {
  std::uint8_t source[16];
  std::uint8_t destination[16];
  bool v4;
};

Ends ends_of(const io::Address& source, const io::Address& destination) noexcept {
  Ends ends{};
  source.ip_bytes(ends.source);
  destination.ip_bytes(ends.destination);
  ends.v4 = source.family() == AF_INET && destination.family() == AF_INET;
  return ends;
}

std::string_view bytes_of(const std::uint8_t (&ip)[16], bool v4) noexcept {
  const std::string_view all(reinterpret_cast<const char*>(ip), sizeof ip);
  return v4 ? all.substr(12) : all;
}

// An IPv4 address beside an IPv6 one is written as ::ffff:10.0.0.1.
std::string ip_text(const io::Address& address, bool v4) {
  return v4 || address.family() == AF_INET6 ? address.ip() : "::ffff:" + address.ip();
}

}  // namespace

std::string_view write_proxy_header(ProxyVersion version, const io::Address& source,
                                    const io::Address& destination, ProxyHeaderText& into) noexcept {
  Writer out(into);
  const bool known = source.is_ip() && destination.is_ip();
  if (version == ProxyVersion::v1) {
    if (!known) return write_local_proxy_header(version, into);
    const bool v4 = source.family() == AF_INET && destination.family() == AF_INET;
    out.add(v4 ? "PROXY TCP4 " : "PROXY TCP6 ");
    out.add(ip_text(source, v4));
    out.add(" ");
    out.add(ip_text(destination, v4));
    out.add(" ");
    out.add(std::to_string(source.port()));
    out.add(" ");
    out.add(std::to_string(destination.port()));
    out.add("\r\n");
    return out.text();
  }
  out.add(kStart2);
  out.byte(0x21);
  if (!known) {
    out.byte(0);
    out.number(0);
    return out.text();
  }
  const Ends ends = ends_of(source, destination);
  out.byte(ends.v4 ? 0x11 : 0x21);
  out.number(ends.v4 ? 12 : 36);
  out.add(bytes_of(ends.source, ends.v4));
  out.add(bytes_of(ends.destination, ends.v4));
  out.number(source.port());
  out.number(destination.port());
  return out.text();
}

std::string_view write_local_proxy_header(ProxyVersion version, ProxyHeaderText& into) noexcept {
  Writer out(into);
  if (version == ProxyVersion::v1) {
    out.add("PROXY UNKNOWN\r\n");
    return out.text();
  }
  out.add(kStart2);
  out.byte(0x20);
  out.byte(0);
  out.number(0);
  return out.text();
}

}  // namespace turnpike::l4
