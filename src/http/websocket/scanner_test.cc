#include "http/websocket/scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace turnpike::http::websocket {
namespace {

constexpr PingMark kMark{'m', 'a', 'r', 'k', '0', '0', '0', '1'};
constexpr PingMark kOther{'m', 'a', 'r', 'k', '0', '0', '0', '2'};

std::string frame(Opcode opcode, std::string content, Sender sender = Sender::server, bool fin = true) {
  const FrameHead header{.opcode = opcode,
                         .fin = fin,
                         .masked = sender == Sender::client,
                         .key = 0x01020304,
                         .size = content.size()};
  std::array<char, kMaxFrameHead> out{};
  const std::size_t size = write_frame_head(header, out.data());
  if (header.masked) apply_mask(content, header.key, 0);
  return std::string(out.data(), size) + content;
}

std::string text_of(const PingMark& mark) { return {mark.data(), mark.size()}; }

// What comes out when the stream comes in pieces of `size`.
std::string through(Scanner& scanner, const std::string& stream, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += size) {
    std::string piece = stream.substr(at, size);
    const std::size_t kept = scanner.scan(piece);
    out.append(scanner.held()).append(piece, 0, kept);
  }
  return out;
}

TEST(WebSocketScanner, KnowsWhereFramesEnd) {
  Scanner scanner(Sender::server);
  EXPECT_TRUE(scanner.at_boundary());
  std::string stream = frame(Opcode::text, std::string(300, 'x')) + frame(Opcode::binary, "");
  for (std::size_t i = 0; i < stream.size(); ++i) {
    std::string byte = stream.substr(i, 1);
    EXPECT_EQ(scanner.scan(byte), 1U) << "nothing is held back without need";
    const bool end = i + 1 == 304 || i + 1 == stream.size();
    EXPECT_EQ(scanner.at_boundary(), end) << i;
  }
  EXPECT_FALSE(scanner.closed());
  through(scanner, frame(Opcode::close, ""), 1);
  EXPECT_TRUE(scanner.closed());
}

TEST(WebSocketScanner, TakesOutItsOwnPongHoweverItComes) {
  for (const Sender sender : {Sender::server, Sender::client}) {
    const std::string before = frame(Opcode::text, "before", sender);
    const std::string after = frame(Opcode::pong, "someone", sender) + frame(Opcode::text, "after", sender);
    const std::string stream = before + frame(Opcode::pong, text_of(kMark), sender) + after;
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      Scanner scanner(sender);
      scanner.expect_pong(kMark);
      EXPECT_EQ(through(scanner, stream, size), before + after) << size;
      EXPECT_FALSE(scanner.expecting());
      EXPECT_TRUE(scanner.at_boundary());
      EXPECT_EQ(scanner.pongs(), 1U);
    }
  }
}

TEST(WebSocketScanner, LetsThePongsOfOthersPass) {
  for (const Sender sender : {Sender::server, Sender::client}) {
    const std::string stream =
        frame(Opcode::pong, text_of(kOther), sender) + frame(Opcode::pong, "", sender) +
        frame(Opcode::pong, std::string(125, 'p'), sender) + frame(Opcode::ping, text_of(kMark), sender) +
        frame(Opcode::text, "text", sender);
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      Scanner scanner(sender);
      scanner.expect_pong(kMark);
      EXPECT_EQ(through(scanner, stream, size), stream) << size;
      EXPECT_TRUE(scanner.expecting());
      EXPECT_TRUE(scanner.at_boundary());
      EXPECT_EQ(scanner.pongs(), 3U);
      EXPECT_EQ(scanner.pings(), 1U);
    }
  }
}

TEST(WebSocketScanner, APongNobodyAskedForIsNotOurs) {
  Scanner scanner(Sender::server);
  const std::string stream = frame(Opcode::pong, text_of(kMark));
  EXPECT_EQ(through(scanner, stream, 3), stream);
  scanner.expect_pong(kMark);
  EXPECT_EQ(through(scanner, stream + stream, 5), stream) << "one for each ping";
}

TEST(WebSocketScanner, BetweenTwoPartsOfAMessageIsABoundaryToo) {
  Scanner scanner(Sender::server);
  through(scanner, frame(Opcode::text, "Hel", Sender::server, false), 100);
  EXPECT_TRUE(scanner.at_boundary());
}

TEST(WebSocketScanner, WhatIsNoWebSocketPassesUntouched) {
  for (const bool expecting : {false, true}) {
    const std::string stream = frame(Opcode::text, "good") + "\x8a\xff and then something else" +
                               frame(Opcode::pong, text_of(kMark));
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      Scanner scanner(Sender::server);
      if (expecting) scanner.expect_pong(kMark);
      EXPECT_EQ(through(scanner, stream, size), stream);
      EXPECT_TRUE(scanner.lost());
      EXPECT_FALSE(scanner.at_boundary());
    }
  }
}

// Found by the fuzzer.
TEST(WebSocketScanner, WhatWasHeldBackIsNotForgottenForTheNextPong) {
  const std::string stream =
      frame(Opcode::pong, "", Sender::server) + frame(Opcode::pong, "next", Sender::server);
  Scanner scanner(Sender::server);
  scanner.expect_pong(kMark);
  std::string first = stream.substr(0, 1);
  EXPECT_EQ(scanner.scan(first), 0U);
  std::string rest = stream.substr(1);
  EXPECT_EQ(scanner.scan(rest), rest.size());
  EXPECT_EQ(scanner.held(), stream.substr(0, 1));
}

TEST(WebSocketScanner, ControlFramesWhole) {
  std::array<char, kMaxControlFrame> out{};
  EXPECT_EQ(write_control(Opcode::close, kGoingAway, Sender::server, 0, out), 4U);
  EXPECT_EQ(std::string(out.data(), 4), "\x88\x02\x03\xe9");
  const std::size_t size = write_control(Opcode::ping, "Hello", Sender::client, 0x37fa213d, out);
  EXPECT_EQ(std::string(out.data(), size), "\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");  // RFC 6455 §5.7
  EXPECT_EQ(write_control(Opcode::pong, std::string(125, 'x'), Sender::client, 1, out), 131U);
}

}  // namespace
}  // namespace turnpike::http::websocket
