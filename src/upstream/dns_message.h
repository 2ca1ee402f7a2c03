// The little of DNS messages (RFC 1035 §4) that c-ares does not tell.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace turnpike::upstream {

// The shortest TTL among the answers, in seconds; nothing if the message is broken or has no answer.
std::optional<std::uint32_t> shortest_ttl(std::span<const unsigned char> message) noexcept;

}  // namespace turnpike::upstream
