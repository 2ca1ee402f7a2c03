// UDP sockets: a listening one that answers from the address it was spoken to, and connected ones towards an
// upstream. Several datagrams move with one system call.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "io/address.h"
#include "io/loop.h"
#include "io/socket.h"

namespace turnpike::io {

// The local address that a datagram came to, so that the answer leaves from there (RFC 1122 §4.1.3.5: a
// wildcard socket would let routing choose).
struct LocalEnd {
  int family = AF_UNSPEC;  // AF_UNSPEC: not known, routing chooses
  unsigned interface = 0;
  std::array<std::uint8_t, 16> ip{};  // of an IPv4 address the first four
  bool operator==(const LocalEnd&) const = default;
};

struct Datagram {
  std::span<char> data;
  Address peer;      // of a listening socket
  LocalEnd local;    // likewise
  bool cut = false;  // it was longer than the buffer
};

// Room for what one call receives. A worker has one, whatever number of sockets it reads: 1 MiB of which only
// what datagrams fill becomes resident.
class DatagramBatch {
 public:
  static constexpr std::size_t kMost = 16;                       // datagrams
  static constexpr std::size_t kBytes = std::size_t{64} * 1024;  // of each: the most that UDP can carry
  DatagramBatch() : memory_(std::make_unique_for_overwrite<char[]>(kMost * kBytes)) {}

  std::span<Datagram> received() noexcept { return {datagrams_.data(), count_}; }

 private:
  friend class UdpSocket;
  std::unique_ptr<char[]> memory_;
  std::array<Datagram, kMost> datagrams_;
  std::size_t count_ = 0;
};

class UdpSocket final : private Source {
 public:
  class Handler {
   public:
    // There are datagrams, or an error. Called again as long as that is so. May destroy the socket.
    virtual void on_datagrams(UdpSocket& socket) = 0;

   protected:
    ~Handler() = default;
  };

  // Takes a descriptor of listen_for_datagrams() or connect_for_datagrams().
  UdpSocket(Loop& loop, int fd, Handler& handler) noexcept;
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // How many datagrams came; 0: none now. `error` receives the errno of a connected socket whose peer said
  // that nobody listens there (ECONNREFUSED, EHOSTUNREACH …), else 0.
  std::size_t receive(DatagramBatch& into, int& error) noexcept;
  // Of a connected socket. 0 or an errno; what the kernel has no room for (EAGAIN, ENOBUFS) is lost, as UDP
  // may lose.
  int send(std::string_view data) noexcept;
  // Of a listening socket: all to one peer; how many the kernel took.
  std::size_t send_to(const Address& peer, const LocalEnd& from,
                      std::span<const Datagram> datagrams) noexcept;
  // From now on it is only written to.
  void stop_reading() noexcept;
  int fd() const noexcept { return fd_; }

 private:
  void on_ready(std::uint32_t ready) override;

  Loop& loop_;
  int fd_;
  Handler& handler_;
  bool v6_;
  bool reading_ = true;
};

// Opens a socket for datagrams of anyone: non-blocking, close-on-exec, SO_REUSEPORT if asked (the kernel then
// gives all datagrams of one client to one of the sockets). Port 0 picks a free port. [::] takes IPv4 too, as
// listen_on().
std::expected<int, ListenError> listen_for_datagrams(const Address& address, bool reuse_port);
// Opens a socket that speaks with `address` only: the kernel drops what others send. -1 and errno.
int connect_for_datagrams(const Address& address) noexcept;

}  // namespace turnpike::io
