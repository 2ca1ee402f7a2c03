// Follows one direction of a WebSocket through a gateway: where frames begin and end, which control frames
// pass, and takes out the pongs that answer the gateway's own pings.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/websocket/frame.h"

namespace turnpike::http::websocket {

// What a ping of a gateway carries: so long, that a pong that was not meant for it hardly has the same.
using PingMark = std::array<char, 8>;

class Scanner {
 public:
  explicit Scanner(Sender sender) noexcept : sender_(sender) {}

  // The next bytes of the stream. Those of a pong that carries the mark asked for are taken out: what stays
  // has been moved together at the beginning of `bytes`, and its size is the answer. The beginning of a frame
  // that may be such a pong is held back until it is known; it comes out with held(), which goes before what
  // stays.
  std::size_t scan(std::span<char> bytes) noexcept;
  // Bytes that were held back and are to be passed on after all, before those that the last scan() left. They
  // stay until the next scan().
  std::string_view held() const noexcept { return {out_.data(), out_size_}; }

  // A ping with this mark, the same each time, has been sent to the sender: one more pong with it is ours.
  void expect_pong(const PingMark& mark) noexcept {
    mark_ = mark;
    if (expecting_ < 0xff) ++expecting_;
  }
  bool expecting() const noexcept { return expecting_ > 0; }

  // All that came so far and was passed on ends with a frame: another one may be put after it.
  bool at_boundary() const noexcept { return !lost_ && left_ == 0 && head_size_ == 0; }
  // A close frame has passed: nothing may follow.
  bool closed() const noexcept { return closed_; }
  // What came is no WebSocket: from there on everything passes untouched, and nothing may be put between.
  bool lost() const noexcept { return lost_; }
  // How many pings and pongs of the ends themselves have passed.
  std::uint32_t pings() const noexcept { return pings_; }
  std::uint32_t pongs() const noexcept { return pongs_; }

 private:
  struct Step {
    std::size_t taken = 0;   // bytes of the chunk
    std::size_t passed = 0;  // to be passed on: all of them, or none
  };
  // The header of a frame, and the mark of what may be our pong.
  Step begin_frame(std::span<const char> bytes) noexcept;
  // It is not our pong: what was held back comes out.
  void let_out(std::size_t carried) noexcept;
  bool is_ours(const FrameHead& header, std::size_t size) const noexcept;
  void count(const FrameHead& header) noexcept;

  const Sender sender_;
  std::uint8_t expecting_ = 0;  // pongs of ours
  bool holding_ = false;        // what is in head_ has not been passed on
  bool closed_ = false;
  bool lost_ = false;
  std::uint8_t head_size_ = 0;
  std::uint8_t out_size_ = 0;
  PingMark mark_{};
  std::array<char, kMaxFrameHead + 8> head_{};  // of a frame that is not known yet
  std::array<char, kMaxFrameHead + 8> out_{};
  std::uint64_t left_ = 0;  // content of the frame that has not come
  std::uint32_t pings_ = 0;
  std::uint32_t pongs_ = 0;
};

// A whole control frame, as `sender` sends it, masked with `key` if that is the client. `content` has at most
// kMaxControlSize bytes. Its size.
inline constexpr std::size_t kMaxControlFrame = kMaxFrameHead + kMaxControlSize;
std::size_t write_control(Opcode opcode, std::string_view content, Sender sender, MaskKey key,
                          std::span<char, kMaxControlFrame> out) noexcept;
inline constexpr std::string_view kGoingAway = "\x03\xe9";  // content of a close frame: code 1001 (§7.4.1)

}  // namespace turnpike::http::websocket
