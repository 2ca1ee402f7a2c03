// Speaking to the service manager: the protocol of sd_notify(3), datagrams to the socket named in
// NOTIFY_SOCKET. Without that variable everything here does nothing.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/address.h"

namespace turnpike::control {

class Notify {
 public:
  // `socket`: "/path" or "@name" (abstract namespace); null or empty: there is no service manager.
  explicit Notify(const char* socket);
  // Of NOTIFY_SOCKET, which stays set: a successor speaks to the same manager.
  static Notify from_environment();

  void ready(std::string_view status) const;
  // A change or an upgrade begins; ready() ends it.
  void reloading(std::string_view status) const;
  void stopping(std::string_view status) const;
  // The service's main process is another one from now on.
  void main_process(pid_t pid, std::string_view status) const;
  void alive() const;

  explicit operator bool() const noexcept { return address_.has_value(); }

 private:
  void send(const std::string& message) const;
  std::optional<io::Address> address_;
};

// How often alive() has to be said: half of WATCHDOG_USEC, if that is meant for this process (WATCHDOG_PID,
// where set); nothing without. Values that are no number, or shorter than 10 ms, count as none.
std::optional<Duration> watchdog_interval(const char* microseconds, const char* pid, pid_t own);

}  // namespace turnpike::control
