// Upstreams while running. A Registry (control thread) keeps one SharedCluster per identity: endpoints,
// health, counts that all workers see. Each worker has a WorkerClusters with one Cluster per SharedCluster in
// use: pools, balancing state, retry budget. A new plan carries over what has the same identity.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "upstream/config.h"

namespace turnpike::mux {
class Stream;
}

namespace turnpike::upstream {

// One address that serves an upstream, as one worker sees it. Lives from choose() until some seconds after
// report(), the last Lease and the last open() of it are done: long enough to name it in the access log.
class Endpoint;

// How one attempt ended, for outlier detection, balancing and metrics.
struct Outcome {
  ErrorKind error = ErrorKind::none;  // connect_*, upstream_*: no response came
  std::uint16_t status = 0;           // else the response's status
  Duration latency{};                 // to the head of the response
};

// An open connection to an endpoint, owned by a Lease or idle in the pool.
class Connection;
// One stream of an HTTP/2 connection that others use too.
class StreamLease;

// The right to use one connection, or one stream of a shared one, for one exchange. Returns it to the pool or
// closes it when destroyed.
class Lease {
 public:
  Lease() noexcept = default;
  explicit Lease(Connection* connection) noexcept : connection_(connection) {}
  explicit Lease(StreamLease* stream) noexcept : stream_(stream) {}
  Lease(Lease&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        stream_(std::exchange(other.stream_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { close(); }

  explicit operator bool() const noexcept { return connection_ != nullptr || stream_ != nullptr; }
  // HTTP/1: heads and content; HTTP/2: content.
  io::Stream& stream() noexcept;
  // The same as a stream of HTTP/2; null for HTTP/1.
  mux::Stream* multiplexed() noexcept;
  // Puts another stream around the one there is; `around` gets it and answers what takes its place.
  void wrap(const std::function<std::unique_ptr<io::Stream>(std::unique_ptr<io::Stream>)>& around);
  // It had served a request before: a failure before the first byte may be the peer's idle timeout
  // (Retry::if_reused).
  bool reused() const noexcept;
  // The response ended in order and both sides keep the connection: back to the pool. A stream is over.
  void release() noexcept;
  // Closes the connection, or cuts off the stream.
  void close() noexcept;

 private:
  Connection* connection_ = nullptr;
  StreamLease* stream_ = nullptr;
};

// What is asked of the balancer.
struct Pick {
  std::uint64_t hash = 0;                    // for consistent_hash; drawn at random where there is no key
  std::span<const Endpoint* const> tried{};  // endpoints of earlier attempts: avoided while others are left
  std::string_view sticky{};                 // token of session persistence; empty: none
};

// Ends a Cluster::open() that waits: the client has gone away. Lives in the exchange, for one open() at a
// time.
class OpenCancel {
 public:
  OpenCancel() noexcept = default;
  OpenCancel(const OpenCancel&) = delete;
  OpenCancel& operator=(const OpenCancel&) = delete;
  // open() then answers `cancelled`, in the same turn of the loop; nothing happens where none waits.
  void cancel() noexcept {
    if (target_ != nullptr) target_->cancel();
  }

  class Target {
   public:
    virtual void cancel() noexcept = 0;

   protected:
    ~Target() = default;
  };

 private:
  friend class Pool;
  Target* target_ = nullptr;
};

class Cluster {
 public:
  virtual ~Cluster() = default;

  // Chooses an endpoint and counts an active request on it until report() is called with it (exactly once per
  // choice). Errors: no_endpoint, no_healthy_endpoint, upstream_dns. No allocation.
  virtual Result<Endpoint*> choose(const Pick& pick) noexcept = 0;
  // An idle connection, or a stream of one that has room, checked to be alive as far as known; empty if there
  // is none: then open().
  virtual Lease borrow(Endpoint& endpoint) noexcept = 0;
  // A new connection, with TLS done, or one that another exchange gives back meanwhile. Waits, when the bound
  // of connections is reached, for one to be free. Errors: connect_*, upstream_tls, upstream_overflow,
  // cancelled.
  virtual io::Task<Result<Lease>> open(Endpoint& endpoint, TimePoint deadline) = 0;
  // The same, with a way to give up early.
  virtual io::Task<Result<Lease>> open(Endpoint& endpoint, TimePoint deadline, OpenCancel&) {
    return open(endpoint, deadline);
  }
  // Where config().proxy_protocol asks for it: tells the endpoint who `client` is and which of our addresses
  // it connected to, then does the TLS handshake. To be awaited once for a connection, before all else.
  // Errors: upstream_reset, upstream_tls, connect_timeout (all Retry::safe), cancelled (by the stream's
  // cancel()).
  virtual io::Task<Result<void>> introduce(Lease& lease, const io::Address& client,
                                           const io::Address& listener, TimePoint deadline) = 0;
  virtual void report(Endpoint& endpoint, const Outcome& outcome) noexcept = 0;

  // Called once per request (first attempt), and before each retry: false when the budget is spent.
  virtual void count_request() noexcept = 0;
  virtual bool may_retry() noexcept = 0;

  // Stable, opaque name of an endpoint for session persistence (16 hexadecimal digits).
  virtual std::string_view token(const Endpoint& endpoint) const noexcept = 0;
  // The one of the newest plan; the reference is good until the caller suspends.
  virtual const ClusterConfig& config() const noexcept = 0;
};

// For logs and metrics: "10.0.0.1:9001".
std::string_view name_of(const Endpoint& endpoint) noexcept;
// Where it is, as long as it may be named.
const io::Address& address_of(const Endpoint& endpoint) noexcept;

}  // namespace turnpike::upstream
