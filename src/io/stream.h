// A byte stream that is read and written without blocking, and waited for with co_await: a socket, TLS over a
// socket, one end of a pipe in memory.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/time.h"
#include "io/loop.h"

namespace turnpike::io {

enum class IoStatus : std::uint8_t {
  ok,           // `bytes` were moved, at least one
  would_block,  // nothing now: wait, then try again
  eof,          // read: the peer has closed its direction in order
  error,        // the stream is unusable; `error` is an errno, or 0 for a protocol error of TLS
};

struct IoResult {
  std::size_t bytes = 0;
  IoStatus status = IoStatus::ok;
  int error = 0;
};

// How a wait ended.
enum class Wait : std::uint8_t { ready, timeout, cancelled };

enum class Direction : std::uint8_t { read, write };

class Stream;

// co_await stream.readable(deadline) / stream.writable(deadline). Lies in the frame that waits; at most one
// waits per stream and direction.
class Waiter final : public Timer {
 public:
  Waiter(Stream& stream, Direction direction, TimePoint deadline) noexcept
      : stream_(stream), deadline_(deadline), direction_(direction) {}
  ~Waiter() override = default;

  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> handle);
  Wait await_resume() const noexcept { return result_; }

  // The stream's side: ends the wait and resumes the coroutine. The waiter may be gone afterwards.
  void finish(Wait result);

 private:
  void on_timer() override;

  Stream& stream_;
  std::coroutine_handle<> handle_;
  TimePoint deadline_;
  Direction direction_;
  Wait result_ = Wait::ready;
};

// Told when the peer goes away while nobody reads (principle 9: doomed work is dropped).
class HangupListener {
 public:
  virtual void on_hangup() = 0;

 protected:
  ~HangupListener() = default;
};

class Stream {
 public:
  Stream() noexcept = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  // Nobody may be waiting. Closes.
  virtual ~Stream() = default;

  // Never block; move as much as there is. After a read that filled less than `into` the next one would
  // block: wait first.
  virtual IoResult read(std::span<char> into) noexcept = 0;
  virtual IoResult write(std::span<const iovec> from) noexcept = 0;
  IoResult write(std::string_view text) noexcept {
    const iovec one{const_cast<char*>(text.data()), text.size()};
    return write(std::span(&one, 1));
  }

  // Wait until the direction is worth another try. `kNever` waits without end.
  Waiter readable(TimePoint deadline) noexcept { return {*this, Direction::read, deadline}; }
  Waiter writable(TimePoint deadline) noexcept { return {*this, Direction::write, deadline}; }

  // Ends every wait, present and future, with Wait::cancelled; reads and writes still work. Idempotent.
  virtual void cancel() noexcept = 0;
  virtual bool cancelled() const noexcept = 0;
  // Ends our direction in order (FIN, close_notify). Best effort.
  virtual void shutdown_write() noexcept = 0;
  // Closes with RST instead of FIN: the peer learns that the message was cut (used when a response breaks
  // off).
  virtual void abort() noexcept = 0;

  // The peer has closed or reset, as far as known without a system call. Bytes may still wait to be read.
  virtual bool peer_closed() const noexcept = 0;
  // After IoStatus::eof: the peer's direction ended without the word that it is whole (TLS: no close_notify,
  // RFC 8446 §6.1). Content whose end is the end of the connection may be cut.
  virtual bool truncated() const noexcept { return false; }
  // At most one; null to stop. Called at most once, from the loop, when the peer closes or resets.
  virtual void set_hangup_listener(HangupListener* listener) noexcept = 0;

  // For Waiter, and for a stream over another.
  virtual bool ready(Direction direction) const noexcept = 0;
  virtual void set_waiter(Direction direction, Waiter* waiter) noexcept = 0;
  virtual Loop& loop() noexcept = 0;
};

}  // namespace turnpike::io
