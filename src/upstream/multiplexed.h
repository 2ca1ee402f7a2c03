// The HTTP/2 connections of a pool: one carries many requests at once, each on a stream of its own.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>

#include "base/free_list.h"
#include "io/task.h"
#include "mux/connection.h"
#include "mux/stream.h"
#include "upstream/pool.h"

namespace turnpike::upstream {

// Owns itself once run() has begun, and has a permit of the endpoint's bound.
class MultiplexedConnection final : private mux::Handler {
 public:
  // How the wait for the peer's SETTINGS ended.
  enum class Settled : std::uint8_t { yes, gone, timeout, cancelled };
  // Waits for them. Lies in the frame of Pool::connect_one().
  class Settling;

  MultiplexedConnection(Pool& pool, std::unique_ptr<io::Stream> stream, const ClusterConfig& config);
  // Serves until the connection has ended and no stream is left, then destroys it.
  static io::Task<void> run(MultiplexedConnection& self);

  mux::Connection& mux() noexcept { return mux_; }
  Pool& pool() const noexcept { return pool_; }
  bool has_room() const noexcept { return mux_.has_room() && !spent() && !retired_; }
  bool idle() const noexcept { return mux_.streams() == 0; }
  // It has carried a request before.
  bool reused() const noexcept { return requests_ > 0; }
  void request_begins() noexcept;
  // Takes no more requests and ends with the last one.
  void retire();
  // Ends at once; it may be gone when this returns.
  void cut() noexcept { stream_->cancel(); }

  // Streams of one connection at most, whatever the peer allows.
  static constexpr std::uint32_t kMostStreams = 128;

 private:
  friend class Pool;
  ~MultiplexedConnection();

  Arena& request_arena() override { return none_; }  // servers only
  mux::Stream* on_request(http::RequestHead&&) override { return nullptr; }
  void on_refused(const Error&, unsigned) override {}
  void on_received() override {}
  void on_settings() override;
  void on_stream_gone(std::size_t streams) override;
  void on_closing() override {}

  Pool& pool_;
  std::unique_ptr<io::Stream> stream_;
  mux::Connection mux_;
  Settling* settling_ = nullptr;
  MultiplexedConnection* next_ = nullptr;  // the pool's list
  MultiplexedConnection* previous_ = nullptr;
  bool spent() const noexcept { return most_requests_ != 0 && requests_ >= most_requests_; }

  Arena none_;
  std::uint32_t requests_ = 0;
  bool listed_ = false;
  bool retired_ = false;
  const std::uint32_t most_requests_;
};

class MultiplexedConnection::Settling final : private io::Timer {
 public:
  Settling(MultiplexedConnection& connection, TimePoint deadline) noexcept
      : loop_(connection.mux_.loop()), deadline_(deadline) {
    connection.settling_ = this;
  }

  // Whoever waits goes on from the loop.
  void end(Settled how) noexcept;

  bool await_ready() const noexcept { return done_; }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    loop_.timers().arm(*this, deadline_);
  }
  Settled await_resume() const noexcept { return how_; }

 private:
  void on_timer() override { end(Settled::timeout); }

  io::Loop& loop_;
  TimePoint deadline_;
  std::coroutine_handle<> handle_;
  Settled how_ = Settled::yes;
  bool done_ = false;
};

// What a Lease of a stream owns.
class StreamLease {
 public:
  explicit StreamLease(MultiplexedConnection& connection) noexcept
      : pool(connection.pool()), stream(connection.mux()), reused(connection.reused()) {
    connection.request_begins();
  }
  static void* operator new(std::size_t size) { return free_list_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_list_release(memory, size); }

  Pool& pool;
  mux::Stream stream;
  const bool reused;
};

}  // namespace turnpike::upstream
