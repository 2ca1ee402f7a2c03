#include "control/upgrade.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "crypto/digest.h"

namespace turnpike::control {

using handover::Channel;
using handover::Message;
using handover::Type;

Upgrade::Upgrade(io::Loop& loop, CommandLine command, Duration timeout, Handler& handler)
    : loop_(loop), command_(std::move(command)), timeout_(timeout), handler_(handler), alarm_(loop, [this] {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout_).count();
        fail("the new program was not ready after " + std::to_string(seconds) + " s");
      }) {}

Upgrade::~Upgrade() {
  if (!running()) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  forget();
}

std::expected<void, std::string> Upgrade::start(const handover::State& state,
                                                const std::vector<OfferedSocket>& sockets) {
  if (sockets.size() > handover::kMostSockets) {
    return std::unexpected("there are " + std::to_string(sockets.size()) + " sockets to hand over, at most " +
                           std::to_string(handover::kMostSockets) + " can be");
  }
  const char* const path = std::getenv("PATH");
  const auto program = resolve_program(command_, path == nullptr ? "" : path);
  if (!program) return std::unexpected(program.error());
  auto ends = Channel::make();
  if (!ends) return std::unexpected(ends.error());
  const auto child = spawn(*program, command_, ends->second.fd());
  if (!child) return std::unexpected(child.error());
  child_ = *child;
  channel_ = std::move(ends->first);
  told_go_ = closed_ = false;
  reason_.clear();
  offered_ = sockets.size();
  alarm_.set(timeout_);
  offer(state, sockets);
  if (!loop_.add(channel_.fd(), *this)) {
    const int error = errno;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    channel_ = Channel();
    forget();
    return std::unexpected("the kernel watches no further socket: error " + std::to_string(error));
  }
  flush();
  return {};
}

void Upgrade::offer(handover::State state, const std::vector<OfferedSocket>& sockets) {
  state.sockets = static_cast<std::uint32_t>(sockets.size());
  packets_.push_back({handover::encode({.type = Type::state, .state = state}), {}});
  crypto::wipe(&state.current, sizeof state.current);
  if (state.previous) crypto::wipe(&*state.previous, sizeof *state.previous);
  for (std::size_t at = 0; at < sockets.size(); at += handover::kSocketsPerPacket) {
    Message message{.type = Type::sockets};
    Packet packet;
    for (std::size_t i = at; i < std::min(sockets.size(), at + handover::kSocketsPerPacket); ++i) {
      message.sockets.push_back(sockets[i].entry);
      packet.fds.push_back(sockets[i].fd);
    }
    packet.bytes = handover::encode(message);
    packets_.push_back(std::move(packet));
  }
}

void Upgrade::flush() {
  while (!packets_.empty()) {
    if (channel_.send(packets_.front().bytes, packets_.front().fds) != Channel::Sent::all) return;
    crypto::wipe(packets_.front().bytes.data(), packets_.front().bytes.size());  // ticket keys
    packets_.pop_front();
  }
}

void Upgrade::on_ready(std::uint32_t ready) {
  if ((ready & io::kWritable) != 0) flush();
  receive();
}

void Upgrade::receive() {
  bool told = false;  // that the channel was reset: what was said before comes behind
  while (running() && !closed_) {
    Channel::Received received = channel_.receive();
    using Status = Channel::Received::Status;
    if (received.status == Status::nothing) return;
    if (received.status == Status::closed) {
      if (!std::exchange(told, true)) continue;
      closed_ = true;  // SIGCHLD comes next, with how it ended
      return on_child();
    }
    auto message = received.status == Status::packet ? handover::decode(received.packet)
                                                     : std::unexpected(std::string("a packet is too long"));
    if (!message) return fail("the new program does not speak as it should: " + message.error());
    on_message(std::move(*message));
  }
}

void Upgrade::on_message(Message message) {
  switch (message.type) {
    case Type::failed:
      reason_ = std::move(message.text);
      return;  // it is about to end
    case Type::ready:
      if (told_go_ || !packets_.empty()) break;
      if (!message.taken.empty() && message.taken.back() >= offered_) break;
      taken_ = std::move(message.taken);
      told_go_ = true;
      packets_.push_back({handover::encode({.type = Type::go}), {}});
      return flush();
    case Type::serving: {
      if (!told_go_) break;
      const pid_t successor = child_;
      forget();
      return handler_.on_upgraded(successor, std::move(taken_));
    }
    default:
      break;
  }
  fail("the new program does not speak as it should: an unexpected message");
}

void Upgrade::on_child() {
  if (!running()) return;
  int status = 0;
  const pid_t ended = ::waitpid(child_, &status, WNOHANG);
  if (ended == 0) return;
  // What it said at last may not have been read yet. A process that ends without having read all resets the
  // channel; the reset is told first, and what it said comes behind.
  for (bool told = false;;) {
    const auto last = channel_.receive();
    if (last.status == Channel::Received::Status::packet) {
      const auto message = handover::decode(last.packet);
      if (message && message->type == Type::failed) reason_ = message->text;
    } else if (last.status != Channel::Received::Status::closed || std::exchange(told, true)) {
      break;
    }
  }
  child_ = 0;  // nothing to end any more
  fail("the new program ended with " + (ended > 0 ? end_text(status) : "an unknown result") +
       (reason_.empty() ? " before it was ready" : ": " + reason_));
}

void Upgrade::fail(const std::string& why) {
  // It serves nobody yet: there is nothing that it would have to end in order.
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  forget();
  handler_.on_upgrade_failed(why);
}

void Upgrade::forget() {
  if (channel_) loop_.remove(channel_.fd(), *this);
  channel_ = Channel();
  packets_.clear();
  alarm_.disarm();
  child_ = -1;
}

}  // namespace turnpike::control
