#include "http/h2/frame.h"

namespace turnpike::http::h2 {
namespace {

FrameFault fault(ErrorCode code, std::string_view detail) noexcept { return {code, detail, false}; }
FrameFault protocol(std::string_view detail) noexcept { return fault(ErrorCode::protocol_error, detail); }
FrameFault size(std::string_view detail) noexcept { return fault(ErrorCode::frame_size_error, detail); }

// §7: numbers that we do not know count as INTERNAL_ERROR.
ErrorCode code_from(std::uint32_t number) noexcept {
  return number <= static_cast<std::uint32_t>(ErrorCode::http_1_1_required) ? static_cast<ErrorCode>(number)
                                                                            : ErrorCode::internal_error;
}

Dependency read_dependency(const char* at) noexcept {
  const std::uint32_t word = read_u32(at);
  return {word & kLargestId, static_cast<std::uint16_t>(static_cast<unsigned char>(at[4]) + 1),
          word >> 31 != 0};
}

// Takes padding off (§6.1): the payload begins with its size.
FrameFault take_padding(const FrameHeader& header, std::string_view& payload, Frame& out) noexcept {
  if (!header.has(flag::kPadded)) return {};
  if (payload.empty()) return size("padded frame without a padding length");
  out.padding = static_cast<unsigned char>(payload.front());
  payload.remove_prefix(1);
  if (out.padding > payload.size()) return protocol("padding longer than its frame");
  payload.remove_suffix(out.padding);
  return {};
}

FrameFault parse_headers(const FrameHeader& header, std::string_view payload, Frame& out) noexcept {
  if (const FrameFault fault = take_padding(header, payload, out); fault.code != ErrorCode::no_error)
    return fault;
  if (header.has(flag::kPriority)) {
    if (payload.size() < 5) return size("HEADERS too short for its priority");
    out.has_dependency = true;
    out.dependency = read_dependency(payload.data());
    payload.remove_prefix(5);
  }
  out.content = payload;
  return {};
}

FrameFault parse_push_promise(const FrameHeader& header, std::string_view payload, Frame& out) noexcept {
  if (const FrameFault fault = take_padding(header, payload, out); fault.code != ErrorCode::no_error)
    return fault;
  if (payload.size() < 4) return size("PUSH_PROMISE too short");
  out.value = read_u32(payload.data()) & kLargestId;
  if (out.value == 0 || out.value % 2 == 1) return protocol("PUSH_PROMISE of a stream that no server opens");
  out.content = payload.substr(4);
  return {};
}

}  // namespace

FrameHeader read_frame_header(const char* bytes) noexcept {
  return {read_u32(bytes) >> 8, static_cast<FrameType>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
          read_u32(bytes + 5) & kLargestId};
}

char* write_u32(char* out, std::uint32_t value) noexcept {
  out[0] = static_cast<char>(value >> 24);
  out[1] = static_cast<char>(value >> 16);
  out[2] = static_cast<char>(value >> 8);
  out[3] = static_cast<char>(value);
  return out + 4;
}

char* write_u16(char* out, std::uint32_t value) noexcept {
  out[0] = static_cast<char>(value >> 8);
  out[1] = static_cast<char>(value);
  return out + 2;
}

char* write_frame_header(char* out, std::size_t length, FrameType type, std::uint8_t flags,
                         StreamId stream) noexcept {
  write_u32(out, static_cast<std::uint32_t>(length << 8) | static_cast<std::uint32_t>(type));
  out[4] = static_cast<char>(flags);
  return write_u32(out + 5, stream);
}

FrameFault check_header(const FrameHeader& header, std::uint32_t largest) noexcept {
  if (header.length > largest) return size("frame larger than SETTINGS_MAX_FRAME_SIZE");
  const bool stream = header.stream != 0;
  switch (header.type) {
    case FrameType::data:
    case FrameType::headers:
    case FrameType::continuation:
    case FrameType::push_promise:
      if (!stream) return protocol("frame of a stream on stream 0");
      break;
    case FrameType::priority:
      if (!stream) return protocol("PRIORITY on stream 0");
      if (header.length != 5) return {ErrorCode::frame_size_error, "PRIORITY of another size than 5", true};
      break;
    case FrameType::rst_stream:
      if (!stream) return protocol("RST_STREAM on stream 0");
      if (header.length != 4) return size("RST_STREAM of another size than 4");
      break;
    case FrameType::settings:
      if (stream) return protocol("SETTINGS on a stream");
      if (header.has(flag::kAck) && header.length != 0)
        return size("acknowledgement of SETTINGS with content");
      if (header.length % 6 != 0) return size("SETTINGS of a size that is no multiple of 6");
      break;
    case FrameType::ping:
      if (stream) return protocol("PING on a stream");
      if (header.length != 8) return size("PING of another size than 8");
      break;
    case FrameType::goaway:
      if (stream) return protocol("GOAWAY on a stream");
      if (header.length < 8) return size("GOAWAY too short");
      break;
    case FrameType::window_update:
      if (header.length != 4) return size("WINDOW_UPDATE of another size than 4");
      break;
    case FrameType::priority_update:
      if (stream) return protocol("PRIORITY_UPDATE on a stream");
      if (header.length < 4) return size("PRIORITY_UPDATE too short");
      break;
    default:
      break;
  }
  return {};
}

FrameFault parse_payload(const FrameHeader& header, std::string_view payload, Frame& out) noexcept {
  out = Frame();
  switch (header.type) {
    case FrameType::data:
      if (const FrameFault fault = take_padding(header, payload, out); fault.code != ErrorCode::no_error)
        return fault;
      out.content = payload;
      break;
    case FrameType::headers:
      return parse_headers(header, payload, out);
    case FrameType::priority:
      out.has_dependency = true;
      out.dependency = read_dependency(payload.data());
      break;
    case FrameType::rst_stream:
      out.value = read_u32(payload.data());
      out.code = code_from(out.value);
      break;
    case FrameType::push_promise:
      return parse_push_promise(header, payload, out);
    case FrameType::goaway:
      out.value = read_u32(payload.data()) & kLargestId;
      out.code = code_from(read_u32(payload.data() + 4));
      out.content = payload.substr(8);
      break;
    case FrameType::window_update:
      out.value = read_u32(payload.data()) & kLargestWindow;
      if (out.value == 0) return {ErrorCode::protocol_error, "WINDOW_UPDATE of 0", header.stream != 0};
      break;
    case FrameType::priority_update:
      out.value = read_u32(payload.data()) & kLargestId;
      out.content = payload.substr(4);
      break;
    default:  // settings, ping, continuation, and what we do not know
      out.content = payload;
      break;
  }
  return {};
}

}  // namespace turnpike::http::h2
