// The successor's side of an upgrade: what the running process gives it, and when it may take over.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/descriptor.h"
#include "control/handover.h"
#include "control/handover_channel.h"

namespace turnpike::control {

struct InheritedSocket {
  handover::SocketEntry entry;
  Descriptor fd;
};

class Inheritance {
 public:
  // Talks to the predecessor through `channel`.
  explicit Inheritance(handover::Channel channel) noexcept : channel_(std::move(channel)) {}

  // Null when this process succeeds nobody. The error is for people: there is a predecessor, but it cannot be
  // talked to. Clears the variable, so that no other program thinks itself the successor.
  static std::expected<std::optional<Inheritance>, std::string> from_environment();

  // Waits for all that the predecessor has to give. Once.
  std::expected<void, std::string> receive();
  const handover::State& state() const noexcept { return state_; }
  // In the order of the offer, which is also how take_over() counts them.
  std::vector<InheritedSocket> take_sockets() { return std::move(sockets_); }

  // Says that this process is ready and which sockets it keeps, and waits for the word. After an error the
  // predecessor serves on, and this process has to end.
  std::expected<void, std::string> take_over(std::vector<std::uint32_t> taken);
  // Says that it serves: the predecessor drains from now on.
  void serving();
  // Says why this process is about to end.
  void failed(std::string why);

 private:
  std::expected<handover::Message, std::string> next();

  handover::Channel channel_;
  handover::State state_;
  std::vector<InheritedSocket> sockets_;
};

// For what ends before there is a server: tells the predecessor, if there is one, why this process is about
// to end.
void tell_predecessor(std::string why);

}  // namespace turnpike::control
