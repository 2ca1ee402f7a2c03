// What all threads know of one address: its health and its connections.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/address.h"
#include "observe/metrics.h"
#include "upstream/counts.h"
#include "upstream/mailboxes.h"

namespace turnpike::upstream {

class SharedCluster;
class SharedEndpoint;

// The bound of connections to an endpoint over all workers. A permit is taken for each connection before it
// is opened and given back when it is closed. Where none is free, workers queue up, and a permit that comes
// back is handed to the one that has waited longest; nobody overtakes.
class ConnectionBound {
 public:
  // A permit, if one is free and nobody waits for it.
  bool try_acquire() noexcept { return !wanted() && take(); }
  // Queues one request of `worker` for a permit; it is delivered by WorkerClusters::on_permit. True if nobody
  // waited before: others may have idle connections then.
  bool wait_for_permit(SharedEndpoint& endpoint, unsigned worker);
  // Leaves the queue with all requests of `worker` that still stand in it; how many they were.
  unsigned withdraw(unsigned worker);
  // Gives a permit back.
  void release(SharedEndpoint& endpoint) noexcept;
  // A changed bound; where it grew, those who wait get their permits.
  void set_most(SharedEndpoint& endpoint, unsigned most) noexcept;

  // Somebody waits for a permit: no connection may become idle. `own`: beside so many waiting entries.
  bool wanted(unsigned own = 0) const noexcept { return waiting_.load(std::memory_order_relaxed) > own; }
  unsigned open() const noexcept { return open_.load(std::memory_order_relaxed); }

 private:
  bool take() noexcept;
  void hand_over(SharedEndpoint& endpoint) noexcept;

  std::atomic<unsigned> most_{1024};
  std::atomic<unsigned> open_{0};
  std::atomic<unsigned> waiting_{0};  // size of the queue
  std::mutex mutex_;                  // of the queue: only where the bound has been reached
  std::deque<unsigned> queue_;
};

// Why an endpoint gets no traffic; a set of bits.
enum HealthBit : std::uint8_t {
  kUnhealthy = 1,  // the active check says so
  kEjected = 2,    // outlier detection says so
};

class SharedEndpoint : public std::enable_shared_from_this<SharedEndpoint> {
 public:
  SharedEndpoint(SharedCluster& cluster, const io::Address& address, std::shared_ptr<Mailboxes> mailboxes);
  SharedEndpoint(const SharedEndpoint&) = delete;
  SharedEndpoint& operator=(const SharedEndpoint&) = delete;

  const io::Address& address() const noexcept { return address_; }
  const std::string& name() const noexcept { return name_; }
  // The hash behind token(); the same in every process that knows the cluster by the same name.
  std::uint64_t token_hash() const noexcept { return token_hash_; }
  std::string_view token() const noexcept { return {token_.data(), token_.size()}; }
  // Position of the cluster in the workers' tables, for messages.
  std::uint32_t slot() const noexcept { return slot_; }
  Mailboxes& mailboxes() const noexcept { return *mailboxes_; }

  std::uint8_t health() const noexcept { return health_.load(std::memory_order_relaxed); }
  // Sets or clears a bit; true if that changed it. The caller bumps the cluster's health version.
  bool set_health(HealthBit bit, bool on) noexcept;

  // When its share of traffic began to grow (slow start); TimePoint{}: long ago.
  TimePoint started() const noexcept { return TimePoint(Duration(started_.load(std::memory_order_relaxed))); }
  void start_slowly(TimePoint now) noexcept {
    started_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }

  EndpointCounts& counts(unsigned worker) noexcept { return counts_[worker]; }
  EndpointTotals totals() const noexcept;

  // Its metrics; set before any worker hears of it.
  observe::Lease metrics;
  observe::Series series;
  ConnectionBound bound;
  // For outlier detection (outlier.h).
  std::atomic<unsigned> gateway_errors_in_a_row{0};
  std::atomic<unsigned> server_errors_in_a_row{0};
  std::atomic<std::uint64_t> ejections{0};
  // Requests under way over all workers. On its own line: it is what changes with every request.
  alignas(64) std::atomic<unsigned> active{0};

 private:
  const io::Address address_;
  const std::string name_;
  std::uint64_t token_hash_;
  std::array<char, 16> token_;
  const std::uint32_t slot_;
  std::shared_ptr<Mailboxes> mailboxes_;
  std::unique_ptr<EndpointCounts[]> counts_;  // one per worker
  std::atomic<std::uint8_t> health_{0};
  std::atomic<std::int64_t> started_{0};
};

}  // namespace turnpike::upstream
