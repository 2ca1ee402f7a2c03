#include "io/pipe.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>

#include "io/task.h"
#include "io/testing.h"

namespace turnpike::io {
namespace {

Task<void> copy_all(Stream& from, std::string& to, IoStatus& end) {
  char buffer[100];
  for (;;) {
    const IoResult result = from.read(buffer);
    if (result.status == IoStatus::ok) {
      to.append(buffer, result.bytes);
    } else if (result.status == IoStatus::would_block) {
      if (co_await from.readable(kNever) != Wait::ready) co_return;
    } else {
      end = result.status;
      co_return;
    }
  }
}

Task<void> send_all(Stream& to, const std::string& text, bool& done) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const IoResult result = to.write(rest);
    if (result.status == IoStatus::error) co_return;
    rest.remove_prefix(result.bytes);
    if (!rest.empty() && co_await to.writable(kNever) != Wait::ready) co_return;
  }
  to.shutdown_write();
  done = true;
}

TEST(Pipe, CarriesMoreThanItHolds) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop, {.capacity = 1000, .most_per_call = 7});
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>('a' + i % 26);
  std::string received;
  IoStatus end = IoStatus::ok;
  bool sent = false;
  spawn(send_all(*a, text, sent));
  spawn(copy_all(*b, received, end));
  ASSERT_TRUE(run_until(loop, [&] { return end != IoStatus::ok; }));
  EXPECT_TRUE(sent);
  EXPECT_EQ(end, IoStatus::eof);
  EXPECT_EQ(received, text);
}

TEST(Pipe, WriterBlocksAtCapacity) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop, {.capacity = 4, .most_per_call = 3});
  EXPECT_EQ(a->write("123456").bytes, 3U);
  EXPECT_EQ(a->write("456").bytes, 1U);
  EXPECT_EQ(a->write("56").status, IoStatus::would_block);
  EXPECT_FALSE(a->ready(Direction::write));
  char buffer[8];
  EXPECT_EQ(b->read(buffer).bytes, 3U);
  EXPECT_TRUE(a->ready(Direction::write));
}

struct Hangup final : HangupListener {
  void on_hangup() override { ++calls; }
  int calls = 0;
};

TEST(Pipe, EndsAreSeen) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop);
  Hangup hangup;
  b->set_hangup_listener(&hangup);
  a->write("last");
  a.reset();
  EXPECT_TRUE(b->peer_closed());
  EXPECT_EQ(hangup.calls, 0) << "only from the loop";
  loop.turn(loop.now());
  EXPECT_EQ(hangup.calls, 1);
  char buffer[8];
  EXPECT_EQ(b->read(buffer).bytes, 4U);
  EXPECT_EQ(b->read(buffer).status, IoStatus::eof);
  EXPECT_EQ(b->write("x").error, EPIPE);
}

TEST(Pipe, AbortIsAnErrorOnBothSides) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop);
  std::string received;
  IoStatus end = IoStatus::ok;
  spawn(copy_all(*b, received, end));
  a->write("lost");
  a->abort();
  loop.turn(loop.now());
  EXPECT_EQ(end, IoStatus::error);
  EXPECT_EQ(received, "");
  EXPECT_EQ(a->write("x").status, IoStatus::error);
}

Task<void> wait_read(Stream& stream, TimePoint deadline, std::optional<Wait>& how) {
  how = co_await stream.readable(deadline);
}

TEST(Pipe, WaitsEndByTimeAndByCancelling) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop);
  std::optional<Wait> how;
  spawn(wait_read(*b, loop.now() + std::chrono::seconds(1), how));
  loop.advance(std::chrono::milliseconds(999));
  EXPECT_FALSE(how);
  loop.advance(std::chrono::milliseconds(9));
  EXPECT_EQ(how, Wait::timeout);
  how.reset();
  spawn(wait_read(*b, kNever, how));
  b->cancel();
  EXPECT_EQ(how, Wait::cancelled);
}

Task<void> wait_and_destroy(std::unique_ptr<Stream>& stream) {
  co_await stream->readable(kNever);
  stream.reset();
}

TEST(Pipe, MayBeDestroyedByWhatItWakes) {
  Loop loop;
  loop.use_virtual_time();
  auto [a, b] = make_pipe(loop);
  spawn(wait_and_destroy(b));
  a->write("x");
  loop.turn(loop.now());
  EXPECT_EQ(b, nullptr);
  auto [c, d] = make_pipe(loop);
  std::unique_ptr<Stream> end = std::move(d);
  spawn(wait_and_destroy(end));
  end.get()->cancel();
  EXPECT_EQ(end, nullptr);
}

TEST(Pipe, NotificationsMayOutliveBothEnds) {
  Loop loop;
  {
    auto [a, b] = make_pipe(loop);
    a->write("x");
  }
  loop.turn(loop.now());
}

}  // namespace
}  // namespace turnpike::io
