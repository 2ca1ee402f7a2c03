// Signals as events of the control loop (signalfd).
#pragma once

#include <functional>
#include <initializer_list>

#include "io/loop.h"

namespace turnpike::control {

class Signals final : public io::Source {
 public:
  // Blocks the signals in this thread and in those that it starts later: make it before any thread. Throws
  // std::runtime_error when the kernel refuses.
  Signals(io::Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> f);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void on_ready(std::uint32_t ready) override;

 private:
  io::Loop& loop_;
  std::function<void(int)> f_;
  int fd_ = -1;
};

}  // namespace turnpike::control
