// A client's connection as its worker keeps it, whatever is spoken on it: in a list, to be closed when idle
// and cut in the end.
#pragma once

namespace turnpike::proxy {

class PortSlot;

class Downstream {
 public:
  Downstream() noexcept = default;
  Downstream(const Downstream&) = delete;
  Downstream& operator=(const Downstream&) = delete;

  // Nothing is lost if it is closed now.
  bool idle() const noexcept { return idle_; }
  // Ends it: at once when idle, else as soon as whatever it waits for is interrupted. May be gone when this
  // returns.
  virtual void cut() = 0;

  // Asks its peer to send no more on it, where the protocol has a word for that. Of one port, or all (null).
  virtual void drain(const PortSlot* /*of*/) {}

  Downstream* next = nullptr;  // ConnectionList
  Downstream* previous = nullptr;

 protected:
  ~Downstream() = default;
  bool idle_ = false;
};

}  // namespace turnpike::proxy
