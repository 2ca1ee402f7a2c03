// Budgets against floods of frames (limits.h), one of each kind for a connection.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "http/h2/codes.h"
#include "http/h2/limits.h"

namespace turnpike::http::h2 {

class Budgets {
 public:
  Budgets(const Limits& limits, TimePoint now) noexcept : limits_(limits), refilled_(now) {}

  // Counts one event; false if there have been too many. Budgets without an allowance (a bound of their own)
  // are only counted.
  bool spend(Budget budget) noexcept {
    const auto index = static_cast<std::size_t>(budget);
    ++counts_[index];
    return ++spent_[index] <= allowance(limits_, budget).burst;
  }
  void note(Budget budget) noexcept { ++counts_[static_cast<std::size_t>(budget)]; }
  // What the connection does for us makes up for what it did to us.
  void earn(Budget budget, std::uint32_t events = 1) noexcept {
    std::uint32_t& spent = spent_[static_cast<std::size_t>(budget)];
    spent -= events < spent ? events : spent;
  }
  void refill(TimePoint now) noexcept {
    if (now - refilled_ >= kStep) refill_slow(now);
  }
  std::uint32_t count(Budget budget) const noexcept { return counts_[static_cast<std::size_t>(budget)]; }

  static Allowance allowance(const Limits& limits, Budget budget) noexcept;

 private:
  static constexpr Duration kStep = std::chrono::milliseconds(100);
  void refill_slow(TimePoint now) noexcept;

  const Limits& limits_;
  TimePoint refilled_;
  std::array<std::uint32_t, kBudgets> spent_{};
  std::array<std::uint32_t, kBudgets> counts_{};
};

}  // namespace turnpike::http::h2
