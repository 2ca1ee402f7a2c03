// Identity of requests: W3C Trace Context (traceparent) and X-Request-Id. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.h"

namespace turnpike::observe {

// The content of a traceparent field (https://www.w3.org/TR/trace-context/, level 1).
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};  // never all zero
  std::uint64_t parent_id = 0;              // never zero
  std::uint8_t flags = 0;

  static constexpr std::uint8_t kSampled = 1;
  bool sampled() const noexcept { return (flags & kSampled) != 0; }
};

inline constexpr std::size_t kTraceparentSize = 55;
inline constexpr std::size_t kRequestIdSize = 36;

// Strict: version 00 has exactly 55 bytes, later versions at least as many with a '-' after them; hexadecimal
// digits are lower-case; version ff and ids of zeros only are refused. Nothing when it must be ignored.
std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;
// A new trace.
TraceContext start_trace(Random& random, bool sampled) noexcept;
// The same trace one hop further: a new parent id. Of the flags only those of version 00 are kept.
TraceContext continue_trace(const TraceContext& received, Random& random) noexcept;
// "00-<trace id>-<parent id>-<flags>", kTraceparentSize bytes; the view is of `to`.
std::string_view write_traceparent(const TraceContext& context, char* to) noexcept;
// The trace id of a well-formed traceparent: 32 digits; empty if it is not one.
std::string_view trace_id_of(std::string_view traceparent) noexcept;

// A UUID of version 4 (RFC 9562 §5.4), kRequestIdSize bytes; the view is of `to`. Not a secret.
std::string_view write_request_id(Random& random, char* to) noexcept;
// Whether an X-Request-Id from outside may be kept: 1 to 128 letters, digits and "-_.:+/=@".
bool is_request_id(std::string_view text) noexcept;

}  // namespace turnpike::observe
