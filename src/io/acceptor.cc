#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "io/datagram.h"
#include "io/socket.h"

namespace turnpike::io {
namespace {

// So that a flood of connections does not keep those that stand from being served.
constexpr int kMostPerTurn = 32;
constexpr Duration kRetryAfter = std::chrono::milliseconds(100);

ListenError explain(const Address& address, int error, bool datagrams = false) {
  const std::string where = address.text();
  const std::string port = std::to_string(address.port());
  std::string message = where + ": ";
  switch (error) {
    case EADDRINUSE:
      message += address.is_ip() ? "port " + port + " is in use by another program (see which: ss " +
                                       (datagrams ? "-lunp" : "-ltnp") + " 'sport = :" + port + "')"
                                 : "another program listens on this socket (see which: ss -lxp)";
      break;
    case EACCES:
      message +=
          address.is_ip() && address.port() < 1024
              ? "permission denied: ports below 1024 need the capability CAP_NET_BIND_SERVICE (setcap "
                "cap_net_bind_service=+ep on the program, AmbientCapabilities= in systemd) or another port"
              : std::string("permission denied");
      break;
    case EADDRNOTAVAIL:
      message += "this machine has no such address (see which it has: ip address)";
      break;
    case EAFNOSUPPORT:
      message += "this machine does not support this kind of address";
      break;
    case EMFILE:
    case ENFILE:
      message += "file descriptors ran out (raise LimitNOFILE or ulimit -n)";
      break;
    case ENOENT:
      message += "the folder of this socket does not exist";
      break;
    default:
      message += std::strerror(error);
      break;
  }
  return {error, std::move(message)};
}

// Whether the Unix socket's file was left behind by a process that is gone.
bool is_stale(const Address& address) noexcept {
  const auto* local = reinterpret_cast<const sockaddr_un*>(address.data());
  if (address.family() != AF_UNIX || local->sun_path[0] == '\0') return false;
  struct stat status{};
  if (::lstat(local->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool refused = ::connect(fd, address.data(), address.size()) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

bool is_any_v6(const Address& address) noexcept {
  return address.family() == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr);
}

// 0 or an errno.
int open_and_bind(const Address& address, bool reuse_port, int backlog, int& out) noexcept {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  const int off = 0;
  bool good = true;
  if (address.is_ip()) {
    good = ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (good && reuse_port) good = ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    if (good && address.family() == AF_INET6) {
      good = ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_any_v6(address) ? &off : &on, sizeof on) == 0;
    }
    if (good)
      good = ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;  // inherited by what it accepts
  }
  if (good) good = ::bind(fd, address.data(), address.size()) == 0 && ::listen(fd, backlog) == 0;
  if (good) {
    out = fd;
    return 0;
  }
  const int error = errno;
  ::close(fd);
  return error;
}

// As open_and_bind(), for datagrams. Without SO_REUSEADDR, which would let anyone take the port over.
int bind_for_datagrams(const Address& address, bool reuse_port, int& out) noexcept {
  const int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  const int off = 0;
  bool good = !reuse_port || ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
  if (address.family() == AF_INET6) {
    good = good &&
           ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_any_v6(address) ? &off : &on, sizeof on) == 0 &&
           ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0;
  } else {
    good = good && ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
  }
  if (good && ::bind(fd, address.data(), address.size()) == 0) {
    out = fd;
    return 0;
  }
  const int error = errno;
  ::close(fd);
  return error;
}

}  // namespace

std::expected<int, ListenError> listen_for_datagrams(const Address& address, bool reuse_port) {
  int fd = -1;
  int error = bind_for_datagrams(address, reuse_port, fd);
  if ((error == EAFNOSUPPORT || error == EADDRNOTAVAIL) && is_any_v6(address))
    error = bind_for_datagrams(*Address::from_ip("0.0.0.0", address.port()), reuse_port, fd);
  if (error != 0) return std::unexpected(explain(address, error, true));
  return fd;
}

std::expected<int, ListenError> listen_on(const Address& address, bool reuse_port, int backlog) {
  int fd = -1;
  int error = open_and_bind(address, reuse_port, backlog, fd);
  if (error == EADDRINUSE && is_stale(address)) {
    ::unlink(reinterpret_cast<const sockaddr_un*>(address.data())->sun_path);
    error = open_and_bind(address, reuse_port, backlog, fd);
  }
  if ((error == EAFNOSUPPORT || error == EADDRNOTAVAIL) && is_any_v6(address)) {
    error = open_and_bind(*Address::from_ip("0.0.0.0", address.port()), reuse_port, backlog, fd);
  }
  if (error != 0) return std::unexpected(explain(address, error));
  return fd;
}

bool has_address(const Address& address) noexcept {
  if (!address.is_ip() || is_any_v6(address)) return true;
  Address any_port = address;
  any_port.set_port(0);
  const int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno != EAFNOSUPPORT;  // out of descriptors: listening will say so
  const bool good = ::bind(fd, any_port.data(), any_port.size()) == 0;
  ::close(fd);
  return good;
}

Address local_address(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<const sockaddr*>(&storage), size};
}

