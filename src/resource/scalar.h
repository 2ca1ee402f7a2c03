// The texts that stand for something: durations, sizes, networks, times, base64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "resource/turnpike_kinds.h"

namespace turnpike::resource {

// Gateway API duration (GEP-2257): up to four numbers with units h, m, s or ms, such as "1h30m", "10s" or
// "500ms".
std::optional<Duration> parse_duration(std::string_view text);
// "1h30m", "10s", "0s".
std::string format_duration(Duration value);

// "4096", "64Ki", "10Mi", "1Gi"; also k, M, G in thousands.
std::optional<ByteSize> parse_byte_size(std::string_view text);
std::string format_byte_size(ByteSize value);

// "10.0.0.0/8", "fd00::/8", "192.0.2.1". Bits beyond the prefix must be zero.
std::optional<Cidr> parse_cidr(std::string_view text);

// True for an IPv4 or IPv6 address (without brackets or zone).
bool is_ip_address(std::string_view text);
bool is_ipv4_address(std::string_view text);

// RFC 3339 to seconds since 1970; fractions are dropped.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

// Standard base64 with padding; spaces and line ends are passed over.
std::optional<std::string> decode_base64(std::string_view text);

// What a plain YAML scalar is for Kubernetes (YAML 1.1): "a number", "a boolean", or nothing if it is text.
// "null" does not get here.
std::string_view plain_type_of(std::string_view text);

// true, false and their YAML 1.1 spellings that Kubernetes accepts (yes, no, on, off).
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace turnpike::resource
