#include "upstream/shared_endpoint.h"

#include "base/hash.h"
#include "upstream/shared_cluster.h"
#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

bool ConnectionBound::take() noexcept {
  unsigned open = open_.load(std::memory_order_seq_cst);
  while (open < most_.load(std::memory_order_relaxed)) {
    if (open_.compare_exchange_weak(open, open + 1, std::memory_order_seq_cst)) return true;
  }
  return false;
}

bool ConnectionBound::wait_for_permit(SharedEndpoint& endpoint, unsigned worker) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back(worker);
    first = waiting_.fetch_add(1, std::memory_order_seq_cst) == 0;
  }
  // A permit may have come back before we stood in the queue. release() counts down first and looks for who
  // waits then; we do it the other way round,so that one of the two sees the other.
  hand_over(endpoint);
  return first;
}

unsigned ConnectionBound::withdraw(unsigned worker) {
  const std::scoped_lock lock(mutex_);
  const auto left = static_cast<unsigned>(std::erase(queue_, worker));
  waiting_.fetch_sub(left, std::memory_order_seq_cst);
  return left;
}

void ConnectionBound::release(SharedEndpoint& endpoint) noexcept {
  open_.fetch_sub(1, std::memory_order_seq_cst);
  hand_over(endpoint);
}

void ConnectionBound::set_most(SharedEndpoint& endpoint, unsigned most) noexcept {
  if (most_.exchange(most, std::memory_order_relaxed) < most) hand_over(endpoint);
}

void ConnectionBound::hand_over(SharedEndpoint& endpoint) noexcept {
  while (waiting_.load(std::memory_order_seq_cst) > 0 && take()) {
    bool sent = false;
    const std::unique_lock lock(mutex_);
    if (!queue_.empty()) {
      const unsigned worker = queue_.front();
      queue_.pop_front();
      waiting_.fetch_sub(1, std::memory_order_seq_cst);
      sent = endpoint.mailboxes().post(
          worker,
          [shared = endpoint.shared_from_this()](WorkerClusters& clusters) { clusters.on_permit(*shared); });
    }
    if (!sent) open_.fetch_sub(1, std::memory_order_seq_cst);
  }
}

SharedEndpoint::SharedEndpoint(SharedCluster& cluster, const io::Address& address,
                               std::shared_ptr<Mailboxes> mailboxes)
    : address_(address),
      name_(address.text()),
      token_hash_(hash_bytes(name_, hash_bytes(cluster.name()))),
      slot_(cluster.slot()),
      mailboxes_(std::move(mailboxes)),
      counts_(std::make_unique<EndpointCounts[]>(mailboxes_->workers())) {
  for (unsigned i = 0; i < token_.size(); ++i)
    token_[i] = "0123456789abcdef"[(token_hash_ >> (60 - 4 * i)) & 15];
}

bool SharedEndpoint::set_health(HealthBit bit, bool on) noexcept {
  const std::uint8_t before =
      on ? health_.fetch_or(bit, std::memory_order_relaxed)
         : health_.fetch_and(static_cast<std::uint8_t>(~bit), std::memory_order_relaxed);
  return ((before & bit) != 0) != on;
}

EndpointTotals SharedEndpoint::totals() const noexcept {
  EndpointTotals totals;
  for (unsigned i = 0; i < mailboxes_->workers(); ++i) totals.add(counts_[i]);
  return totals;
}

}  // namespace turnpike::upstream
