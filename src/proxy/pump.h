// Bytes in both directions between two streams, until both ends have closed or nothing moves any more: what
// is left of a connection once nobody needs to understand it (an upgraded connection, a TCPRoute, a
// TLSRoute).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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
  enum class Way : std::uint8_t { up, down };  // from the client, from the upstream
  // Looks at what passes, and may put something of its own between (WebSocketGuard).
  class Observer {
   public:
    using Way = Pump::Way;
    static constexpr Way other(Way way) noexcept { return way == Way::up ? Way::down : Way::up; }
    virtual ~Observer() = default;
    // These bytes came. How many of them, moved together at the beginning, are to be passed on.
    virtual std::size_t on_bytes(Way from, std::span<char> bytes) = 0;
    // What goes that way before the bytes that came; and so much of it has gone.
    virtual std::string_view ahead(Way way) const noexcept = 0;
    virtual void wrote_ahead(Way way, std::size_t size) noexcept = 0;
    // The pump gives up, and is about to cancel both streams.
    virtual void on_end(ErrorKind reason) = 0;
  };
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

  // Before run(). It must live until run() has ended.
  void observe(Observer* observer) noexcept { observer_ = observer; }

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

  // --- for the observer
  // All that came this way has been written, and more may be.
  bool quiet(Way way) const noexcept;
  // Writes what is ahead, as far as it goes; the rest goes before the next bytes. Only while it is quiet but
  // for that. A stream that is broken is noticed by those who wait for it.
  void flush(Way way);
  // Ends both directions. run() may be over, and this destroyed, when it returns.
  void end(ErrorKind reason);

 private:
  io::Task<void> pump(Way way, Buffer& buffer);
  io::IoResult write_some(Way way, io::Stream& to, Buffer& buffer) noexcept;
  // Writes what would not go at once. Whether all of it went.
  io::Task<bool> write_rest(Way way, io::Stream& to, Buffer& buffer);
  // Whether there may be something to read.
  io::Task<bool> wait(io::Stream& from);
  void fail(ErrorKind kind);
  void moved(Way way, Buffer& buffer, std::size_t bytes) noexcept;
  bool waiting(Way way, const Buffer& buffer) const noexcept;
  void let_observe(Way way, Buffer& buffer, std::size_t size);

  io::Stream& client_;
  io::Stream& upstream_;
  const Limits limits_;
  Observer* observer_ = nullptr;
  Buffer* buffers_[2] = {};  // by Way; null: the direction has ended
  TimePoint last_moved_{};   // in either direction
  std::uint64_t to_client_ = 0;
  std::uint64_t to_upstream_ = 0;
  unsigned running_ = 0;
  ErrorKind reason_ = ErrorKind::none;
  io::Event ended_;
};

}  // namespace turnpike::proxy
