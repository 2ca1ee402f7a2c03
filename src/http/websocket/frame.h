// Frames of WebSocket (RFC 6455 §5): heads read and written, payload masked, and a stream followed from frame
// to frame without keeping any of it. Knows no socket and no clock (principle 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace turnpike::http::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};
inline bool is_control(Opcode opcode) noexcept { return (static_cast<unsigned>(opcode) & 0x8) != 0; }

// Who sends a frame: clients mask, servers do not (§5.1).
enum class Sender : std::uint8_t { client, server };

using MaskKey = std::uint32_t;  // its bytes in the order of the wire, uppermost first

struct FrameHead {
  Opcode opcode = Opcode::continuation;
  bool fin = true;
  std::uint8_t reserved = 0;  // RSV1-3 as bits 4, 2, 1: extensions such as permessage-deflate use them
  bool masked = false;
  MaskKey key = 0;         // with `masked`
  std::uint64_t size = 0;  // bytes of payload
};

inline constexpr std::size_t kMaxFrameHead = 14;       // bytes
inline constexpr std::uint64_t kMaxControlSize = 125;  // bytes of a control frame's payload (§5.5)

enum class Parse : std::uint8_t { complete, incomplete, error };

struct FrameResult {
  Parse state = Parse::incomplete;
  std::size_t consumed = 0;   // with complete: bytes of the head
  std::string_view detail{};  // with error: what is wrong, a literal
};

// Reads a head from the start of `bytes`; call again with more while it answers incomplete. Refused: opcodes
// that RFC 6455 does not define, control frames that are long or in fragments, a size of 2^63 or more or not
// in its shortest form (§5.2), and a mask where `sender` sends none or the lack of one.
FrameResult parse_frame_head(std::string_view bytes, Sender sender, FrameHead& out) noexcept;
// Writes a head to `out` (kMaxFrameHead bytes); how many bytes it took.
std::size_t write_frame_head(const FrameHead& head, char* out) noexcept;
// Masks or unmasks (§5.3) payload of which `offset` bytes came before.
void apply_mask(std::span<char> payload, MaskKey key, std::uint64_t offset) noexcept;

// Follows the frames of one sender through a stream that comes in pieces: where they begin and end, whether
// they obey the rules. It keeps one head.
class FrameScan {
 public:
  // Frames above `most_frame` bytes of payload are an error; 0: no limit.
  explicit FrameScan(Sender sender, std::uint64_t most_frame = 0) noexcept
      : most_frame_(most_frame), sender_(sender) {}

  struct Step {
    std::size_t consumed = 0;    // bytes of `bytes` that were looked at
    bool head = false;           // a frame begins: head() is new. Its head ends with these bytes
    std::string_view payload{};  // of the current frame, as sent: a view into `bytes`
    bool ends = false;           // the current frame ends with these bytes
    std::string_view error{};    // what is wrong, a literal; nothing may be given afterwards
  };
  // Takes a head, or payload of the current frame: call until all bytes are consumed.
  Step next(std::string_view bytes) noexcept;

  const FrameHead& head() const noexcept { return head_; }
  // Bytes of the current frame's payload in front of the next step's.
  std::uint64_t offset() const noexcept { return head_.size - left_; }
  // Between two frames: another sender's frame may be put here. Control frames may stand between the
  // fragments of a message (§5.4).
  bool at_boundary() const noexcept { return have_ == 0 && left_ == 0; }
  bool closed() const noexcept { return closed_; }  // a close frame has begun: none may follow (§5.5.1)

 private:
  Step refuse(std::string_view detail) noexcept;
  std::string_view check_order() noexcept;

  std::uint64_t most_frame_;
  std::uint64_t left_ = 0;  // of the payload
  FrameHead head_{};
  char bytes_[kMaxFrameHead] = {};  // of a head that is not whole yet
  std::uint8_t have_ = 0;
  Sender sender_;
  bool in_message_ = false;  // fragments are to follow
  bool closed_ = false;
};

}  // namespace turnpike::http::websocket