class Acceptor::Retry final : public Timer {
 public:
  explicit Retry(Acceptor& acceptor) noexcept : acceptor_(acceptor) {}

 private:
  void on_timer() override { acceptor_.listen_again(); }
  Acceptor& acceptor_;
};

Acceptor::Acceptor(Loop& loop, int fd, Handler& handler) noexcept
    : loop_(loop), fd_(fd), handler_(handler), retry_(std::make_unique<Retry>(*this)) {
  update_registration();
}

Acceptor::~Acceptor() {
  if (gone_ != nullptr) *gone_ = true;
  if (registered_) loop_.remove(fd_, *this);
  ::close(fd_);
}

void Acceptor::pause() noexcept {
  paused_ = true;
  update_registration();
}

void Acceptor::resume() noexcept {
  paused_ = false;
  update_registration();
}

void Acceptor::update_registration() noexcept {
  const bool wanted = !paused_ && !retry_->armed();
  if (wanted == registered_) return;
  if (!wanted) {
    loop_.remove(fd_, *this);
    registered_ = false;
  } else if (loop_.add(fd_, *this, true)) {
    registered_ = true;
  } else {
    loop_.timers().arm(*retry_, loop_.now() + kRetryAfter);
  }
}

void Acceptor::back_off(Duration by) noexcept {
  loop_.timers().arm(*retry_, loop_.now() + by);
  update_registration();
}

void Acceptor::listen_again() noexcept { update_registration(); }

Acceptor::Taken Acceptor::take_one() {
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    bool gone = false;
    bool* const outer = std::exchange(gone_, &gone);
    handler_.on_accept(fd, Address(reinterpret_cast<const sockaddr*>(&storage), size));
    if (!gone) {
      gone_ = outer;
      return Taken::one;
    }
    if (outer != nullptr) *outer = true;
    return Taken::gone;
  }
  switch (errno) {
    case EAGAIN:
      return Taken::none;
    // This connection has ended already (accept(2) lists the errors of the network that it passes on).
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return Taken::pass;
    default:
      return Taken::exhausted;
  }
}

void Acceptor::on_ready(std::uint32_t) {
  for (int i = 0; i < kMostPerTurn && registered_; ++i) {
    switch (take_one()) {
      case Taken::one:
      case Taken::pass:
        break;
      case Taken::none:
      case Taken::gone:
        return;
      case Taken::exhausted:
        // EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection stays in the queue and the event would come back at
        // once.
        ++exhausted_;
        back_off(kRetryAfter);
        return;
    }
  }
}

void Acceptor::take_waiting() {
  for (;;) {
    const Taken taken = take_one();
    if (taken != Taken::one && taken != Taken::pass) return;
  }
}

}  // namespace turnpike::io
