#include "http/websocket/scanner.h"

#include <algorithm>
#include <cstring>

namespace turnpike::http::websocket {
namespace {

constexpr char kPongByte = static_cast<char>(0x80 | static_cast<unsigned>(Opcode::pong));

}  // namespace

bool Scanner::is_ours(const FrameHead& header, std::size_t size) const noexcept {
  PingMark content;
  std::memcpy(content.data(), head_.data() + size, content.size());
  if (header.masked) apply_mask(content, header.key, 0);
  return content == mark_;
}

void Scanner::count(const FrameHead& header) noexcept {
  if (header.opcode == Opcode::close) closed_ = true;
  if (header.opcode == Opcode::ping) ++pings_;
  if (header.opcode == Opcode::pong) ++pongs_;
}

void Scanner::let_out(std::size_t carried) noexcept {
  if (holding_ && carried > 0) {
    std::memcpy(out_.data(), head_.data(), carried);
    out_size_ = static_cast<std::uint8_t>(carried);
  }
  holding_ = false;
  head_size_ = 0;
}

Scanner::Step Scanner::begin_frame(std::span<const char> bytes) noexcept {
  const std::size_t carried = head_size_;
  if (carried == 0) holding_ = expecting_ > 0 && bytes.front() == kPongByte;
  const std::size_t more = std::min(bytes.size(), head_.size() - carried);
  std::memcpy(head_.data() + carried, bytes.data(), more);
  const std::size_t size = carried + more;
  FrameHead header;
  const FrameResult parsed = parse_frame_head({head_.data(), size}, sender_, header);
  const bool may_be_ours = holding_ && parsed.state == Parse::complete && header.size == mark_.size();
  if (parsed.state == Parse::incomplete || (may_be_ours && size < parsed.consumed + mark_.size())) {
    head_size_ = static_cast<std::uint8_t>(size);
    return {more, holding_ ? 0 : more};
  }
  if (may_be_ours && is_ours(header, parsed.consumed)) {
    --expecting_;
    holding_ = false;
    head_size_ = 0;
    return {parsed.consumed + mark_.size() - carried, 0};
  }
  let_out(carried);
  if (parsed.state == Parse::error) {
    lost_ = true;
    return {0, 0};
  }
  count(header);
  // Held back, there may be a part of the content already.
  left_ = header.size - (carried > parsed.consumed ? carried - parsed.consumed : 0);
  const std::size_t rest = carried < parsed.consumed ? parsed.consumed - carried : 0;
  return {rest, rest};
}

std::size_t Scanner::scan(std::span<char> bytes) noexcept {
  out_size_ = 0;
  std::size_t kept = 0;
  std::size_t at = 0;
  const auto keep = [&](std::size_t count) {
    if (kept != at) std::memmove(bytes.data() + kept, bytes.data() + at, count);
    kept += count;
    at += count;
  };
  while (at < bytes.size()) {
    if (lost_) {
      keep(bytes.size() - at);
    } else if (left_ > 0) {
      const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      left_ -= count;
      keep(count);
    } else {
      const Step step = begin_frame(bytes.subspan(at));
      if (step.passed > 0) {
        keep(step.passed);
      } else {
        at += step.taken;
      }
    }
  }
  return kept;
}

std::size_t write_control(Opcode opcode, std::string_view content, Sender sender, MaskKey key,
                          std::span<char, kMaxControlFrame> out) noexcept {
  const FrameHead head{
      .opcode = opcode, .masked = sender == Sender::client, .key = key, .size = content.size()};
  const std::size_t size = write_frame_head(head, out.data());
  std::memcpy(out.data() + size, content.data(), content.size());
  if (head.masked) apply_mask(out.subspan(size, content.size()), key, 0);
  return size + content.size();
}

}  // namespace turnpike::http::websocket
