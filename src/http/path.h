// Request targets: validation and the one normal form that the matcher, the rewriter, policies and the
// upstream all see (principle 7; RFC 3986 §6.2.2).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"

namespace turnpike::http {

// What to do with what is ambiguous between servers. Chosen once per listener.
struct PathRules {
  enum class Ambiguous : std::uint8_t { refuse, keep, decode };
  bool decode_unreserved = true;                // %41 -> A; and %2e -> '.', before dot segments are looked at
  bool merge_dot_segments = true;               // RFC 3986 §5.2.4; above the root is refused
  bool merge_slashes = false;                   // "//" -> "/"
  bool upper_case_escapes = true;               // %2f -> %2F
  Ambiguous encoded_slash = Ambiguous::refuse;  // %2F
  Ambiguous encoded_backslash = Ambiguous::refuse;  // %5C; decode turns it into "/"
  Ambiguous backslash = Ambiguous::refuse;          // "\" as such; decode turns it into "/"
  // %00, malformed escapes, control bytes and bytes above 0x7e are always refused, and so is a bare "?" or
  bool operator==(const PathRules&) const = default;
  // "#".
};

// Returns `path` itself where it is in normal form already (no copy), else a new text in the arena.
// Normalising the result again gives the same text. "*" (asterisk-form) is its own normal form. Dot segments
// are seen whether their dots are encoded or not. Errors: bad_path with the reason as detail.
Result<std::string_view> normalise_path(std::string_view path, const PathRules& rules, Arena& arena);

// Host of an authority without port; an IPv6 host keeps its brackets. Port 0 if there is none ("host:" has
// none).
struct Authority {
  std::string_view host;
  std::uint16_t port = 0;
};
// The parts as received (RFC 3986 §3.2), no copy. Errors: bad_request (userinfo, empty host, empty label, bad
// port, characters that no host has, percent-encoding, unbalanced brackets, an address that is none).
Result<Authority> split_authority(std::string_view authority) noexcept;
// The same with the host lower-case (in the arena if it had capitals) and a trailing dot removed.
Result<Authority> parse_authority(std::string_view authority, Arena& arena);

}  // namespace turnpike::http
