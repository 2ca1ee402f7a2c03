#include "control/handover_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "control/handover.h"

namespace turnpike::control::handover {
namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(kSocketsPerPacket * sizeof(int));

// Those that came are ours to close, however many.
void take_descriptors(msghdr& message, std::vector<Descriptor>& out) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      out.emplace_back(fd);
    }
  }
}

}  // namespace

std::expected<std::pair<Channel, Channel>, std::string> Channel::make() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return std::unexpected(std::string("socketpair: ") + std::strerror(errno));
  return std::pair{Channel(ends[0]), Channel(ends[1])};
}

Channel::Sent Channel::send(std::string_view packet, std::span<const int> fds) noexcept {
  iovec part{const_cast<char*>(packet.data()), packet.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[kControlSize] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Sent::all;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? Sent::full : Sent::gone;
}

Channel::Received Channel::receive() {
  Received out;
  out.packet.resize(kMostPacket);
  iovec part{out.packet.data(), out.packet.size()};
  alignas(cmsghdr) char control[kControlSize];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  out.packet.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  using Status = Received::Status;
  if (got < 0) {
    out.status = errno == EAGAIN || errno == EWOULDBLOCK ? Status::nothing : Status::closed;
    return out;
  }
  take_descriptors(message, out.fds);
  out.status = got == 0                                              ? Status::closed
               : (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? Status::bad
                                                                     : Status::packet;
  return out;
}

Channel::Received Channel::receive_within(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    Received received = receive();
    if (received.status != Received::Status::nothing) return received;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return received;
    pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(left.count()) + 1);
  }
}

}  // namespace turnpike::control::handover
