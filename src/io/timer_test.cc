#include "io/timer.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace turnpike::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class TestTimer final : public Timer {
 public:
  explicit TestTimer(std::function<void()> f = {}) : f_(std::move(f)) {}
  int fired = 0;

 private:
  void on_timer() override {
    ++fired;
    if (f_) f_();
  }
  std::function<void()> f_;
};

const TimePoint kStart = TimePoint(hours(1000) + milliseconds(1));

TEST(TimerWheel, FiresWithinATickAndNeverBefore) {
  for (const Duration in :
       {Duration(1), Duration(milliseconds(3)), Duration(milliseconds(4)), Duration(seconds(1)),
        Duration(seconds(8)), Duration(seconds(9)), Duration(seconds(60)), Duration(hours(1))}) {
    TimerWheel wheel(kStart);
    TestTimer timer;
    wheel.arm(timer, kStart + in);
    TimePoint now = kStart;
    while (timer.fired == 0) {
      const TimePoint next = wheel.next_due();
      ASSERT_NE(next, kNever);
      ASSERT_GE(next, now);
      now = next;
      wheel.advance(now);
    }
    EXPECT_GE(now, kStart + in);
    EXPECT_LE(now, kStart + in + TimerWheel::kTick);
    EXPECT_FALSE(timer.armed());
    EXPECT_EQ(wheel.next_due(), kNever);
  }
}

TEST(TimerWheel, WhatIsDueAlreadyFiresAtTheNextTick) {
  TimerWheel wheel(kStart);
  TestTimer past;
  TestTimer now;
  wheel.arm(past, kStart - seconds(5));
  wheel.arm(now, kStart);
  wheel.advance(kStart);
  EXPECT_EQ(past.fired, 0) << "never from within the turn that armed it";
  wheel.advance(kStart + TimerWheel::kTick);
  EXPECT_EQ(past.fired, 1);
  EXPECT_EQ(now.fired, 1);
}

TEST(TimerWheel, NeverDisarms) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  wheel.arm(timer, kStart + seconds(1));
  wheel.arm(timer, kNever);
  EXPECT_FALSE(timer.armed());
  wheel.advance(kStart + hours(1));
  EXPECT_EQ(timer.fired, 0);
}

TEST(TimerWheel, ArmingAgainMoves) {
  TimerWheel wheel(kStart);
  TestTimer timer;
  wheel.arm(timer, kStart + seconds(1));
  wheel.arm(timer, kStart + seconds(20));
  wheel.advance(kStart + seconds(19));
  EXPECT_EQ(timer.fired, 0);
  wheel.arm(timer, kStart + seconds(19) + milliseconds(1));
  wheel.advance(kStart + seconds(20));
  wheel.advance(kStart + seconds(30));
  EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, ALongPauseLosesNothing) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<TestTimer>> timers;
  timers.reserve(100);
  for (int i = 0; i < 100; ++i) {
    timers.push_back(std::make_unique<TestTimer>());
    wheel.arm(*timers.back(), kStart + milliseconds(777 * i));
  }
  wheel.advance(kStart + milliseconds(777 * 60 + 5));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(timers[static_cast<std::size_t>(i)]->fired, i <= 60 ? 1 : 0) << i;
}

TEST(TimerWheel, CallbacksMayArmDisarmAndDestroy) {
  TimerWheel wheel(kStart);
  const TimePoint when = kStart + milliseconds(10);
  TestTimer victim;
  auto doomed = std::make_unique<TestTimer>();
  TestTimer* self = nullptr;
  TestTimer again([&] { wheel.arm(*self, when); });  // in the past by then: the next tick, not for ever
  self = &again;
  TestTimer killer([&] {
    victim.disarm();
    doomed.reset();
  });
  wheel.arm(killer, when);
  wheel.arm(again, when);
  wheel.arm(victim, when);
  wheel.arm(*doomed, when);
  wheel.advance(kStart + milliseconds(20));
  EXPECT_EQ(killer.fired, 1);
  EXPECT_EQ(victim.fired, 0);
  EXPECT_EQ(doomed, nullptr);
  EXPECT_GE(again.fired, 1);
  EXPECT_LE(again.fired, 4);
}

TEST(TimerWheel, MayDieBeforeItsTimers) {
  TestTimer timer;
  {
    TimerWheel wheel(kStart);
    wheel.arm(timer, kStart + seconds(1));
  }
  EXPECT_FALSE(timer.armed());
}

// Against a plain list, with random arming, moving and disarming.
TEST(TimerWheel, AgreesWithANaiveOne) {
  std::mt19937_64 random(5);
  TimerWheel wheel(kStart);
  struct Checked {
    TestTimer timer;
    TimePoint when = kNever;
  };
  std::vector<std::unique_ptr<Checked>> all;
  all.reserve(200);
  for (int i = 0; i < 200; ++i) all.push_back(std::make_unique<Checked>());
  TimePoint now = kStart;
  for (int step = 0; step < 3000; ++step) {
    Checked& one = *all[random() % all.size()];
    if (random() % 4 == 0) {
      one.timer.disarm();
      one.when = kNever;
    } else {
      one.when = now + Duration(random() % 30'000'000'000ULL);
      wheel.arm(one.timer, one.when);
    }
    one.timer.fired = 0;
    now += Duration(random() % (random() % 50 == 0 ? 20'000'000'000ULL : 20'000'000ULL));
    wheel.advance(now);
    for (const auto& checked : all) {
      if (checked->when == kNever) continue;
      if (checked->timer.fired > 0) {
        ASSERT_LE(checked->when, now);
        ASSERT_EQ(checked->timer.fired, 1);
        checked->when = kNever;
        checked->timer.fired = 0;
      } else {
        ASSERT_GT(checked->when + 2 * TimerWheel::kTick, now) << "late";
      }
    }
  }
}

}  // namespace
}  // namespace turnpike::io
