#include "base/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace turnpike {
namespace {

TEST(Random, RepeatsWithItsSeed) {
  Random a(42);
  Random b(42);
  Random c(43);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t n = a.next();
    EXPECT_EQ(n, b.next());
    EXPECT_NE(n, c.next());
  }
  // splitmix64's first value for seed 0.
  EXPECT_EQ(Random(0).next(), 0xe220a8397b1dcdafULL);
}

TEST(Random, BelowIsBelowAndUniform) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(random.below(1), 0U);
  std::vector<int> counts(10);
  for (int i = 0; i < 100000; ++i) ++counts[random.below(10)];
  for (const int n : counts) EXPECT_NEAR(n, 10000, 500);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(Random, UnitIsWithinZeroAndOne) {
  Random random(1);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = random.unit();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.01);
}

}  // namespace
}  // namespace turnpike
