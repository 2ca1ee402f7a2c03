// TCP and Unix sockets as streams; connecting and listening.
#pragma once

#include <memory>

#include "base/error.h"
#include "io/address.h"
#include "io/stream.h"
#include "io/task.h"

namespace turnpike::io {

class SocketStream final : public Stream, private Source {
 public:
  // Takes the descriptor (non-blocking already) and registers it. If the kernel refuses, the stream is
  // cancelled from the start and every operation errors.
  SocketStream(Loop& loop, int fd) noexcept;
  ~SocketStream() override;

  IoResult read(std::span<char> into) noexcept override;
  IoResult write(std::span<const iovec> from) noexcept override;
  using Stream::write;
  void cancel() noexcept override;
  bool cancelled() const noexcept override { return cancelled_; }
  void shutdown_write() noexcept override;
  void abort() noexcept override;
  bool peer_closed() const noexcept override { return peer_closed_; }
  void set_hangup_listener(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool ready(Direction direction) const noexcept override {
    return direction == Direction::read ? readable_ : writable_;
  }
  void set_waiter(Direction direction, Waiter* waiter) noexcept override {
    (direction == Direction::read ? read_waiter_ : write_waiter_) = waiter;
  }
  Loop& loop() noexcept override { return loop_; }

  int fd() const noexcept { return fd_; }
  // Looks at what can be read without taking it. With `seen` bytes looked at before, more than those are
  // wanted: would_block while there are none (wait, then ask again), eof when there will be none. Whoever
  // reads afterwards gets all of it.
  IoResult peek(std::span<char> into, std::size_t seen) noexcept;
  // The pending error of a connect, 0 if it succeeded.
  int take_error() noexcept;

 private:
  void on_ready(std::uint32_t ready) override;
  void wake(Direction direction, Wait result);
  IoResult failed(int error) noexcept;

  Loop& loop_;
  bool* gone_ = nullptr;  // set by the destructor: tells a caller on the stack that `this` died meanwhile
  int fd_;
  bool readable_ = false;
  bool writable_ = false;
  bool peer_closed_ = false;
  bool cancelled_ = false;
  Waiter* read_waiter_ = nullptr;
  Waiter* write_waiter_ = nullptr;
  HangupListener* hangup_ = nullptr;
};

// Connects. Errors: connect_refused, connect_timeout, connect_failed (all Retry::safe), cancelled.
// While it waits, `*connecting` is the stream that may be cancelled to end it early; null before and
// afterwards.
Task<Result<std::unique_ptr<SocketStream>>> connect(Loop& loop, const Address& to, TimePoint deadline,
                                                    Stream** connecting = nullptr);

// A listening socket of one worker (SO_REUSEPORT: each worker has its own).
class Acceptor final : private Source {
 public:
  class Handler {
   public:
    // Owns `fd` from here on (non-blocking, close-on-exec).
    virtual void on_accept(int fd, const Address& peer) = 0;

   protected:
    ~Handler() = default;
  };

  // Takes a descriptor from listen_on().
  Acceptor(Loop& loop, int fd, Handler& handler) noexcept;
  ~Acceptor();
  // Stops taking connections for a while (descriptors ran out, overload) and takes them again.
  void pause() noexcept;
  void resume() noexcept;
  // Takes all connections that wait in the kernel's queue now: closing the socket would reset them. Before a
  // listener goes away.
  void take_waiting();
  // How often the process or the machine had no descriptor or memory left for a connection.
  std::uint64_t exhausted() const noexcept { return exhausted_; }

 private:
  enum class Taken : std::uint8_t { one, none, pass, exhausted, gone };
  void on_ready(std::uint32_t ready) override;
  Taken take_one();
  void back_off(Duration by) noexcept;
  void listen_again() noexcept;
  void update_registration() noexcept;

  Loop& loop_;
  bool* gone_ = nullptr;
  int fd_;
  Handler& handler_;
  bool paused_ = false;
  bool registered_ = false;
  std::uint64_t exhausted_ = 0;
  class Retry;
  std::unique_ptr<Retry> retry_;
};

struct ListenError {
  int error = 0;        // errno
  std::string message;  // "127.0.0.1:80: permission denied (ports below 1024 need …)"
};
// Opens a listening socket: non-blocking, close-on-exec, SO_REUSEADDR, SO_REUSEPORT if asked, TCP_NODELAY
// inherited. Port 0 picks a free port (local_address tells which). [::] listens for IPv4 too, and falls back
// to 0.0.0.0 where the machine has no IPv6. A Unix socket that a dead process left behind is replaced. With
// `reuse_port` a second process of the same user that does likewise is not noticed.
std::expected<int, ListenError> listen_on(const Address& address, bool reuse_port, int backlog = 4096);
// Whether this machine has the address, so that something could listen there now; the port does not matter.
bool has_address(const Address& address) noexcept;
Address local_address(int fd) noexcept;

}  // namespace turnpike::io
