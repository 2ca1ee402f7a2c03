// What all threads know of one upstream: its endpoints of the moment, and numbers that workers share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "upstream/counts.h"
#include "upstream/endpoint_set.h"
#include "upstream/retry_budget.h"

namespace turnpike::upstream {

// Small numbers for the workers' tables. One is used again only when the cluster that had it is gone
// everywhere.
class Slots {
 public:
  std::uint32_t take();
  void give_back(std::uint32_t slot) noexcept;

 private:
  std::mutex mutex_;
  std::vector<std::uint32_t> free_;
  std::uint32_t next_ = 0;
};

// Made by the Registry, kept alive by it and by the workers that use it.
class SharedCluster : public std::enable_shared_from_this<SharedCluster> {
 public:
  SharedCluster(std::string identity, std::string name, std::shared_ptr<Slots> slots,
                std::shared_ptr<Mailboxes> mailboxes);
  ~SharedCluster();
  SharedCluster(const SharedCluster&) = delete;
  SharedCluster& operator=(const SharedCluster&) = delete;

  const std::string& identity() const noexcept { return identity_; }
  const std::string& name() const noexcept { return name_; }
  std::uint32_t slot() const noexcept { return slot_; }
  Mailboxes& mailboxes() const noexcept { return *mailboxes_; }
  const std::shared_ptr<Mailboxes>& shared_mailboxes() const noexcept { return mailboxes_; }

  // The newest set. Takes a lock: called when a cluster is adopted and when a message tells of a change.
  std::shared_ptr<const EndpointSet> endpoints() const;
  // Control thread: replaces the set. The caller tells the workers.
  void publish(std::shared_ptr<const EndpointSet> set);

  // Grows whenever the health of an endpoint changes: workers compare it and weigh the endpoints anew.
  std::uint32_t health_version() const noexcept { return health_version_.load(std::memory_order_acquire); }
  void health_changed() noexcept { health_version_.fetch_add(1, std::memory_order_release); }

  // Sets the ejected bit of the endpoint, unless too many are ejected already. Any thread.
  bool try_eject(SharedEndpoint& endpoint, unsigned most_percent) noexcept;
  // Takes it back; false if the endpoint was not ejected. Any thread.
  bool end_ejection(SharedEndpoint& endpoint) noexcept;
  // How many may be ejected at a time: at least one, but never the only one.
  unsigned most_ejected(unsigned most_percent) const noexcept;
  unsigned ejected() const noexcept { return ejected_.load(std::memory_order_relaxed); }

  RetryReserve& retry_reserve() noexcept { return retry_reserve_; }
  ClusterCounts& counts(unsigned worker) noexcept { return counts_[worker]; }
  ClusterTotals totals() const noexcept;

 private:
  const std::string identity_;
  const std::string name_;
  const std::shared_ptr<Slots> slots_;
  const std::shared_ptr<Mailboxes> mailboxes_;
  const std::uint32_t slot_;
  std::unique_ptr<ClusterCounts[]> counts_;  // one per worker
  std::atomic<std::uint32_t> health_version_{1};
  std::atomic<unsigned> ejected_{0};
  std::atomic<unsigned> size_{0};  // eligible endpoints
  RetryReserve retry_reserve_;
  mutable std::mutex mutex_;
  std::shared_ptr<const EndpointSet> endpoints_;
};

}  // namespace turnpike::upstream
