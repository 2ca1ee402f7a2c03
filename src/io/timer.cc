#include "io/timer.h"

#include <bit>

namespace turnpike::io {

TimerWheel::TimerWheel(TimePoint now) : tick_(tick_of(now)) {
  for (Timer& slot : slots_) slot.next_ = slot.previous_ = &slot;
}

TimerWheel::~TimerWheel() {
  for (Timer& slot : slots_) {
    while (slot.next_ != &slot) slot.next_->disarm();
    slot.next_ = slot.previous_ = nullptr;
  }
}

void TimerWheel::arm(Timer& timer, TimePoint when) noexcept {
  timer.disarm();
  if (when == kNever) return;
  timer.when_ = when;
  // The slot after the one in which the time falls, so that it never fires early.
  std::int64_t tick = tick_of(when) + 1;
  if (tick <= tick_) tick = tick_ + 1;
  const auto index = static_cast<std::size_t>(tick) % kSlots;
  Timer& slot = slots_[index];
  timer.next_ = &slot;
  timer.previous_ = slot.previous_;
  slot.previous_->next_ = &timer;
  slot.previous_ = &timer;
  used_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void TimerWheel::advance(TimePoint now) {
  const std::int64_t to = tick_of(now);
  std::int64_t from = tick_ + 1;
  if (to - from >= static_cast<std::int64_t>(kSlots)) from = to - static_cast<std::int64_t>(kSlots) + 1;
  for (std::int64_t tick = from; tick <= to; ++tick) {
    tick_ = tick;
    const auto index = static_cast<std::size_t>(tick) % kSlots;
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    if ((used_[index / 64] & bit) == 0) continue;
    Timer& slot = slots_[index];
    // Moves the slot's timers to a list of their own: a callback may arm timers, also into this slot.
    Timer due;
    due.next_ = due.previous_ = &due;
    if (slot.next_ != &slot) {
      due.next_ = slot.next_;
      due.previous_ = slot.previous_;
      due.next_->previous_ = &due;
      due.previous_->next_ = &due;
      slot.next_ = slot.previous_ = &slot;
    }
    used_[index / 64] &= ~bit;
    while (due.next_ != &due) {
      Timer& timer = *due.next_;
      timer.disarm();
      if (tick_of(timer.when_) < tick) {
        timer.on_timer();
      } else {
        arm(timer, timer.when_);  // a later round
      }
    }
    due.next_ = due.previous_ = nullptr;
  }
  tick_ = to > tick_ ? to : tick_;
}

TimePoint TimerWheel::next_due() const noexcept {
  const auto start = static_cast<std::size_t>(tick_ + 1) % kSlots;
  std::size_t word = start / 64;
  std::uint64_t bits = used_[word] & (~std::uint64_t{0} << (start % 64));
  for (std::size_t i = 0; i <= used_.size(); ++i) {
    if (bits != 0) {
      const std::size_t index = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const std::size_t ahead = (index + kSlots - start) % kSlots;
      return TimePoint((tick_ + 1 + static_cast<std::int64_t>(ahead)) * kTick);
    }
    word = (word + 1) % used_.size();
    bits = used_[word];
  }
  return kNever;
}

}  // namespace turnpike::io
