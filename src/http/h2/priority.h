// Priorities of RFC 9218.
#pragma once

#include <cstdint>
#include <string_view>

namespace turnpike::http::h2 {

struct Priority {
  std::uint8_t urgency = 3;  // 0 is the most urgent, 7 the least
  // Served in turn with others of its urgency, not one after the other. True unless the client says something
  // about priorities: one that does not (gRPC) expects its streams to share.
  bool incremental = true;
  bool operator==(const Priority&) const = default;
};

// The value of a Priority field or of PRIORITY_UPDATE: a dictionary of RFC 9651. What is malformed or unknown
// in it is passed over (RFC 9218 §4).
Priority parse_priority(std::string_view value) noexcept;

}  // namespace turnpike::http::h2
