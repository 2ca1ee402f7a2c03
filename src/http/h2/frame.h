// Frames as they stand on the wire (RFC 9113 §4, §6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/h2/codes.h"

namespace turnpike::http::h2 {

inline constexpr std::size_t kFrameHeader = 9;

struct FrameHeader {
  std::uint32_t length = 0;  // of the payload
  FrameType type{};          // any number: those that have no name are to be ignored
  std::uint8_t flags = 0;
  StreamId stream = 0;

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
};

FrameHeader read_frame_header(const char* bytes) noexcept;  // kFrameHeader bytes
char* write_frame_header(char* out, std::size_t length, FrameType type, std::uint8_t flags,
                         StreamId stream) noexcept;

inline std::uint32_t read_u32(const char* bytes) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes);
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}
inline std::uint32_t read_u16(const char* bytes) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes);
  return std::uint32_t{at[0]} << 8 | at[1];
}
char* write_u32(char* out, std::uint32_t value) noexcept;
char* write_u16(char* out, std::uint32_t value) noexcept;

// What is wrong with a frame by itself, whatever came before; `code` is no_error if nothing is.
struct FrameFault {
  ErrorCode code = ErrorCode::no_error;
  std::string_view detail{};  // string literal
  bool of_stream = false;     // a stream error (§5.4.2), else one of the connection (§5.4.1)
};
// By its header alone: sizes, and whether it belongs to a stream. `largest` is our SETTINGS_MAX_FRAME_SIZE.
FrameFault check_header(const FrameHeader& header, std::uint32_t largest) noexcept;

// RFC 7540 §5.3, which RFC 9113 §5.3 tells us to ignore.
struct Dependency {
  StreamId on = 0;
  std::uint16_t weight = 0;  // 1 to 256
  bool exclusive = false;
};

// A payload taken apart. Which members are set depends on the type.
struct Frame {
  std::string_view content;  // DATA, field block fragment, debug data, priority field value, opaque data
  std::uint32_t padding = 0;
  bool has_dependency = false;
  Dependency dependency;    // HEADERS, PRIORITY
  std::uint32_t value = 0;  // error code; increment; promised, prioritised or last stream
  ErrorCode code{};         // RST_STREAM, GOAWAY
};
// Of a header that check_header() found good, with its whole payload.
FrameFault parse_payload(const FrameHeader& header, std::string_view payload, Frame& out) noexcept;

}  // namespace turnpike::http::h2
