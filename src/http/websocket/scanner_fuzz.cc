// The scanner against a reader that has the whole stream before it: however the stream is cut into pieces,
// the same comes out, and nothing but one pong of ours is missing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/websocket/scanner.h"

using namespace turnpike::http::websocket;

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

constexpr PingMark kMark{0, 0, 0, 0,
                         0, 0, 0, 0};  // easily found by mutation, and by a key that is the content

struct Expected {
  std::string out;
  bool lost = false;
  bool boundary = true;
};

Expected read_whole(std::string stream, Sender sender) {
  Expected expected;
  bool expecting = true;
  while (!stream.empty()) {
    FrameHead header;
    const FrameResult parsed = parse_frame_head(stream, sender, header);
    if (parsed.state == Parse::error) {
      expected.lost = true;
      expected.boundary = false;
      expected.out += stream;
      return expected;
    }
    const bool whole = parsed.state == Parse::complete && header.size <= stream.size() - parsed.consumed;
    if (!whole) expected.boundary = false;
    const std::size_t size = whole ? parsed.consumed + static_cast<std::size_t>(header.size) : stream.size();
    std::string content = whole ? stream.substr(parsed.consumed, header.size) : "";
    if (header.masked) apply_mask(content, header.key, 0);
    const bool ours = expecting && whole && header.opcode == Opcode::pong && header.fin &&
                      header.reserved == 0 && content == std::string(kMark.data(), kMark.size());
    if (ours) expecting = false;
    if (!ours) expected.out += stream.substr(0, size);
    stream.erase(0, size);
  }
  return expected;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Sender sender = (data[0] & 1) != 0 ? Sender::client : Sender::server;
  const std::size_t piece = data[1] % 32 + 1;
  const std::string stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Expected expected = read_whole(stream, sender);
  Scanner scanner(sender);
  scanner.expect_pong(kMark);
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    std::string part = stream.substr(at, piece);
    const std::size_t kept = scanner.scan(part);
    check(kept <= part.size());
    out.append(scanner.held()).append(part, 0, kept);
  }
  check(scanner.lost() == expected.lost);
  check(scanner.at_boundary() == expected.boundary);
  // What may be our pong is held back at the end.
  check(out == expected.out || (!expected.boundary && expected.out.starts_with(out) &&
                                expected.out.size() - out.size() < kMaxFrameHead + kMark.size()));
  return 0;
}
