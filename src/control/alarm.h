// A timer of the control thread that calls a function.
#pragma once

#include <functional>
#include <utility>

#include "base/time.h"
#include "io/loop.h"

namespace turnpike::control {

class Alarm final : public io::Timer {
 public:
  Alarm(io::Loop& loop, std::function<void()> f) : loop_(loop), f_(std::move(f)) {}
  // Once, `after` from now; a call before that moves it.
  void set(Duration after) { loop_.timers().arm(*this, loop_.now() + after); }

 private:
  void on_timer() override { f_(); }
  io::Loop& loop_;
  std::function<void()> f_;
};

}  // namespace turnpike::control
