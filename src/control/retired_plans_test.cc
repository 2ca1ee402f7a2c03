#include "control/retired_plans.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace turnpike::control {
namespace {

TEST(RetiredPlans, ArePreservedUntilNobodyUsesThem) {
  RetiredPlans retired;
  retired.add(nullptr);
  std::thread::id freed_by;
  std::shared_ptr<const plan::Plan> plan(new plan::Plan, [&](const plan::Plan* p) {
    freed_by = std::this_thread::get_id();
    delete p;
  });
  retired.add(plan);
  retired.sweep();
  EXPECT_EQ(retired.size(), 1U);
  std::latch dropped(1);
  std::thread worker([&, used = std::move(plan)]() mutable {
    used.reset();
    dropped.count_down();
  });
  dropped.wait();
  EXPECT_EQ(freed_by, std::thread::id()) << "freed by the one who used it";
  retired.sweep();
  EXPECT_EQ(retired.size(), 0U);
  EXPECT_EQ(freed_by, std::this_thread::get_id());
  worker.join();
}

}  // namespace
}  // namespace turnpike::control
