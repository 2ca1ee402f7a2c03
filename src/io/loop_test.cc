#include "io/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "io/task.h"
#include "io/testing.h"

namespace turnpike::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> sleep_for(Loop& loop, Duration d, std::vector<int>& log, int name) {
  co_await loop.sleep_until(loop.now() + d);
  log.push_back(name);
}

TEST(Loop, VirtualTimeStandsStill) {
  Loop loop;
  loop.use_virtual_time();
  const TimePoint start = loop.now();
  std::vector<int> log;
  spawn(sleep_for(loop, seconds(2), log, 2));
  spawn(sleep_for(loop, seconds(1), log, 1));
  spawn(sleep_for(loop, seconds(3600), log, 3));
  loop.turn(kNever);
  EXPECT_EQ(loop.now(), start);
  loop.advance(seconds(3));
  EXPECT_EQ(loop.now(), start + seconds(3));
  EXPECT_EQ(log, (std::vector{1, 2}));
  loop.advance(seconds(3600));
  EXPECT_EQ(log, (std::vector{1, 2, 3}));
}

TEST(Loop, SleepingUntilNowDoesNotSuspend) {
  Loop loop;
  std::vector<int> log;
  spawn(sleep_for(loop, Duration::zero(), log, 1));
  EXPECT_EQ(log.size(), 1U);
}

Task<void> yield_times(Loop& loop, int times, std::vector<int>& log, int name) {
  for (int i = 0; i < times; ++i) {
    log.push_back(name);
    co_await loop.yield();
  }
}

TEST(Loop, YieldLetsOthersGoFirst) {
  Loop loop;
  loop.use_virtual_time();
  std::vector<int> log;
  spawn(yield_times(loop, 3, log, 1));
  spawn(yield_times(loop, 3, log, 2));
  for (int i = 0; i < 4; ++i) loop.turn(loop.now());
  EXPECT_EQ(log, (std::vector{1, 2, 1, 2, 1, 2}));
}

TEST(Loop, PostedFromOtherThreads) {
  Loop loop;
  int sum = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) loop.post([&] { ++sum; });
    });
  }
  EXPECT_TRUE(run_until(loop, [&] { return sum == 4000; }));
  for (std::thread& thread : threads) thread.join();
}

TEST(Loop, RunEndsAtStopAndRunsWhatWasPostedBefore) {
  Loop loop;
  int ran = 0;
  std::thread other([&] {
    loop.post([&] { ++ran; });
    loop.post([&] { loop.post([&] { ++ran; }); });
    loop.stop();
  });
  loop.run();
  other.join();
  EXPECT_GE(ran, 1);
}

TEST(Loop, ATimerWakesAWaitingLoop) {
  Loop loop;
  std::vector<int> log;
  const TimePoint start = loop.now();
  spawn(sleep_for(loop, milliseconds(30), log, 1));
  while (log.empty()) loop.turn(kNever);
  EXPECT_GE(loop.now() - start, milliseconds(30));
}

// What a turn did must not delay the timers that come after it.
TEST(Loop, TheWaitIsReckonedFromNow) {
  Loop loop;
  std::vector<int> log;
  spawn(sleep_for(loop, milliseconds(200), log, 1));
  loop.turn(loop.now());
  std::this_thread::sleep_for(milliseconds(300));
  const auto before = std::chrono::steady_clock::now();
  loop.turn(kNever);
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(150));
  EXPECT_EQ(log.size(), 1U);
}

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  int fds[2];
};

class TestSource final : public Source {
 public:
  TestSource(Loop& loop, int fd, bool level) : loop_(loop), fd_(fd) {
    EXPECT_TRUE(loop.add(fd, *this, level));
  }
  ~TestSource() { loop_.remove(fd_, *this); }
  std::uint32_t seen = 0;
  int calls = 0;
  std::function<void()> f;

 private:
  void on_ready(std::uint32_t ready) override {
    seen |= ready;
    ++calls;
    if (f) f();
  }
  Loop& loop_;
  int fd_;
};

TEST(Loop, EdgesAndLevels) {
  Loop loop;
  Pipe edge_pipe;
  Pipe level_pipe;
  TestSource edge(loop, edge_pipe.fds[0], false);
  TestSource level(loop, level_pipe.fds[0], true);
  ASSERT_EQ(::write(edge_pipe.fds[1], "x", 1), 1);
  ASSERT_EQ(::write(level_pipe.fds[1], "x", 1), 1);
  for (int i = 0; i < 3; ++i) loop.turn(loop.now());
  EXPECT_EQ(edge.calls, 1);
  EXPECT_EQ(level.calls, 3);
  EXPECT_EQ(level.seen, kReadable);
  ASSERT_EQ(::write(edge_pipe.fds[1], "x", 1), 1);
  loop.turn(loop.now());
  EXPECT_EQ(edge.calls, 2);
}

// Events of this turn that were not handled yet reach neither a removed source nor one that took its place in
// memory.
TEST(Loop, ARemovedSourceHearsNothingMore) {
  Loop loop;
  Pipe a;
  Pipe b;
  auto first = std::make_unique<TestSource>(loop, a.fds[0], true);
  auto second = std::make_unique<TestSource>(loop, b.fds[0], true);
  int calls = 0;
  first->f = [&] {
    ++calls;
    second.reset();
  };
  second->f = [&] {
    ++calls;
    first.reset();
  };
  ASSERT_EQ(::write(a.fds[1], "x", 1), 1);
  ASSERT_EQ(::write(b.fds[1], "x", 1), 1);
  loop.turn(loop.now() + milliseconds(100));
  EXPECT_EQ(calls, 1);
  EXPECT_NE(first == nullptr, second == nullptr);
}

class TestChore final : public Chore {
 public:
  explicit TestChore(std::function<void()> what) : what_(std::move(what)) {}

 private:
  void on_turn_end() override { what_(); }
  std::function<void()> what_;
};

TEST(Loop, ChoresComeBehindEverythingElseOfTheTurnOnceEach) {
  Loop loop;
  std::string order;
  TestChore chore([&] { order += "c"; });
  loop.post([&] {
    loop.at_turn_end(chore);
    loop.at_turn_end(chore);
    order += "p";
  });
  loop.post([&] { order += "p"; });
  loop.turn(loop.now());
  EXPECT_EQ(order, "ppc");
}

TEST(Loop, AChoreThatQueuesItselfWaitsForTheNextTurnWhichComesAtOnce) {
  Loop loop;
  int runs = 0;
  TestChore* self = nullptr;
  TestChore chore([&] {
    if (++runs < 3) loop.at_turn_end(*self);
  });
  self = &chore;
  loop.at_turn_end(chore);
  loop.turn(loop.now());
  EXPECT_EQ(runs, 1);
  loop.turn(kNever);
  loop.turn(kNever);
  EXPECT_EQ(runs, 3);
}

TEST(Loop, AChoreThatIsGoneIsNotCalled) {
  Loop loop;
  int runs = 0;
  auto second = std::make_unique<TestChore>([&] { ++runs; });
  TestChore first([&] { second.reset(); });
  loop.at_turn_end(first);
  loop.at_turn_end(*second);
  loop.turn(loop.now());
  EXPECT_EQ(runs, 0);
}

TEST(Loop, RefusesABadDescriptor) {
  class Nothing final : public Source {
    void on_ready(std::uint32_t) override {}
  } nothing;
  Loop loop;
  EXPECT_FALSE(loop.add(-1, nothing));
}

}  // namespace
}  // namespace turnpike::io
