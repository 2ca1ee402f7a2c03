#include "control/inheritance.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <utility>

#include "base/strings.h"
#include "control/program.h"
#include "crypto/digest.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using handover::Channel;
using handover::Message;
using handover::Type;

constexpr Duration kPatience = 10s;  // for each answer of the predecessor, which has nothing else to do

}  // namespace

std::expected<std::optional<Inheritance>, std::string> Inheritance::from_environment() {
  const char* const text = std::getenv(kHandoverVariable);
  if (text == nullptr) return std::nullopt;
  const auto fd = parse_decimal<int>(text);
  ::unsetenv(kHandoverVariable);
  int type = 0;
  socklen_t size = sizeof type;
  if (!fd || ::getsockopt(*fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    return std::unexpected(std::string(kHandoverVariable) +
                           " is set, but there is no process to take over from: unset it");
  }
  ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
  return Inheritance(Channel(*fd));
}

std::expected<Message, std::string> Inheritance::next() {
  Channel::Received received = channel_.receive_within(kPatience);
  using Status = Channel::Received::Status;
  if (received.status == Status::closed)
    return std::unexpected("the running process has given up the upgrade");
  if (received.status == Status::nothing) return std::unexpected("the running process does not answer");
  if (received.status == Status::bad) return std::unexpected("the running process sends too much");
  auto message = handover::decode(received.packet);
  crypto::wipe(received.packet.data(), received.packet.size());  // ticket keys
  if (!message) return std::unexpected("the running process cannot be understood: " + message.error());
  if (message->sockets.size() != received.fds.size())
    return std::unexpected("the running process names other sockets than it sends");
  for (std::size_t i = 0; i < received.fds.size(); ++i)
    sockets_.push_back({std::move(message->sockets[i]), std::move(received.fds[i])});
  return message;
}

std::expected<void, std::string> Inheritance::receive() {
  auto first = next();
  if (!first) return std::unexpected(first.error());
  if (first->type != Type::state) return std::unexpected("the running process begins with something else");
  state_ = first->state;
  crypto::wipe(&first->state.current, sizeof first->state.current);
  while (sockets_.size() < state_.sockets) {
    const auto more = next();
    if (!more) return std::unexpected(more.error());
    if (more->type != Type::sockets) return std::unexpected("the running process sends no sockets");
  }
  if (sockets_.size() != state_.sockets) return std::unexpected("the running process sends too many sockets");
  return {};
}

std::expected<void, std::string> Inheritance::take_over(std::vector<std::uint32_t> taken) {
  channel_.send(handover::encode({.type = Type::ready, .taken = std::move(taken)}));
  const auto answer = next();
  if (!answer) return std::unexpected(answer.error());
  if (answer->type != Type::go) return std::unexpected("the running process does not let go");
  return {};
}

void Inheritance::serving() {
  channel_.send(handover::encode({.type = Type::serving}));
  channel_ = Channel();
}

void Inheritance::failed(std::string why) {
  if (channel_) channel_.send(handover::encode({.type = Type::failed, .text = std::move(why)}));
  channel_ = Channel();
}

void tell_predecessor(std::string why) {
  if (auto inheritance = Inheritance::from_environment(); inheritance && *inheritance)
    (*inheritance)->failed(std::move(why));
}

}  // namespace turnpike::control
