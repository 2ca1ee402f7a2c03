#include "upstream/retry_budget.h"

#include <algorithm>

namespace turnpike::upstream {

bool RetryReserve::take(double per_second, TimePoint now) noexcept {
  if (per_second <= 0) return false;
  const auto cost = static_cast<std::int64_t>(1e9 / per_second);
  const std::int64_t most = std::max<std::int64_t>(cost, 1'000'000'000);
  const std::int64_t at = now.time_since_epoch().count();
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max(full_at, at) + cost;
    if (next - at > most) return false;
  } while (!full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed));
  return true;
}

bool RetryWindow::may_retry(const RetryBudget& budget, RetryReserve& reserve, TimePoint now) noexcept {
  turn_to(now);
  if (static_cast<double>(retries_ + 1) * 100 <= static_cast<double>(requests_) * budget.percent) {
    ++buckets_[at_].retries;
    ++retries_;
    return true;
  }
  return reserve.take(budget.min_per_second, now);
}

void RetryWindow::advance(std::int64_t second) noexcept {
  if (second < second_) return;
  const std::int64_t passed = std::min(second - second_, kBuckets);
  for (std::int64_t i = 0; i < passed; ++i) {
    at_ = static_cast<std::uint32_t>((at_ + 1) % kBuckets);
    requests_ -= buckets_[at_].requests;
    retries_ -= buckets_[at_].retries;
    buckets_[at_] = {};
  }
  second_ = second;
}

}  // namespace turnpike::upstream
