#include "io/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace turnpike::io {

SocketStream::SocketStream(Loop& loop, int fd) noexcept : loop_(loop), fd_(fd) {
  if (fd_ < 0 || !loop_.add(fd_, *this)) cancelled_ = peer_closed_ = readable_ = writable_ = true;
}

SocketStream::~SocketStream() {
  if (gone_ != nullptr) *gone_ = true;
  if (fd_ < 0) return;
  loop_.remove(fd_, *this);
  ::close(fd_);
}

// Errors stay: whoever waits is told at once to try, and meets the error again.
IoResult SocketStream::failed(int error) noexcept {
  readable_ = writable_ = peer_closed_ = true;
  return {0, IoStatus::error, error};
}

IoResult SocketStream::read(std::span<char> into) noexcept {
  if (fd_ < 0) return {0, IoStatus::error, EBADF};
  if (into.empty()) return {0, IoStatus::would_block, 0};
  ssize_t n = 0;
  do {
    n = ::recv(fd_, into.data(), into.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    // The kernel has no more, and tells when it has; after a FIN it tells nothing again: the EOF must still
    // be read.
    if (static_cast<std::size_t>(n) < into.size() && !peer_closed_) readable_ = false;
    return {static_cast<std::size_t>(n), IoStatus::ok, 0};
  }
  if (n == 0) {
    readable_ = peer_closed_ = true;
    return {0, IoStatus::eof, 0};
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) return failed(errno);
  readable_ = false;
  return {0, IoStatus::would_block, 0};
}

IoResult SocketStream::peek(std::span<char> into, std::size_t seen) noexcept {
  if (fd_ < 0) return {0, IoStatus::error, EBADF};
  ssize_t n = 0;
  do {
    n = ::recv(fd_, into.data(), into.size(), MSG_PEEK);
  } while (n < 0 && errno == EINTR);
  if (n > 0 && static_cast<std::size_t>(n) > seen) {
    readable_ = true;
    return {static_cast<std::size_t>(n), IoStatus::ok, 0};
  }
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return failed(errno);
  if (n == 0 || peer_closed_) {
    readable_ = peer_closed_ = true;
    return {0, IoStatus::eof, 0};
  }
  // New bytes make a new event, though older ones were never taken.
  readable_ = false;
  return {0, IoStatus::would_block, 0};
}

IoResult SocketStream::write(std::span<const iovec> from) noexcept {
  if (fd_ < 0) return {0, IoStatus::error, EBADF};
  if (from.size() > IOV_MAX) from = from.first(IOV_MAX);
  std::size_t asked = 0;
  for (const iovec& part : from) asked += part.iov_len;
  if (asked == 0) return {0, IoStatus::ok, 0};
  ssize_t n = 0;
  do {
    if (from.size() == 1) {
      n = ::send(fd_, from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(from.data());
      message.msg_iovlen = from.size();
      n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    }
  } while (n < 0 && errno == EINTR);
  if (n >= 0) {
    if (static_cast<std::size_t>(n) < asked) writable_ = false;
    return {static_cast<std::size_t>(n), n > 0 ? IoStatus::ok : IoStatus::would_block, 0};
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) return failed(errno);
  writable_ = false;
  return {0, IoStatus::would_block, 0};
}

void SocketStream::wake(Direction direction, Wait result) {
  Waiter*& waiter = direction == Direction::read ? read_waiter_ : write_waiter_;
  // A stream above may put a second one into the place (tls/stream.h); it is not to miss this event.
  bool* const gone = gone_;
  while (waiter != nullptr && (cancelled_ || ready(direction))) {
    waiter->finish(result);
    if (*gone) return;
  }
}

void SocketStream::cancel() noexcept {
  if (cancelled_) return;
  cancelled_ = true;
  bool gone = false;
  bool* const outer = std::exchange(gone_, &gone);
  wake(Direction::read, Wait::cancelled);
  if (!gone) wake(Direction::write, Wait::cancelled);
  if (!gone) {
    gone_ = outer;
  } else if (outer != nullptr) {
    *outer = true;
  }
}

void SocketStream::shutdown_write() noexcept {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void SocketStream::abort() noexcept {
  if (fd_ < 0) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  loop_.remove(fd_, *this);
  ::close(fd_);
  fd_ = -1;
  readable_ = writable_ = peer_closed_ = true;
  cancel();
}

int SocketStream::take_error() noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (fd_ < 0 || ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void SocketStream::on_ready(std::uint32_t ready) {
  if ((ready & kReadable) != 0) readable_ = true;
  if ((ready & kWritable) != 0) writable_ = true;
  const bool closed_now = (ready & (kPeerClosed | kHungUp)) != 0 && !peer_closed_;
  if (closed_now) peer_closed_ = true;
  bool gone = false;
  gone_ = &gone;
  if (readable_) wake(Direction::read, Wait::ready);
  if (!gone && writable_) wake(Direction::write, Wait::ready);
  if (!gone && closed_now && hangup_ != nullptr) std::exchange(hangup_, nullptr)->on_hangup();
  if (!gone) gone_ = nullptr;
}

namespace {

Error connect_error(int error) noexcept {
  const auto failed = [](ErrorKind kind, std::string_view detail) {
    return upstream_error(kind, turnpike::Retry::safe, detail);
  };
  switch (error) {
    case ECONNREFUSED:
      return failed(ErrorKind::connect_refused, "nothing listens there (connection refused)");
    case ETIMEDOUT:
      return failed(ErrorKind::connect_timeout, "no answer to connecting");
    case EHOSTUNREACH:
      return failed(ErrorKind::connect_failed, "host unreachable");
    case ENETUNREACH:
      return failed(ErrorKind::connect_failed, "network unreachable");
    case ECONNRESET:
      return failed(ErrorKind::connect_failed, "reset while connecting");
    case ENOENT:
      return failed(ErrorKind::connect_failed, "no such Unix socket");
    case EACCES:
    case EPERM:
      return failed(ErrorKind::connect_failed, "not permitted to connect (firewall or file mode)");
    case EADDRNOTAVAIL:
      return {ErrorKind::connect_failed, ErrorSource::us, turnpike::Retry::safe, "no free local port"};
    case EMFILE:
    case ENFILE:
      return {ErrorKind::connect_failed, ErrorSource::us, turnpike::Retry::safe, "file descriptors ran out"};
    case ENOBUFS:
    case ENOMEM:
      return {ErrorKind::connect_failed, ErrorSource::us, turnpike::Retry::safe,
              "the kernel has no memory left"};
    case EAFNOSUPPORT:
      return failed(ErrorKind::connect_failed, "this machine has no such address family");
    default:
      return failed(ErrorKind::connect_failed, "connecting failed");
  }
}

// Connecting to a free port of this machine from the range of ephemeral ports may meet itself (RFC 9293 §3.5,
// simultaneous open): it looks like a success, though nobody listens.
bool met_itself(int fd, const Address& to) noexcept {
  std::uint8_t ip[16];
  to.ip_bytes(ip);
  const bool loopback = to.family() == AF_INET ? ip[12] == 127 : to.family() == AF_INET6 && ip[0] == 0;
  return loopback && local_address(fd) == to;
}

}  // namespace

Task<Result<std::unique_ptr<SocketStream>>> connect(Loop& loop, const Address& to, TimePoint deadline,
                                                    Stream** connecting) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return std::unexpected(connect_error(errno));
  if (to.is_ip()) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  int error = 0;
  while (::connect(fd, to.data(), to.size()) != 0) {
    error = errno;
    if (error == EINTR) error = EINPROGRESS;
    if (error != EAGAIN) break;
    // The queue of a Unix listener is full, and there is nothing to wait on: try again at the next tick.
    if (deadline <= loop.now()) break;
    co_await loop.sleep_until(std::min(deadline, loop.now() + TimerWheel::kTick));
    error = 0;
  }
  if (error != 0 && error != EINPROGRESS) {
    ::close(fd);
    co_return std::unexpected(connect_error(error == EAGAIN ? ETIMEDOUT : error));
  }
  auto stream = std::make_unique<SocketStream>(loop, fd);
  if (stream->cancelled()) co_return std::unexpected(connect_error(ENOMEM));
  if (error == EINPROGRESS) {
    if (connecting != nullptr) *connecting = stream.get();
    const Wait wait = co_await stream->writable(deadline);
    if (connecting != nullptr) *connecting = nullptr;
    if (wait == Wait::timeout) co_return std::unexpected(connect_error(ETIMEDOUT));
    if (wait == Wait::cancelled) {
      co_return std::unexpected(Error{ErrorKind::cancelled, ErrorSource::us, turnpike::Retry::safe, {}});
    }
    // Without a hang-up in the event the connection stands: no system call to ask.
    if (stream->peer_closed())
      error = stream->take_error();
    else
      error = 0;
    if (error != 0) co_return std::unexpected(connect_error(error));
  }
  if (met_itself(fd, to)) co_return std::unexpected(connect_error(ECONNREFUSED));
  co_return stream;
}

}  // namespace turnpike::io
