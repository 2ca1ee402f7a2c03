#include "http/websocket/frame.h"

#include <gtest/gtest.h>

#include <string>

namespace turnpike::http::websocket {
namespace {

std::string head_of(const FrameHead& head) {
  char out[kMaxFrameHead];
  return {out, write_frame_head(head, out)};
}

std::string frame(Opcode opcode, std::string payload, Sender sender, bool fin = true) {
  FrameHead head{.opcode = opcode, .fin = fin, .masked = sender == Sender::client, .key = 0x12345678};
  head.size = payload.size();
  if (head.masked) apply_mask(payload, head.key, 0);
  return head_of(head) + payload;
}

// RFC 6455 §5.7.
TEST(WebSocketFrame, ReadsTheExamplesOfTheSpecification) {
  FrameHead head;
  const std::string plain("\x81\x05Hello", 7);
  auto result = parse_frame_head(plain, Sender::server, head);
  ASSERT_EQ(result.state, Parse::complete);
  EXPECT_EQ(result.consumed, 2U);
  EXPECT_EQ(head.opcode, Opcode::text);
  EXPECT_TRUE(head.fin);
  EXPECT_EQ(head.size, 5U);

  std::string masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  result = parse_frame_head(masked, Sender::client, head);
  ASSERT_EQ(result.state, Parse::complete);
  EXPECT_EQ(result.consumed, 6U);
  EXPECT_EQ(head.key, 0x37fa213dU);
  std::string payload = masked.substr(6);
  apply_mask(payload, head.key, 0);
  EXPECT_EQ(payload, "Hello");

  result = parse_frame_head(std::string("\x82\x7e\x01\x00", 4), Sender::server, head);
  ASSERT_EQ(result.state, Parse::complete);
  EXPECT_EQ(head.size, 256U);
  result =
      parse_frame_head(std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10), Sender::server, head);
  ASSERT_EQ(result.state, Parse::complete);
  EXPECT_EQ(head.size, 65536U);
}

TEST(WebSocketFrame, WhatIsWrittenIsReadAgain) {
  for (const std::uint64_t size : {0ULL, 1ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, (1ULL << 63) - 1}) {
    for (const bool masked : {false, true}) {
      const FrameHead head{.opcode = Opcode::binary,
                           .fin = false,
                           .reserved = 4,
                           .masked = masked,
                           .key = masked ? 0xa1b2c3d4U : 0,
                           .size = size};
      const std::string text = head_of(head);
      FrameHead again;
      for (std::size_t cut = 0; cut < text.size(); ++cut) {
        EXPECT_EQ(
            parse_frame_head(text.substr(0, cut), masked ? Sender::client : Sender::server, again).state,
            Parse::incomplete);
      }
      const auto result = parse_frame_head(text, masked ? Sender::client : Sender::server, again);
      ASSERT_EQ(result.state, Parse::complete) << result.detail;
      EXPECT_EQ(result.consumed, text.size());
      EXPECT_EQ(again.opcode, head.opcode);
      EXPECT_EQ(again.fin, head.fin);
      EXPECT_EQ(again.reserved, head.reserved);
      EXPECT_EQ(again.key, head.key);
      EXPECT_EQ(again.size, head.size);
    }
  }
}

std::string_view refusal(std::string_view bytes, Sender sender) {
  FrameHead head;
  const auto result = parse_frame_head(bytes, sender, head);
  return result.state == Parse::error ? result.detail : "not refused";
}

TEST(WebSocketFrame, WhatTheSpecificationForbidsIsRefused) {
  EXPECT_EQ(refusal(std::string("\x83\x00", 2), Sender::server), "a WebSocket frame has an unknown opcode");
  EXPECT_EQ(refusal(std::string("\x8b\x00", 2), Sender::server), "a WebSocket frame has an unknown opcode");
  EXPECT_EQ(refusal(std::string("\x81\x00", 2), Sender::client),
            "a WebSocket frame of a client is not masked");
  EXPECT_EQ(refusal(std::string("\x81\x80\0\0\0\0", 6), Sender::server),
            "a WebSocket frame of a server is masked");
  const std::string_view control = "a WebSocket control frame is long or in fragments";
  EXPECT_EQ(refusal(std::string("\x09\x00", 2), Sender::server), control);
  EXPECT_EQ(refusal(std::string("\x89\x7e\x00\x80", 4), Sender::server), control);
  const std::string_view shortest = "the size of a WebSocket frame is not in its shortest form";
  EXPECT_EQ(refusal(std::string("\x82\x7e\x00\x7d", 4), Sender::server), shortest);
  EXPECT_EQ(refusal(std::string("\x82\x7f\0\0\0\0\0\0\xff\xff", 10), Sender::server), shortest);
  EXPECT_EQ(refusal(std::string("\x82\x7f\x80\0\0\0\0\0\0\0", 10), Sender::server),
            "the size of a WebSocket frame is negative");
}

TEST(WebSocketFrame, MaskingMayBeginAnywhere) {
  std::string whole = "The quick brown fox";
  std::string pieces = whole;
  apply_mask(whole, 0x01020304, 0);
  for (std::size_t at = 0; at < pieces.size(); at += 3) {
    apply_mask(std::span(pieces).subspan(at, std::min<std::size_t>(3, pieces.size() - at)), 0x01020304, at);
  }
  EXPECT_EQ(pieces, whole);
}

// The opcodes and sizes of frames, and the boundary at the end: "1:5 9:0 |"; or what was wrong.
std::string scan(std::string_view bytes, Sender sender, std::size_t piece, std::uint64_t most = 0) {
  FrameScan frames(sender, most);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view part = bytes.substr(at, piece);
    while (!part.empty()) {
      const FrameScan::Step step = frames.next(part);
      if (!step.error.empty()) return seen + std::string(step.error);
      if (step.head) {
        seen += std::to_string(static_cast<unsigned>(frames.head().opcode)) + ':' +
                std::to_string(frames.head().size) + ' ';
      }
      part.remove_prefix(step.consumed);
    }
  }
  return seen + (frames.at_boundary() ? "|" : "...");
}

