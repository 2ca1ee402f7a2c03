// Frames of both senders: pieces make no difference, and a head that is read is written to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/websocket/frame.h"

using namespace turnpike::http::websocket;

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

std::string scan(std::string_view bytes, Sender sender, std::size_t piece) {
  FrameScan frames(sender, std::uint64_t{1} << 32);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view part = bytes.substr(at, piece);
    while (!part.empty()) {
      const FrameScan::Step step = frames.next(part);
      if (!step.error.empty()) return seen + std::string(step.error);
      check(step.consumed > 0 && step.consumed <= part.size());
      if (step.head) seen += static_cast<char>('0' + static_cast<int>(frames.head().opcode));
      if (step.ends) seen += '.';
      part.remove_prefix(step.consumed);
    }
  }
  return seen;
}

void check_head(std::string_view bytes, Sender sender) {
  FrameHead head;
  const FrameResult result = parse_frame_head(bytes, sender, head);
  if (result.state != Parse::complete) return;
  char out[kMaxFrameHead];
  check(write_frame_head(head, out) == result.consumed);
  check(std::string_view(out, result.consumed) == bytes.substr(0, result.consumed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  const Sender sender = data[0] >= 128 ? Sender::client : Sender::server;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_head(bytes, sender);
  check(scan(bytes, sender, piece) == scan(bytes, sender, size));
  return 0;
}
