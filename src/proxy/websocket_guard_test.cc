#include "proxy/websocket_guard.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "io/pipe.h"
#include "io/testing.h"

namespace turnpike::proxy {
namespace {

using namespace std::chrono_literals;
namespace websocket = http::websocket;
using websocket::Opcode;
using websocket::Sender;

std::string frame(Opcode opcode, std::string_view content, Sender sender) {
  std::array<char, websocket::kMaxControlFrame> out{};
  return {out.data(), websocket::write_control(opcode, content, sender, 0x01020304, out)};
}

// What a control frame says, unmasked; "" if `bytes` do not begin with one of this kind.
std::string content_of(std::string bytes, Opcode opcode, Sender sender) {
  websocket::FrameHead head;
  const auto parsed = websocket::parse_frame_head(bytes, sender, head);
  if (parsed.state != websocket::Parse::complete || head.opcode != opcode) return "";
  std::string content = bytes.substr(parsed.consumed, head.size);
  if (head.masked) websocket::apply_mask(content, head.key, 0);
  return content;
}

// Client <-> pump with a guard <-> upstream, over pipes, in virtual time.
struct Rig {
  explicit Rig(Duration ping, const Pump::Limits& limits = {}, io::PipeOptions options = {}) {
    loop.use_virtual_time();
    std::tie(client, near_client) = io::make_pipe(loop, options);
    std::tie(upstream, near_upstream) = io::make_pipe(loop, options);
    io::spawn(run(*this, ping, limits));
  }
  ~Rig() {
    near_client->cancel();
    near_upstream->cancel();
    turn();
    EXPECT_TRUE(done);
  }
  static io::Task<void> run(Rig& rig, Duration ping, Pump::Limits limits) {
    Pump pump(*rig.near_client, *rig.near_upstream, limits);
    WebSocketGuard guard(pump, rig.loop, rig.random, ping);
    pump.observe(&guard);
    co_await pump.run(rig.from_client, rig.from_upstream);
    rig.reason = pump.reason();
    rig.goodbye = guard.said_goodbye();
    rig.done = true;
  }
  void turn() {
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
  }
  void advance(Duration by) {
    loop.advance(by);
    turn();
  }
  static std::string read(io::Stream& stream) {
    std::string out;
    char bytes[4096];
    for (;;) {
      const io::IoResult got = stream.read(bytes);
      if (got.status != io::IoStatus::ok) return out;
      out.append(bytes, got.bytes);
    }
  }
  void say(io::Stream& stream, std::string_view bytes) {
    stream.write(bytes);
    turn();
  }

