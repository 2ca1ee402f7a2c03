// The field grpc-timeout: how long a caller waits (gRPC over HTTP/2, Request-Headers).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace turnpike::http::grpc {

// One to eight digits and a unit: H, M, S, m (milli), u (micro) or n (nano). Nothing if it is anything else.
// What does not fit (more than 292 years) becomes the longest Duration.
std::optional<Duration> parse_timeout(std::string_view text) noexcept;

inline constexpr std::size_t kTimeoutSize = 9;  // the most that format_timeout() writes

// The longest timeout that can be written and is not longer than `timeout`, but at least "1n"; more than
// 99,999,999 hours become that. The text lies in `buffer`.
std::string_view format_timeout(Duration timeout, std::array<char, kTimeoutSize>& buffer) noexcept;

}  // namespace turnpike::http::grpc
