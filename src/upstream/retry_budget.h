// How many retries are allowed: a share of the recent requests, and a small number that is always free. Keeps
// a struggling upstream from being asked several times as much as it can do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "upstream/config.h"

namespace turnpike::upstream {

// RetryBudget::min_per_second, shared by all workers: a bucket of tokens in one number (GCRA). Holds what a
// second allows, at least one.
class RetryReserve {
 public:
  // Takes one retry; false when there is none. Any thread.
  bool take(double per_second, TimePoint now) noexcept;

 private:
  std::atomic<std::int64_t> full_at_{0};  // when the bucket is full again, ns
};

// One worker's part: its requests and the retries granted for them, in a window of ten seconds.
class RetryWindow {
 public:
  void count_request(TimePoint now) noexcept {
    turn_to(now);
    ++buckets_[at_].requests;
    ++requests_;
  }
  // Whether the share of requests allows one more retry, or else the reserve does; counts it.
  bool may_retry(const RetryBudget& budget, RetryReserve& reserve, TimePoint now) noexcept;

 private:
  static constexpr std::int64_t kBuckets = 10;  // of one second
  struct Bucket {
    std::uint32_t requests = 0;
    std::uint32_t retries = 0;
  };
  void turn_to(TimePoint now) noexcept {
    const std::int64_t second = now.time_since_epoch() / std::chrono::seconds(1);
    if (second != second_) advance(second);
  }
  void advance(std::int64_t second) noexcept;

  std::array<Bucket, kBuckets> buckets_{};
  std::int64_t second_ = 0;
  std::uint32_t at_ = 0;
  std::uint64_t requests_ = 0;  // sums over the buckets
  std::uint64_t retries_ = 0;
};

}  // namespace turnpike::upstream
