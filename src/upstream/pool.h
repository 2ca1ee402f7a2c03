// The connections of one worker to one endpoint: idle ones, the bound over all workers, and the requests that
// wait.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "base/time.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "upstream/cluster.h"
#include "upstream/dial.h"
#include "upstream/meters.h"
#include "upstream/shared_endpoint.h"

namespace turnpike::upstream {

class MultiplexedConnection;
class Pool;

// Idle in its pool's list or held by a Lease.
class Connection final : private io::HangupListener {
 public:
  Connection(Pool& pool, std::unique_ptr<io::Stream> stream) noexcept
      : pool_(pool), stream_(std::move(stream)) {}
  virtual ~Connection() = default;

  Pool& pool() const noexcept { return pool_; }
  io::Stream& stream() noexcept { return *stream_; }
  // The stream itself, for Lease::wrap().
  std::unique_ptr<io::Stream>& owned_stream() noexcept { return stream_; }
  // It has been in the pool before.
  bool reused() const noexcept { return reused_; }

 private:
  friend class Pool;
  void on_hangup() override;

  Pool& pool_;
  std::unique_ptr<io::Stream> stream_;
  Connection* newer_ = nullptr;  // neighbours in the idle list
  Connection* older_ = nullptr;
  TimePoint idle_since_{};
  std::uint32_t requests_ = 0;
  bool reused_ = false;
};

// Not thread-safe: belongs to one worker. Takes the limits anew from `config` each time, so that a new plan's
// apply.
class Pool final : private io::Timer {
 public:
  Pool(io::Loop& loop, const std::shared_ptr<const ClusterConfig>& config, SharedEndpoint& endpoint,
       unsigned worker, tls::SessionCache* sessions, EndpointMeter& meter) noexcept
      : loop_(loop),
        config_(config),
        endpoint_(endpoint),
        counts_(endpoint.counts(worker)),
        sessions_(sessions),
        meter_(meter),
        worker_(worker) {}
  // Nothing may be leased or waiting; connects under way have been cancelled (close()).
  ~Pool() override;

  // A stream of an HTTP/2 connection that has room, or the connection used last of the idle ones; empty if
  // there is neither.
  Lease borrow() noexcept;
  // See Cluster::open.
  io::Task<Result<Lease>> open(TimePoint deadline, OpenCancel* cancel);
  // What a Lease does at its end.
  void give_back(Connection& connection) noexcept;
  void discard(Connection& connection) noexcept;
  void end_stream(StreamLease& stream) noexcept;

  // A permit of the bound that we had queued for has come (WorkerClusters::on_permit).
  void on_permit();
  // Others wait for permits: closes idle connections, those used longest ago first, as long as that is so.
  void give_up_idle() noexcept;
  // Closes idle connections, and each other one when it comes back. `cancel_dials`: nobody waits any more.
  void close(bool cancel_dials) noexcept;
  // Takes a closed pool into use again: the endpoint is back.
  void reopen() noexcept { closed_ = false; }

  // Nothing refers to the pool but its owner.
  bool unused() const noexcept {
    return leased_ == 0 && connecting_ == 0 && waiting_count_ == 0 && permits_asked_ == 0 &&
           multiplexed_count_ == 0;
  }
  unsigned idle() const noexcept { return idle_count_; }
  unsigned leased() const noexcept { return leased_; }
  unsigned connecting() const noexcept { return connecting_; }

  // --- what an HTTP/2 connection says
  void multiplexed_opened() noexcept;
  void multiplexed_closed(MultiplexedConnection& connection) noexcept;
  void unlist(MultiplexedConnection& connection) noexcept;
  void multiplexed_idle(int more) noexcept;
  void multiplexed_has_room() noexcept;
  // Idle connections are not kept now.
  bool unwanted() const noexcept;

 private:
  friend class Connection;
  class Waiting;
  struct Connecting;

  void on_timer() override;  // the oldest idle connection has reached its age
  bool usable(Connection& connection) noexcept;
  void keep(Connection& connection) noexcept;
  Connection& pop_newest() noexcept;
  Connection& pop_oldest() noexcept;
  void unlink(Connection& connection) noexcept;
  // Says good-bye, closes. It is in no list any more.
  void close_idle(Connection& connection) noexcept;
  void destroy(Connection& connection) noexcept;

  bool expects_http2() const noexcept { return wants_http2(config_->protocol) && !fell_back_; }
  unsigned connections_wanted() const noexcept;
  Lease lease_stream(MultiplexedConnection& connection) noexcept;
  MultiplexedConnection* with_room() const noexcept;
  io::Task<Error> settle(Connecting& connecting, std::unique_ptr<io::Stream> stream, TimePoint deadline);
  void connect_for_waiting();
  void ask_for_permit();
  io::Task<void> connect_one();
  void failed_to_connect(const Error& error);
  void add_waiting(Waiting& waiting) noexcept;
  void remove_waiting(Waiting& waiting) noexcept;

  // At most so many connects run at once; the others that wait begin when one ends.
  static constexpr unsigned kMostConnecting = 128;
  // Where other workers wait for a permit, every so-manieth connection that comes back goes to them.
  static constexpr unsigned kTurnsAtHome = 16;

  io::Loop& loop_;
  const std::shared_ptr<const ClusterConfig>& config_;
  SharedEndpoint& endpoint_;
  EndpointCounts& counts_;
  tls::SessionCache* const sessions_;  // null without TLS
  EndpointMeter& meter_;
  Connection* newest_ = nullptr;
  Connection* oldest_ = nullptr;
  Waiting* waiting_head_ = nullptr;
  Waiting* waiting_tail_ = nullptr;
  Connecting* connects_ = nullptr;
  MultiplexedConnection* multiplexed_first_ = nullptr;  // the oldest first
  MultiplexedConnection* multiplexed_last_ = nullptr;
  unsigned worker_;
  unsigned idle_count_ = 0;
  unsigned leased_ = 0;
  unsigned connecting_ = 0;
  unsigned waiting_count_ = 0;
  unsigned permits_asked_ = 0;  // entries of ours in the queue of the bound
  unsigned turns_at_home_ = 0;
  unsigned multiplexed_count_ = 0;
  unsigned streams_each_ = 100;  // that the last HTTP/2 connection allowed
  bool closed_ = false;
  bool fell_back_ = false;  // the peer chose HTTP/1.1 where HTTP/2 was offered
  bool starting_ = false;   // in connect_for_waiting(): a connect that fails at once must not call it again
};

}  // namespace turnpike::upstream
