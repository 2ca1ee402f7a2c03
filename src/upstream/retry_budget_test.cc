#include "upstream/retry_budget.h"

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};

int granted(RetryWindow& window, const RetryBudget& budget, RetryReserve& reserve, TimePoint now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += window.may_retry(budget, reserve, now);
  return count;
}

TEST(RetryBudget, AShareOfTheRequestsOfTenSeconds) {
  RetryWindow window;
  RetryReserve reserve;
  const RetryBudget budget{.percent = 20, .min_per_second = 0};
  EXPECT_EQ(granted(window, budget, reserve, kStart, 100), 0);
  for (int i = 0; i < 100; ++i) window.count_request(kStart);
  EXPECT_EQ(granted(window, budget, reserve, kStart, 100), 20);
  EXPECT_EQ(granted(window, budget, reserve, kStart + std::chrono::seconds(9), 100), 0);
  // The window has passed, with its requests and its retries.
  const TimePoint later = kStart + std::chrono::seconds(11);
  EXPECT_EQ(granted(window, budget, reserve, later, 100), 0);
  for (int i = 0; i < 50; ++i) window.count_request(later);
  EXPECT_EQ(granted(window, budget, reserve, later, 100), 10);
}

TEST(RetryBudget, RetriesOfTheWindowCountAgainstLaterRequests) {
  RetryWindow window;
  RetryReserve reserve;
  const RetryBudget budget{.percent = 10, .min_per_second = 0};
  TimePoint now = kStart;
  int retries = 0;
  for (int second = 0; second < 100; ++second) {
    for (int i = 0; i < 100; ++i) window.count_request(now);
    retries += granted(window, budget, reserve, now, 100);
    now += std::chrono::seconds(1);
  }
  EXPECT_NEAR(retries, 1000, 10);
}

TEST(RetryBudget, TheReserveIsSharedAndRefills) {
  RetryReserve reserve;
  RetryWindow a;
  RetryWindow b;
  const RetryBudget budget{.percent = 0, .min_per_second = 10};
  EXPECT_EQ(granted(a, budget, reserve, kStart, 6) + granted(b, budget, reserve, kStart, 6), 10);
  EXPECT_EQ(granted(b, budget, reserve, kStart + std::chrono::milliseconds(500), 100), 5);
  EXPECT_EQ(granted(a, budget, reserve, kStart + std::chrono::hours(1), 100), 10);
}

TEST(RetryBudget, LessThanOnePerSecondStillComes) {
  RetryReserve reserve;
  RetryWindow window;
  const RetryBudget budget{.percent = 0, .min_per_second = 0.1};
  EXPECT_EQ(granted(window, budget, reserve, kStart, 5), 1);
  EXPECT_EQ(granted(window, budget, reserve, kStart + std::chrono::seconds(9), 5), 0);
  EXPECT_EQ(granted(window, budget, reserve, kStart + std::chrono::seconds(10), 5), 1);
}

using ClusterBudget = UpstreamTest;

TEST_F(ClusterBudget, CountsWhatItDenies) {
  ClusterConfig config = config_of(1);
  config.retry_budget = {.percent = 20, .min_per_second = 2};
  Cluster& cluster = use(config);
  for (int i = 0; i < 10; ++i) cluster.count_request();
  int allowed = 0;
  for (int i = 0; i < 10; ++i) allowed += cluster.may_retry();
  EXPECT_EQ(allowed, 4);  // 20 % of 10, and the reserve
  const ClusterStatus status = registry.status()[0];
  EXPECT_EQ(status.totals.requests, 10U);
  EXPECT_EQ(status.totals.retries, 4U);
  EXPECT_EQ(status.totals.retries_denied, 6U);
}

}  // namespace
}  // namespace turnpike::upstream
