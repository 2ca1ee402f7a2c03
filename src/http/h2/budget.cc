#include "http/h2/budget.h"

#include <algorithm>

namespace turnpike::http::h2 {

Allowance Budgets::allowance(const Limits& limits, Budget budget) noexcept {
  switch (budget) {
    case Budget::client_reset:
      return limits.client_resets;
    case Budget::provoked_reset:
      return limits.provoked_resets;
    case Budget::ping:
      return limits.pings;
    case Budget::settings:
      return limits.settings;
    case Budget::priority:
      return limits.priorities;
    case Budget::empty_frame:
      return limits.empty_frames;
    case Budget::window_update:
      return limits.window_updates;
    case Budget::closed_stream:
      return limits.closed_stream_frames;
    case Budget::continuation:
    case Budget::header_list:
    case Budget::output:
    case Budget::count_:
      break;
  }
  return {UINT32_MAX, 0};
}

void Budgets::refill_slow(TimePoint now) noexcept {
  using std::chrono::milliseconds;
  // Whole milliseconds, the rest counts next time. A long silence fills every budget.
  const auto passed = std::chrono::duration_cast<milliseconds>(now - refilled_);
  refilled_ += passed;
  const auto ms = static_cast<std::uint64_t>(std::min(passed, milliseconds(3'600'000)).count());
  for (std::size_t i = 0; i < kBudgets; ++i) {
    const std::uint64_t more = ms * allowance(limits_, static_cast<Budget>(i)).per_second / 1000;
    spent_[i] -= static_cast<std::uint32_t>(std::min<std::uint64_t>(more, spent_[i]));
  }
}

}  // namespace turnpike::http::h2
