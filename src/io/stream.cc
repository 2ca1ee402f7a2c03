#include "io/stream.h"

namespace turnpike::io {

bool Waiter::await_ready() noexcept {
  if (stream_.cancelled()) {
    result_ = Wait::cancelled;
    return true;
  }
  if (stream_.ready(direction_)) return true;
  if (deadline_ <= stream_.loop().now()) {
    result_ = Wait::timeout;
    return true;
  }
  return false;
}

void Waiter::await_suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  stream_.set_waiter(direction_, this);
  stream_.loop().timers().arm(*this, deadline_);
}

void Waiter::finish(Wait result) {
  disarm();
  stream_.set_waiter(direction_, nullptr);
  result_ = result;
  handle_.resume();
}

void Waiter::on_timer() { finish(Wait::timeout); }

}  // namespace turnpike::io