TEST(WebSocketScan, FollowsFramesHoweverTheyAreCut) {
  const std::string stream = frame(Opcode::text, "Hel", Sender::client, false) +
                             frame(Opcode::ping, "", Sender::client) +
                             frame(Opcode::continuation, std::string(300, 'x'), Sender::client) +
                             frame(Opcode::close, "\x03\xe8", Sender::client);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(scan(stream, Sender::client, piece), "1:3 9:0 0:300 8:2 |") << piece;
  }
  EXPECT_EQ(scan(stream.substr(0, stream.size() - 1), Sender::client, 4), "1:3 9:0 0:300 8:2 ...");
}

TEST(WebSocketScan, TheOrderOfFramesIsChecked) {
  const auto server = [](Opcode opcode, bool fin = true) { return frame(opcode, "a", Sender::server, fin); };
  EXPECT_EQ(scan(server(Opcode::continuation), Sender::server, 99),
            "a WebSocket fragment belongs to no message");
  EXPECT_EQ(scan(server(Opcode::text, false) + server(Opcode::text), Sender::server, 99),
            "1:1 a WebSocket message begins within another");
  EXPECT_EQ(scan(server(Opcode::close) + server(Opcode::ping), Sender::server, 99),
            "8:1 a WebSocket frame follows the close frame");
}

TEST(WebSocketScan, FramesAreBounded) {
  EXPECT_EQ(scan(frame(Opcode::text, "12345", Sender::server), Sender::server, 99, 5), "1:5 |");
  EXPECT_EQ(scan(frame(Opcode::text, "123456", Sender::server), Sender::server, 99, 5),
            "a WebSocket frame is too long");
}

}  // namespace
}  // namespace turnpike::http::websocket
