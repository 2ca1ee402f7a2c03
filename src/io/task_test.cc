#include "io/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace turnpike::io {
namespace {

Task<int> number(int n) { co_return n; }
Task<int> sum_to(int n) {
  int sum = 0;
  for (int i = 1; i <= n; ++i) sum += co_await number(i);
  co_return sum;
}
Task<void> store(Task<int> task, int& out) { out = co_await std::move(task); }

TEST(Task, ReturnsItsValue) {
  int out = 0;
  spawn(store(sum_to(100), out));
  EXPECT_EQ(out, 5050);
}

// Symmetric transfer: a loop of awaits that never suspend does not grow the stack.
TEST(Task, ManyAwaitsDoNotGrowTheStack) {
  int out = 0;
  spawn(store(sum_to(30000), out));
  EXPECT_EQ(out, 450015000);
}

Task<std::unique_ptr<std::string>> moved() { co_return std::make_unique<std::string>("moved"); }
Task<void> take(std::unique_ptr<std::string>& out) { out = co_await moved(); }

TEST(Task, ValuesMayBeMoveOnly) {
  std::unique_ptr<std::string> out;
  spawn(take(out));
  EXPECT_EQ(*out, "moved");
}

Task<int> note(bool& started) {
  started = true;
  co_return 1;
}

TEST(Task, IsLazyAndMayBeDropped) {
  bool started = false;
  {
    Task<int> task = note(started);
    Task<int> other = std::move(task);
  }
  EXPECT_FALSE(started);
}

Task<void> wait_for(Event& event, int& count) {
  co_await event;
  ++count;
}

TEST(Event, ResumesWhoWaits) {
  Event event;
  int count = 0;
  spawn(wait_for(event, count));
  EXPECT_EQ(count, 0);
  event.notify();
  EXPECT_EQ(count, 1);
  event.notify();
  EXPECT_EQ(count, 1);
}

TEST(Event, MayComeBeforeTheWait) {
  Event event;
  event.notify();
  EXPECT_TRUE(event.is_set());
  int count = 0;
  spawn(wait_for(event, count));
  EXPECT_EQ(count, 1);
  event.reset();
  spawn(wait_for(event, count));
  EXPECT_EQ(count, 1);
  event.notify();
  EXPECT_EQ(count, 2);
}

struct Counted {
  explicit Counted(int& n) : alive(n) { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
  int& alive;
};
Task<void> hold(Event& event, int& alive) {
  const Counted counted(alive);
  co_await event;
}

TEST(Task, ARootFreesItselfAtItsEnd) {
  Event event;
  int alive = 0;
  spawn(hold(event, alive));
  EXPECT_EQ(alive, 1);
  event.notify();
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace turnpike::io
