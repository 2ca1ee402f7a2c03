#include "io/datagram.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace turnpike::io {
namespace {

// Control data of one datagram: the local address.
struct alignas(cmsghdr) Control {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo))];
};

LocalEnd read_local(msghdr& message) noexcept {
  LocalEnd local;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      local.family = AF_INET6;
      local.interface = info.ipi6_ifindex;
      std::memcpy(local.ip.data(), &info.ipi6_addr, 16);
      return local;
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      local.family = AF_INET;
      local.interface = static_cast<unsigned>(info.ipi_ifindex);
      std::memcpy(local.ip.data(), &info.ipi_addr, 4);
    }
  }
  return local;
}

template <class Info>
std::size_t put_control(Control& control, int level, int type, const Info& info) noexcept {
  auto* const c = reinterpret_cast<cmsghdr*>(control.bytes);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(c), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

// Answers leave from the address that was spoken to. The interface is left to routing, except where an
// address means nothing without it (fe80::/10).
std::size_t write_local(Control& control, const LocalEnd& local) noexcept {
  control = {};
  if (local.family == AF_INET6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.ip.data(), 16);
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = local.interface;
    return put_control(control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  if (local.family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, local.ip.data(), 4);
    return put_control(control, IPPROTO_IP, IP_PKTINFO, info);
  }
  return 0;
}

// As the socket's family wants it: an IPv6 socket reaches IPv4 peers as ::ffff:10.0.0.1.
socklen_t address_for(const Address& peer, bool v6, sockaddr_storage& out) noexcept {
  if (!v6 || peer.family() != AF_INET) {
    std::memcpy(&out, peer.data(), peer.size());
    return peer.size();
  }
  auto& to = reinterpret_cast<sockaddr_in6&>(out);
  to = {};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(peer.port());
  std::uint8_t ip[16];
  peer.ip_bytes(ip);
  std::memcpy(&to.sin6_addr, ip, sizeof ip);
  return sizeof to;
}

bool is_v6(int fd) noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_INET6;
}

}  // namespace

UdpSocket::UdpSocket(Loop& loop, int fd, Handler& handler) noexcept
    : loop_(loop), fd_(fd), handler_(handler), v6_(is_v6(fd)) {
  loop_.add(fd_, *this, true);
}

UdpSocket::~UdpSocket() {
  stop_reading();
  ::close(fd_);
}

void UdpSocket::stop_reading() noexcept {
  if (std::exchange(reading_, false)) loop_.remove(fd_, *this);
}

void UdpSocket::on_ready(std::uint32_t ready) {
  if ((ready & (kReadable | kHungUp)) != 0) handler_.on_datagrams(*this);
}

std::size_t UdpSocket::receive(DatagramBatch& into, int& error) noexcept {
  constexpr std::size_t kMost = DatagramBatch::kMost;
  std::array<mmsghdr, kMost> messages{};
  std::array<iovec, kMost> parts;
  std::array<sockaddr_storage, kMost> peers;
  std::array<Control, kMost> controls;
  for (std::size_t i = 0; i < kMost; ++i) {
    parts[i] = {into.memory_.get() + i * DatagramBatch::kBytes, DatagramBatch::kBytes};
    msghdr& header = messages[i].msg_hdr;
    header.msg_iov = &parts[i];
    header.msg_iovlen = 1;
    header.msg_name = &peers[i];
    header.msg_namelen = sizeof peers[i];
    header.msg_control = controls[i].bytes;
    header.msg_controllen = sizeof controls[i].bytes;
  }
  error = 0;
  into.count_ = 0;
  int count = 0;
  do {
    count = ::recvmmsg(fd_, messages.data(), kMost, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) error = errno;
    return 0;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    msghdr& header = messages[i].msg_hdr;
    Datagram& datagram = into.datagrams_[i];
    datagram.data = {static_cast<char*>(parts[i].iov_base), messages[i].msg_len};
    datagram.cut = (header.msg_flags & MSG_TRUNC) != 0;
    datagram.peer = Address(reinterpret_cast<const sockaddr*>(&peers[i]), header.msg_namelen);
    datagram.local = read_local(header);
  }
  into.count_ = static_cast<std::size_t>(count);
  return into.count_;
}

int UdpSocket::send(std::string_view data) noexcept {
  ssize_t sent = 0;
  do {
    sent = ::send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

std::size_t UdpSocket::send_to(const Address& peer, const LocalEnd& from,
                               std::span<const Datagram> datagrams) noexcept {
  constexpr std::size_t kMost = DatagramBatch::kMost;
  std::array<mmsghdr, kMost> messages{};
  std::array<iovec, kMost> parts;
  sockaddr_storage to;
  const socklen_t to_size = address_for(peer, v6_, to);
  Control control;
  const std::size_t control_size = write_local(control, from);
  const std::size_t count = std::min(datagrams.size(), kMost);
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {datagrams[i].data.data(), datagrams[i].data.size()};
    msghdr& header = messages[i].msg_hdr;
    header.msg_iov = &parts[i];
    header.msg_iovlen = 1;
    header.msg_name = &to;
    header.msg_namelen = to_size;
    if (control_size == 0) continue;
    header.msg_control = control.bytes;
    header.msg_controllen = control_size;
  }
  int sent = 0;
  do {
    sent = ::sendmmsg(fd_, messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

int connect_for_datagrams(const Address& address) noexcept {
  const int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (::connect(fd, address.data(), address.size()) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace turnpike::io
