// A hashed timing wheel: arming and disarming cost a few instructions, which is what every exchange does.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace turnpike::io {

// Anything that wants to be called at a time. Lies inside its owner; disarms itself when destroyed.
class Timer {
 public:
  Timer() noexcept = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() { disarm(); }

  bool armed() const noexcept { return next_ != nullptr; }
  void disarm() noexcept {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 protected:
  // Called once, disarmed already. May arm itself again or destroy itself.
  virtual void on_timer() {}

 private:
  friend class TimerWheel;
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  TimePoint when_{};
};

// Fires within one tick (4 ms) after the time asked for, never before it.
class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(4);

  explicit TimerWheel(TimePoint now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Arms (or moves) the timer; kNever disarms it.
  void arm(Timer& timer, TimePoint when) noexcept;
  // Fires all that is due.
  void advance(TimePoint now);
  // When advance() must be called next: a lower bound; kNever if nothing is armed.
  TimePoint next_due() const noexcept;

 private:
  static constexpr std::size_t kSlots = 2048;  // 8.2 s; what is further away is passed over once per round
  static std::int64_t tick_of(TimePoint t) noexcept { return t.time_since_epoch() / kTick; }

  std::array<Timer, kSlots> slots_;                // heads of circular lists
  std::array<std::uint64_t, kSlots / 64> used_{};  // which slots may hold something
  std::int64_t tick_;                              // all slots up to this one have been fired
};

}  // namespace turnpike::io
