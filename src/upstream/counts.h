// Statistics that one worker writes and the control thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace turnpike::upstream {

// One number with a single writer: a relaxed load and a relaxed store, no locked instruction.
class Count {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) noexcept { add(~n + 1); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The members are listed once, so that sums and exports cannot forget one.
// Of one endpoint in one worker.
#define TURNPIKE_ENDPOINT_COUNTS(X)                                                  \
  X(attempts)        /* choices of this endpoint */                                  \
  X(failures)        /* ... that ended in a gateway error (outlier.h) */             \
  X(opened)          /* connections made */                                          \
  X(reused)          /* connections borrowed from the pool */                        \
  X(connect_refused) /* connects that failed, by kind */                             \
  X(connect_timeout)                                                                 \
  X(connect_failed)                                                                  \
  X(tls_failed)                                                                      \
  X(closed_by_peer)  /* idle connections that the peer closed */                     \
  X(unsolicited)     /* connections dropped for bytes that nobody had asked for */   \
  X(idle_timeouts)   /* idle connections closed for their age */                     \
  X(given_up)        /* idle connections closed because another worker needed one */ \
  X(overflow)        /* requests refused: too many waited already */                 \
  X(wait_timeouts)   /* requests whose deadline passed while they waited */          \
  X(goaways)         /* HTTP/2 connections that ended because the peer said so */    \
  X(refused_streams) /* requests that the peer refused unread: sent again */         \
  X(multiplexed)     /* gauge: HTTP/2 connections */                                 \
  X(streams)         /* gauge: requests on them */                                   \
  X(idle)            /* gauge: idle connections */                                   \
  X(pending)         /* gauge: requests that wait for a connection */
struct alignas(64) EndpointCounts {
#define X(name) Count name;
  TURNPIKE_ENDPOINT_COUNTS(X)
#undef X
};

// Of one cluster in one worker.
#define TURNPIKE_CLUSTER_COUNTS(X)               \
  X(requests)       /* count_request() */        \
  X(retries)        /* may_retry() said yes */   \
  X(retries_denied) /* may_retry() said no */    \
  X(no_endpoint)    /* choose() found nothing */ \
  X(panic)          /* choices made with the panic threshold in force */
struct alignas(64) ClusterCounts {
#define X(name) Count name;
  TURNPIKE_CLUSTER_COUNTS(X)
#undef X
};

// The same, summed over workers: what /clusters and the metrics show.
struct EndpointTotals {
#define X(name) std::uint64_t name = 0;
  TURNPIKE_ENDPOINT_COUNTS(X)
#undef X
  void add(const EndpointCounts& counts) noexcept {
#define X(name) name += counts.name.get();
    TURNPIKE_ENDPOINT_COUNTS(X)
#undef X
  }
};
struct ClusterTotals {
#define X(name) std::uint64_t name = 0;
  TURNPIKE_CLUSTER_COUNTS(X)
#undef X
  void add(const ClusterCounts& counts) noexcept {
#define X(name) name += counts.name.get();
    TURNPIKE_CLUSTER_COUNTS(X)
#undef X
  }
};

}  // namespace turnpike::upstream
