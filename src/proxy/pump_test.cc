#include "proxy/pump.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "io/pipe.h"
#include "io/testing.h"

namespace turnpike::proxy {
namespace {

using namespace std::chrono_literals;

// Client <-> pump <-> upstream, over pipes, in virtual time.
struct Rig {
  explicit Rig(const Pump::Limits& limits = {}, io::PipeOptions options = {}) {
    loop.use_virtual_time();
    std::tie(client, near_client) = io::make_pipe(loop, options);
    std::tie(upstream, near_upstream) = io::make_pipe(loop, options);
    pump.emplace(*near_client, *near_upstream, limits);
    io::spawn(run(*this));
  }
  ~Rig() {
    near_client->cancel();
    near_upstream->cancel();
    turn();
    EXPECT_TRUE(done);
  }
  static io::Task<void> run(Rig& rig) {
    co_await rig.pump->run(rig.from_client, rig.from_upstream);
    rig.done = true;
  }
  void turn() {
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
  }
  static std::string read(io::Stream& stream, io::IoStatus* end = nullptr) {
    std::string out;
    char bytes[4096];
    for (;;) {
      const io::IoResult got = stream.read(bytes);
      if (end != nullptr) *end = got.status;
      if (got.status != io::IoStatus::ok) return out;
      out.append(bytes, got.bytes);
    }
  }

  io::Loop loop;
  std::unique_ptr<io::Stream> client, near_client, upstream, near_upstream;
  Buffer from_client, from_upstream;
  std::optional<Pump> pump;
  bool done = false;
};

TEST(Pump, MovesBytesBothWaysAndHoldsNoBufferWhileQuiet) {
  Rig rig;
  rig.client->write("question");
  rig.upstream->write("greeting");
  rig.turn();
  EXPECT_EQ(Rig::read(*rig.upstream), "question");
  EXPECT_EQ(Rig::read(*rig.client), "greeting");
  EXPECT_FALSE(rig.from_client.allocated());
  EXPECT_FALSE(rig.from_upstream.allocated());
  EXPECT_EQ(rig.pump->to_upstream(), 8U);
  EXPECT_EQ(rig.pump->to_client(), 8U);
}

TEST(Pump, PassesTheEndOfOneDirectionOn) {
  Rig rig;
  rig.client->write("last words");
  rig.client->shutdown_write();
  rig.turn();
  io::IoStatus end{};
  EXPECT_EQ(Rig::read(*rig.upstream, &end), "last words");
  EXPECT_EQ(end, io::IoStatus::eof);
  EXPECT_FALSE(rig.done);
  rig.upstream->write("answer");
  rig.upstream->shutdown_write();
  rig.turn();
  EXPECT_EQ(Rig::read(*rig.client, &end), "answer");
  EXPECT_EQ(end, io::IoStatus::eof);
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.pump->reason(), ErrorKind::none);
}

TEST(Pump, ASlowReaderStopsTheOtherSide) {
  Rig rig({}, {.capacity = 1000});
  std::size_t sent = 0;
  const std::string piece(500, 'x');
  for (int i = 0; i < 1000; ++i) {
    sent += rig.client->write(piece).bytes;
    rig.turn();
  }
  // Two pipes and one buffer hold what nobody reads.
  EXPECT_LE(sent, 2 * 1000 + Buffer::kLarge);
  std::size_t got = 0;
  for (int i = 0; i < 1000; ++i) {
    got += Rig::read(*rig.upstream).size();
    rig.turn();
  }
  EXPECT_EQ(got, sent);
}

TEST(Pump, MuchGoesThroughInOrder) {
  Rig rig({}, {.capacity = 100 * 1024, .most_per_call = 40 * 1024});
  std::string all, got;
  for (int i = 0; all.size() < 1'000'000; ++i) all += std::to_string(i) + ' ';
  std::string_view left = all;
  while (got.size() < all.size()) {
    left.remove_prefix(rig.client->write(left).bytes);
    rig.turn();
    got += Rig::read(*rig.upstream);
  }
  EXPECT_EQ(got, all);
}

TEST(Pump, EndsWhenNothingMoves) {
  Rig rig({.idle = 10s});
  rig.loop.advance(9s);
  rig.upstream->write("x");
  rig.turn();
  rig.loop.advance(9s);
  EXPECT_FALSE(rig.done);  // the other way moved
  rig.loop.advance(2s);
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.pump->reason(), ErrorKind::client_idle_timeout);
}

TEST(Pump, EndsWhenASideDoesNotRead) {
  Rig rig({.patience = 5s}, {.capacity = 4});
  rig.client->write("1234");
  rig.turn();
  rig.client->write("5678");
  rig.turn();
  rig.loop.advance(6s);
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.pump->reason(), ErrorKind::upstream_timeout);
}

TEST(Pump, EndsAtTheLimitOfItsLife) {
  Rig rig;
  rig.near_client->cancel();
  rig.turn();
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.pump->reason(), ErrorKind::cancelled);

  io::Loop loop;
  loop.use_virtual_time();
  auto [a, b] = io::make_pipe(loop);
  auto [c, d] = io::make_pipe(loop);
  Pump pump(*b, *c, {.end = loop.now() + 3s});
  Buffer up, down;
  bool done = false;
  io::spawn([](Pump& p, Buffer& u, Buffer& w, bool& ended) -> io::Task<void> {
    co_await p.run(u, w);
    ended = true;
  }(pump, up, down, done));
  loop.advance(4s);
  EXPECT_TRUE(done);
  EXPECT_EQ(pump.reason(), ErrorKind::request_timeout);
}

TEST(Pump, ToldOfAReset) {
  Rig rig;
  rig.upstream->abort();
  rig.turn();
  EXPECT_TRUE(rig.done);
  EXPECT_EQ(rig.pump->reason(), ErrorKind::upstream_reset);
}

}  // namespace
}  // namespace turnpike::proxy
