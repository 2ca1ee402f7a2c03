// grpc.health.v1.Health/Check (health-checking.md) in the wire form of Protocol Buffers, by hand: two
// messages of one field each.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace turnpike::http::grpc {

inline constexpr std::string_view kHealthPath = "/grpc.health.v1.Health/Check";
inline constexpr std::size_t kMaxHealthResponse = 4096;  // bytes of a response that is read

enum class Serving : std::uint8_t { unknown, serving, not_serving, service_unknown };

// HealthCheckRequest{service} as a length-prefixed message: the content of the request.
std::string health_request(std::string_view service);

// The status in the content of the response: exactly one length-prefixed message, not compressed, with a
// HealthCheckResponse. Unknown fields are passed over; the last of several statuses counts. The error says
// what is wrong, a literal.
std::expected<Serving, std::string_view> parse_health_response(std::string_view content) noexcept;

}  // namespace turnpike::http::grpc
