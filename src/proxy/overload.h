// What protects the process from more work than it can hold: a bound of connections and a bound of memory,
// shared by all workers. The control thread sums up and sets the level; workers read one flag per request.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace turnpike::proxy {

// What is refused, least useful work first.
enum class Pressure : std::uint8_t {
  none,
  high,      // idle connections are closed, new ones get `Connection: close`
  critical,  // ... and new requests are answered 503 (response_flags: overloaded)
};

struct OverloadLimits {
  std::size_t most_connections = 0;  // client connections of the process; 0: none
  std::size_t most_memory = 0;       // bytes resident; 0: none
};

class Overload {
 public:
  explicit Overload(OverloadLimits limits) noexcept : limits_(limits) {}

  const OverloadLimits& limits() const noexcept { return limits_; }
  // Counts a new client connection; false when there are too many (it is not counted then).
  bool admit_connection() noexcept {
    const std::size_t now = connections_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (limits_.most_connections == 0 || now <= limits_.most_connections) return true;
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void connection_closed() noexcept { connections_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

  Pressure pressure() const noexcept { return pressure_.load(std::memory_order_relaxed); }
  // By the control thread, several times a second.
  void set_resident_memory(std::size_t bytes) noexcept {
    if (limits_.most_memory == 0) return;
    const std::size_t percent = bytes / std::max<std::size_t>(limits_.most_memory / 100, 1);
    pressure_.store(percent >= 98   ? Pressure::critical
                    : percent >= 90 ? Pressure::high
                                    : Pressure::none,
                    std::memory_order_relaxed);
  }

 private:
  const OverloadLimits limits_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<Pressure> pressure_{Pressure::none};
};

}  // namespace turnpike::proxy
