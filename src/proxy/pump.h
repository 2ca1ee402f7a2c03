// Bytes in both directions between two streams, until both ends have closed or nothing moves any more: what
// is left of a connection once nobody needs to understand it (an upgraded connection, a TCPRoute, a
// TLSRoute).
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/time.h"
#include "io/stream.h"
#include "io/task.h"
#include "proxy/buffer.h"

namespace turnpike::proxy {

// Lies in the frame that awaits run(). Each direction holds a buffer only while bytes are on their way; a
// slow reader stops the reading of the other side (principle 9). The end of one direction is passed on and is
// not the end of the other.
class Pump {
 public:
  struct Limits {
    Duration idle{};         // no byte in either direction; 0: none
    Duration patience{};     // for a side that does not read
    TimePoint end = kNever;  // all of it
  };
  // Of the two streams the first one is the client's.
  Pump(io::Stream& client, io::Stream& upstream, const Limits& limits) noexcept
      : client_(client), upstream_(upstream), limits_(limits) {}
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  // What had been read already lies in the buffers; both are empty and released in the end. The streams are
  // not closed, but cancelled unless both directions ended in order. `cancel()` of either stream ends it
  // early.
  io::Task<void> run(Buffer& from_client, Buffer& from_upstream);

  std::uint64_t to_client() const noexcept { return to_client_; }
  std::uint64_t to_upstream() const noexcept { return to_upstream_; }
  // `none`: both directions ended in order. Else what ended it: client_closed (reset by the client),
  // client_write_timeout, upstream_reset, upstream_timeout (it does not read), client_idle_timeout,
  // request_timeout (Limits::end), cancelled.
  ErrorKind reason() const noexcept { return reason_; }

 private:
  enum class Way : std::uint8_t { up, down };
  io::Task<void> pump(Way way, Buffer& buffer);
  io::IoResult write_some(Way way, io::Stream& to, Buffer& buffer) noexcept;
  // Writes what would not go at once. Whether all of it went.
  io::Task<bool> write_rest(Way way, io::Stream& to, Buffer& buffer);
  // Whether there may be something to read.
  io::Task<bool> wait(io::Stream& from);
  void fail(ErrorKind kind);

  io::Stream& client_;
  io::Stream& upstream_;
  const Limits limits_;
  TimePoint last_moved_{};  // in either direction
  std::uint64_t to_client_ = 0;
  std::uint64_t to_upstream_ = 0;
  unsigned running_ = 0;
  ErrorKind reason_ = ErrorKind::none;
  io::Event ended_;
};

}  // namespace turnpike::proxy
