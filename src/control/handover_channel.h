// The socket between a process and its successor: packets with descriptors (SOCK_SEQPACKET, SCM_RIGHTS).
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "control/descriptor.h"

namespace turnpike::control::handover {

// Never waits, but for receive_within().
class Channel {
 public:
  Channel() noexcept = default;
  // Takes the descriptor.
  explicit Channel(int fd) noexcept : fd_(fd) {}

  // Both ends. The error is for people.
  static std::expected<std::pair<Channel, Channel>, std::string> make();

  enum class Sent : std::uint8_t { all, full, gone };
  // The peer gets copies of `fds` (at most kSocketsPerPacket). `full`: try again when it is writable.
  Sent send(std::string_view packet, std::span<const int> fds = {}) noexcept;

  struct Received {
    enum class Status : std::uint8_t { packet, nothing, closed, bad } status = Status::nothing;
    std::string packet;
    std::vector<Descriptor> fds;  // close-on-exec
  };
  // What there is now, without waiting. `bad`: longer than kMostPacket, or too many descriptors.
  Received receive();
  // Waits at most so long for a packet or the end; Status::nothing afterwards means that the time is over.
  Received receive_within(Duration time);

  int fd() const noexcept { return fd_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  int release() noexcept { return fd_.release(); }

 private:
  Descriptor fd_;
};

}  // namespace turnpike::control::handover
