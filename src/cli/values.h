// Values of options as people write them (durations and sizes: resource/scalar.h).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace turnpike::cli {

// ":8080", "8080", "127.0.0.1:8080", "[::1]:8080", "example.com:9000".
struct HostPort {
  std::string host;  // without brackets; empty: all addresses
  std::uint16_t port = 0;
};
std::optional<HostPort> parse_host_port(std::string_view text);

// A request field as `curl -H` takes it: "name: value". The error says what is wrong with it.
struct HeaderLine {
  std::string name;
  std::string value;
};
std::expected<HeaderLine, std::string> parse_header(std::string_view text);

}  // namespace turnpike::cli
