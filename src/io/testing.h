// For tests only: running a loop until something has happened.
#pragma once

#include <chrono>

#include "io/loop.h"

namespace turnpike::io {

// Turns the loop until done() says so; false after ten seconds of real time without it (a test then fails,
// none waits for ever). With virtual time only what is ready happens; nothing is waited for.
template <class Done>
bool run_until(Loop& loop, Done done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    loop.turn(loop.now() + std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace turnpike::io
