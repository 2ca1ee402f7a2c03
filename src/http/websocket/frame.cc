#include "http/websocket/frame.h"

#include <algorithm>
#include <cstring>

namespace turnpike::http::websocket {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kSize16 = 126;
constexpr std::uint8_t kSize64 = 127;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint64_t read_big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

char* write_big_endian(std::uint64_t value, unsigned size, char* out) noexcept {
  for (unsigned i = size; i-- > 0;) *out++ = static_cast<char>(value >> (8 * i));
  return out;
}

bool is_defined(unsigned opcode) noexcept { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa); }

FrameResult refuse(std::string_view detail) noexcept {
  return {.state = Parse::error, .consumed = 0, .detail = detail};
}

}  // namespace

FrameResult parse_frame_head(std::string_view bytes, Sender sender, FrameHead& out) noexcept {
  if (bytes.size() < 2) return {};
  const std::uint8_t first = byte_at(bytes, 0);
  const std::uint8_t second = byte_at(bytes, 1);
  if (!is_defined(first & 0x0f)) return refuse("a WebSocket frame has an unknown opcode");
  out.opcode = static_cast<Opcode>(first & 0x0f);
  out.fin = (first & kFin) != 0;
  out.reserved = static_cast<std::uint8_t>(first >> 4 & 0x7);
  out.masked = (second & kMasked) != 0;
  if (out.masked != (sender == Sender::client)) {
    return refuse(out.masked ? "a WebSocket frame of a server is masked"
                             : "a WebSocket frame of a client is not masked");
  }
  const std::uint8_t short_size = second & 0x7f;
  if (is_control(out.opcode) && (!out.fin || short_size > kMaxControlSize)) {
    return refuse("a WebSocket control frame is long or in fragments");
  }
  std::size_t at = 2;
  const std::size_t size_bytes = short_size == kSize16 ? 2 : short_size == kSize64 ? 8 : 0;
  if (bytes.size() < at + size_bytes) return {};
  out.size = size_bytes == 0 ? short_size : read_big_endian(bytes.substr(at, size_bytes));
  at += size_bytes;
  if ((size_bytes == 2 && out.size < kSize16) || (size_bytes == 8 && out.size <= 0xffff)) {
    return refuse("the size of a WebSocket frame is not in its shortest form");
  }
  if (out.size >> 63 != 0) return refuse("the size of a WebSocket frame is negative");
  out.key = 0;
  if (out.masked) {
    if (bytes.size() < at + 4) return {};
    out.key = static_cast<MaskKey>(read_big_endian(bytes.substr(at, 4)));
    at += 4;
  }
  return {.state = Parse::complete, .consumed = at, .detail = {}};
}

std::size_t write_frame_head(const FrameHead& head, char* out) noexcept {
  char* at = out;
  *at++ =
      static_cast<char>((head.fin ? kFin : 0) | (head.reserved & 0x7) << 4 | static_cast<int>(head.opcode));
  const std::uint8_t mask = head.masked ? kMasked : 0;
  if (head.size < kSize16) {
    *at++ = static_cast<char>(mask | head.size);
  } else if (head.size <= 0xffff) {
    *at++ = static_cast<char>(mask | kSize16);
    at = write_big_endian(head.size, 2, at);
  } else {
    *at++ = static_cast<char>(mask | kSize64);
    at = write_big_endian(head.size, 8, at);
  }
  if (head.masked) at = write_big_endian(head.key, 4, at);
  return static_cast<std::size_t>(at - out);
}

void apply_mask(std::span<char> payload, MaskKey key, std::uint64_t offset) noexcept {
  char bytes[4];
  write_big_endian(key, 4, bytes);
  for (char& c : payload) c = static_cast<char>(c ^ bytes[offset++ % 4]);
}

FrameScan::Step FrameScan::refuse(std::string_view detail) noexcept {
  Step step;
  step.error = detail;
  return step;
}

// Fragments belong together, and nothing follows a close frame.
std::string_view FrameScan::check_order() noexcept {
  if (closed_) return "a WebSocket frame follows the close frame";
  if (most_frame_ != 0 && head_.size > most_frame_) return "a WebSocket frame is too long";
  if (is_control(head_.opcode)) {
    closed_ = head_.opcode == Opcode::close;
    return {};
  }
  if ((head_.opcode == Opcode::continuation) != in_message_) {
    return in_message_ ? "a WebSocket message begins within another"
                       : "a WebSocket fragment belongs to no message";
  }
  in_message_ = !head_.fin;
  return {};
}

FrameScan::Step FrameScan::next(std::string_view bytes) noexcept {
  Step step;
  if (left_ > 0) {
    step.payload = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    step.consumed = step.payload.size();
    left_ -= step.consumed;
    step.ends = left_ == 0;
    return step;
  }
  const std::size_t taken = std::min(bytes.size(), kMaxFrameHead - have_);
  if (taken == 0) return step;
  std::memcpy(bytes_ + have_, bytes.data(), taken);
  const FrameResult result = parse_frame_head({bytes_, have_ + taken}, sender_, head_);
  if (result.state == Parse::error) return refuse(result.detail);
  if (result.state == Parse::incomplete) {
    have_ = static_cast<std::uint8_t>(have_ + taken);
    step.consumed = taken;
    return step;
  }
  step.consumed = result.consumed - have_;
  have_ = 0;
  if (const std::string_view wrong = check_order(); !wrong.empty()) return refuse(wrong);
  left_ = head_.size;
  step.head = true;
  step.ends = left_ == 0;
  return step;
}

}  // namespace turnpike::http::websocket
