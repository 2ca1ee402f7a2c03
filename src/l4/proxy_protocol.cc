// Reading; write_proxy.cc writes.
#include "l4/proxy_protocol.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace turnpike::l4 {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kStart1 = "PROXY ";
constexpr std::size_t kMostBytes1 = 107;  // with CR LF
constexpr std::string_view kStart2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kHead2 = 16;
constexpr unsigned kCrc32c = 3;  // type of a TLV
constexpr std::size_t kUnixPath = 108;

ProxyResult malformed(std::string_view problem) noexcept { return {ProxyParse::malformed, problem}; }

// --- version 1: one line of text

// The next word of the line, up to a single space.
std::optional<std::string_view> word(std::string_view& line) noexcept {
  const std::size_t end = line.find(' ');
  const std::string_view found = line.substr(0, end);
  if (found.empty()) return std::nullopt;
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  // A space that nothing follows.
  if (end != std::string_view::npos && line.empty()) return std::nullopt;
  return found;
}

std::optional<std::uint16_t> port(std::optional<std::string_view> text) noexcept {
  if (!text || (text->size() > 1 && text->front() == '0')) return std::nullopt;
  std::uint16_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  return number;
}

std::optional<io::Address> address(std::optional<std::string_view> ip, std::optional<std::uint16_t> number,
                                   bool v6) noexcept {
  if (!ip || !number || (ip->find(':') != std::string_view::npos) != v6) return std::nullopt;
  return io::Address::from_ip(*ip, *number);
}

ProxyResult parse_line(std::string_view line, ProxyHeader& out) noexcept {
  out.version = 1;
  out.size = kStart1.size() + line.size() + 2;
  const auto family = word(line);
  // What follows UNKNOWN is to be passed over.
  if (family == "UNKNOWN") {
    out.local = true;
    return {ProxyParse::complete};
  }
  if (family != "TCP4" && family != "TCP6") return malformed("the PROXY header names an unknown family");
  const bool v6 = family == "TCP6";
  const auto source_ip = word(line);
  const auto destination_ip = word(line);
  const auto source_port = port(word(line));
  const auto destination_port = port(word(line));
  const auto source = address(source_ip, source_port, v6);
  const auto destination = address(destination_ip, destination_port, v6);
  if (!source || !destination || !line.empty())
    return malformed("the PROXY header's addresses are malformed");
  out.source = *source;
  out.destination = *destination;
  return {ProxyParse::complete};
}

ProxyResult parse_1(std::string_view bytes, ProxyHeader& out) noexcept {
  const std::size_t end = bytes.substr(0, kMostBytes1).find("\r\n");
  if (end != std::string_view::npos) {
    const std::string_view line = bytes.substr(kStart1.size(), end - kStart1.size());
    const bool text = std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; });
    return text ? parse_line(line, out) : malformed("the PROXY header is no line of text");
  }
  if (bytes.size() >= kMostBytes1) return malformed("the PROXY header is too long");
  return {};
}

// --- version 2: binary

unsigned byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}
std::uint16_t number_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

io::Address ip_address(std::string_view bytes, std::uint16_t port) noexcept {
  if (bytes.size() == 4) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    std::memcpy(&to.sin_addr, bytes.data(), 4);
    return {reinterpret_cast<const sockaddr*>(&to), sizeof to};
  }
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  std::memcpy(&to.sin6_addr, bytes.data(), 16);
  return {reinterpret_cast<const sockaddr*>(&to), sizeof to};
}

io::Address unix_address(std::string_view field) noexcept {
  return io::Address::from_unix(field.substr(0, field.find('\0'))).value_or(io::Address());
}

// The header with the checksum's four bytes at `at` taken for zeros has the checksum that stands there.
bool checksum_holds(std::string_view header, std::size_t at) noexcept {
  const std::uint32_t expected = std::uint32_t{number_at(header, at)} << 16 | number_at(header, at + 2);
  std::uint32_t crc = crc32c(header.substr(0, at));
  crc = crc32c("\0\0\0\0"sv, crc);
  return crc32c(header.substr(at + 4), crc) == expected;
}

