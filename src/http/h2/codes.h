// The numbers of HTTP/2 (RFC 9113 §6, §7, §11).
#pragma once

#include <cstdint>
#include <string_view>

namespace turnpike::http::h2 {

using StreamId = std::uint32_t;  // 31 bits; 0 is the connection

enum class Role : std::uint8_t { server, client };

// RFC 9113 §7. A peer may send any other number: it counts as internal_error.
enum class ErrorCode : std::uint32_t {
  no_error,
  protocol_error,
  internal_error,
  flow_control_error,
  settings_timeout,
  stream_closed,
  frame_size_error,
  refused_stream,  // nothing was done for the stream: its request may be sent again
  cancel,
  compression_error,
  connect_error,
  enhance_your_calm,
  inadequate_security,
  http_1_1_required,
};
std::string_view name_of(ErrorCode code) noexcept;  // "PROTOCOL_ERROR"; "" for a number that has no name

enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,  // RFC 9218 §7.1
};

namespace flag {
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;
inline constexpr std::uint8_t kPriority = 0x20;
}  // namespace flag

enum class Setting : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  enable_connect_protocol = 8,  // RFC 8441
  no_rfc7540_priorities = 9,    // RFC 9218 §2.1
};

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::uint32_t kDefaultWindow = 65'535;
inline constexpr std::uint32_t kLargestWindow = 0x7fff'ffff;
inline constexpr std::uint32_t kDefaultFrameSize = 16'384;
inline constexpr std::uint32_t kLargestFrameSize = 0xff'ffff;
inline constexpr std::uint32_t kDefaultTableSize = 4096;
inline constexpr StreamId kLargestId = 0x7fff'ffff;

}  // namespace turnpike::http::h2