  io::Loop loop;
  Random random{7};
  std::unique_ptr<io::Stream> client, near_client, upstream, near_upstream;
  Buffer from_client, from_upstream;
  bool done = false;
  bool goodbye = false;
  ErrorKind reason = ErrorKind::none;
};

const std::string kFromClient = frame(Opcode::text, "question", Sender::client);
const std::string kFromUpstream = frame(Opcode::text, "answer", Sender::server);

TEST(WebSocketGuard, FramesPassAsTheyAre) {
  Rig rig(10s);
  rig.say(*rig.client, kFromClient);
  rig.say(*rig.upstream, kFromUpstream);
  EXPECT_EQ(Rig::read(*rig.upstream), kFromClient);
  EXPECT_EQ(Rig::read(*rig.client), kFromUpstream);
}

TEST(WebSocketGuard, SilentEndsAreAskedAndTheirPongsKept) {
  Rig rig(10s);
  for (int round = 0; round < 3; ++round) {
    rig.advance(11s);
    const std::string to_client = content_of(Rig::read(*rig.client), Opcode::ping, Sender::server);
    const std::string to_upstream = content_of(Rig::read(*rig.upstream), Opcode::ping, Sender::client);
    ASSERT_EQ(to_client.size(), 8U);
    ASSERT_EQ(to_upstream.size(), 8U);
    rig.say(*rig.client, frame(Opcode::pong, to_client, Sender::client));
    rig.say(*rig.upstream, frame(Opcode::pong, to_upstream, Sender::server));
    EXPECT_EQ(Rig::read(*rig.upstream), "") << "the pong answers us, not the upstream";
    EXPECT_EQ(Rig::read(*rig.client), "");
  }
  EXPECT_FALSE(rig.done);
}

TEST(WebSocketGuard, OneThatStaysSilentEndsTheTunnel) {
  Rig rig(10s);
  rig.advance(11s);
  const std::string asked = content_of(Rig::read(*rig.upstream), Opcode::ping, Sender::client);
  rig.say(*rig.upstream, frame(Opcode::pong, asked, Sender::server));
  Rig::read(*rig.client);  // and does not answer
  rig.advance(10s);
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.reason, ErrorKind::client_idle_timeout);
  EXPECT_TRUE(rig.goodbye);
  EXPECT_EQ(content_of(Rig::read(*rig.upstream), Opcode::close, Sender::client), websocket::kGoingAway);
}

TEST(WebSocketGuard, AnUpstreamThatStaysSilentToo) {
  Rig rig(10s);
  rig.advance(11s);
  rig.say(*rig.client, frame(Opcode::pong, "whatever", Sender::client));
  rig.advance(10s);
  EXPECT_EQ(rig.reason, ErrorKind::upstream_timeout);
}

TEST(WebSocketGuard, WhoTalksIsNotAsked) {
  Rig rig(10s);
  for (int i = 0; i < 10; ++i) {
    rig.say(*rig.client, kFromClient);
    rig.say(*rig.upstream, kFromUpstream);
    rig.advance(5s);
  }
  EXPECT_EQ(Rig::read(*rig.client).size(), 10 * kFromUpstream.size());
  EXPECT_EQ(Rig::read(*rig.upstream).size(), 10 * kFromClient.size());
}

TEST(WebSocketGuard, NothingIsPutIntoAFrame) {
  Rig rig(10s);
  rig.say(*rig.upstream, kFromUpstream.substr(0, 4));  // the rest is long in coming
  rig.say(*rig.client, frame(Opcode::ping, "x", Sender::client));
  rig.advance(25s);
  EXPECT_EQ(Rig::read(*rig.client), kFromUpstream.substr(0, 4));
}

TEST(WebSocketGuard, ThePingOfTheOtherEndIsAsGoodAsOurs) {
  Rig rig(10s);
  rig.advance(8s);
  const std::string theirs = frame(Opcode::ping, "theirs", Sender::client);
  rig.say(*rig.client, theirs);
  rig.advance(6s);  // the upstream has been silent for 14 s, and has been asked 6 s ago
  EXPECT_EQ(Rig::read(*rig.upstream), theirs);
  const std::string pong = frame(Opcode::pong, "theirs", Sender::server);
  rig.say(*rig.upstream, pong);
  EXPECT_EQ(Rig::read(*rig.client), pong);
}

TEST(WebSocketGuard, AfterACloseFrameNothingFollows) {
  Rig rig(10s, {.idle = 60s});
  const std::string close = frame(Opcode::close, "", Sender::server);
  rig.say(*rig.upstream, close);
  rig.advance(65s);
  EXPECT_EQ(Rig::read(*rig.client), close);
  EXPECT_TRUE(rig.done);
}

TEST(WebSocketGuard, BothEndsHearThatTheTunnelEnds) {
  Rig rig(0s, {.idle = 30s});
  rig.say(*rig.client, kFromClient);
  EXPECT_EQ(Rig::read(*rig.upstream), kFromClient);
  rig.advance(31s);
  EXPECT_EQ(rig.reason, ErrorKind::client_idle_timeout);
  EXPECT_EQ(content_of(Rig::read(*rig.client), Opcode::close, Sender::server), websocket::kGoingAway);
  EXPECT_EQ(content_of(Rig::read(*rig.upstream), Opcode::close, Sender::client), websocket::kGoingAway);
}

TEST(WebSocketGuard, PongsDoNotKeepAnIdleTunnelOpen) {
  Rig rig(10s, {.idle = 25s});
  for (int i = 0; i < 2; ++i) {
    rig.advance(11s);
    rig.say(*rig.client, frame(Opcode::pong, content_of(Rig::read(*rig.client), Opcode::ping, Sender::server),
                               Sender::client));
    rig.say(*rig.upstream,
            frame(Opcode::pong, content_of(Rig::read(*rig.upstream), Opcode::ping, Sender::client),
                  Sender::server));
  }
  EXPECT_FALSE(rig.done);
  rig.advance(4s);
  EXPECT_EQ(rig.reason, ErrorKind::client_idle_timeout);
}

TEST(WebSocketGuard, WhatIsNoWebSocketPassesAndGetsNothingPutIn) {
  Rig rig(10s, {.idle = 60s});
  rig.say(*rig.client, "no frame at all");
  rig.say(*rig.upstream, "neither");
  EXPECT_EQ(Rig::read(*rig.upstream), "no frame at all");
  EXPECT_EQ(Rig::read(*rig.client), "neither");
  rig.advance(65s);
  EXPECT_EQ(Rig::read(*rig.client), "");
  EXPECT_TRUE(rig.done);
}

TEST(WebSocketGuard, ThroughASmallPipeToo) {
  Rig rig(10s, {}, {.capacity = 3});
  rig.advance(11s);
  std::string asked;
  for (int i = 0; i < 20; ++i) {
    asked += Rig::read(*rig.client);
    rig.say(*rig.upstream, i < 2 ? kFromUpstream.substr(static_cast<std::size_t>(i) * 3, 3) : "");
  }
  const std::string content = content_of(asked, Opcode::ping, Sender::server);
  EXPECT_EQ(content.size(), 8U);
  EXPECT_EQ(asked.substr(10), kFromUpstream.substr(0, 6)) << "what comes goes after the whole ping";
}

}  // namespace
}  // namespace turnpike::proxy