std::string_view check_tlvs(std::string_view header, std::size_t at) noexcept {
  while (at < header.size()) {
    if (header.size() - at < 3) return "a TLV of the PROXY header is cut off";
    const std::size_t size = number_at(header, at + 1);
    if (header.size() - at - 3 < size) return "a TLV of the PROXY header is cut off";
    if (byte_at(header, at) == kCrc32c) {
      if (size != 4) return "the PROXY header's checksum has a wrong length";
      if (!checksum_holds(header, at + 3)) return "the PROXY header's checksum is wrong";
    }
    at += 3 + size;
  }
  return {};
}

// Address bytes of a family; nothing: it is unknown.
std::optional<std::size_t> address_bytes(unsigned family) noexcept {
  switch (family) {
    case 0x00:
      return 0;
    case 0x11:
    case 0x12:
      return 2 * 4 + 2 * 2;
    case 0x21:
    case 0x22:
      return 2 * 16 + 2 * 2;
    case 0x31:
    case 0x32:
      return 2 * kUnixPath;
    default:
      return std::nullopt;
  }
}

void read_addresses(std::string_view addresses, unsigned family, ProxyHeader& out) noexcept {
  if (family >> 4 == 3) {
    out.source = unix_address(addresses.substr(0, kUnixPath));
    out.destination = unix_address(addresses.substr(kUnixPath));
    out.local = out.source.family() == AF_UNSPEC;  // a client without a name
    return;
  }
  const std::size_t ip = family >> 4 == 1 ? 4 : 16;
  out.source = ip_address(addresses.substr(0, ip), number_at(addresses, 2 * ip));
  out.destination = ip_address(addresses.substr(ip, ip), number_at(addresses, 2 * ip + 2));
}

ProxyResult parse_2(std::string_view bytes, ProxyHeader& out) noexcept {
  if (bytes.size() < kHead2) return {};
  const unsigned command = byte_at(bytes, 12);
  if (command >> 4 != 2) return malformed("the PROXY header has an unknown version");
  if ((command & 15) > 1) return malformed("the PROXY header has an unknown command");
  out.version = 2;
  out.size = kHead2 + number_at(bytes, 14);
  if (out.size > kMostProxyHeaderBytes) return malformed("the PROXY header is too long");
  if (bytes.size() < out.size) return {};
  out.local = (command & 15) == 0;
  if (out.local) return {ProxyParse::complete};  // the rest is to be passed over
  const unsigned family = byte_at(bytes, 13);
  const auto size = address_bytes(family);
  if (!size) return malformed("the PROXY header names an unknown family");
  const std::string_view header = bytes.substr(0, out.size);
  if (header.size() < kHead2 + *size) return malformed("the PROXY header's addresses are cut off");
  if (const std::string_view problem = check_tlvs(header, kHead2 + *size); !problem.empty())
    return malformed(problem);
  if (*size == 0) {
    out.local = true;
  } else {
    read_addresses(header.substr(kHead2, *size), family, out);
  }
  return {ProxyParse::complete};
}

}  // namespace

ProxyResult parse_proxy_header(std::string_view bytes, ProxyHeader& out) noexcept {
  out = {};
  const auto begins = [&](std::string_view start) {
    return start.starts_with(bytes.substr(0, start.size())) && !bytes.empty();
  };
  if (begins(kStart1)) return bytes.size() < kStart1.size() ? ProxyResult{} : parse_1(bytes, out);
  if (begins(kStart2)) return bytes.size() < kStart2.size() ? ProxyResult{} : parse_2(bytes, out);
  return {bytes.empty() ? ProxyParse::incomplete : ProxyParse::absent};
}

}  // namespace turnpike::l4
