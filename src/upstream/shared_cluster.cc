#include "upstream/shared_cluster.h"

#include <algorithm>
#include <utility>

namespace turnpike::upstream {

std::uint32_t Slots::take() {
  const std::scoped_lock lock(mutex_);
  if (free_.empty()) return next_++;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void Slots::give_back(std::uint32_t slot) noexcept {
  const std::scoped_lock lock(mutex_);
  free_.push_back(slot);
}

SharedCluster::SharedCluster(std::string identity, std::string name, std::shared_ptr<Slots> slots,
                             std::shared_ptr<Mailboxes> mailboxes)
    : identity_(std::move(identity)),
      name_(std::move(name)),
      slots_(std::move(slots)),
      mailboxes_(std::move(mailboxes)),
      slot_(slots_->take()),
      counts_(std::make_unique<ClusterCounts[]>(mailboxes_->workers())),
      endpoints_(std::make_shared<const EndpointSet>()) {}

SharedCluster::~SharedCluster() { slots_->give_back(slot_); }

std::shared_ptr<const EndpointSet> SharedCluster::endpoints() const {
  const std::scoped_lock lock(mutex_);
  return endpoints_;
}

void SharedCluster::publish(std::shared_ptr<const EndpointSet> set) {
  const auto eligible = std::ranges::count_if(set->members, &EndpointSet::Member::eligible);
  size_.store(static_cast<unsigned>(eligible), std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  endpoints_ = std::move(set);
}

unsigned SharedCluster::most_ejected(unsigned most_percent) const noexcept {
  const unsigned size = size_.load(std::memory_order_relaxed);
  return size < 2 ? 0 : std::max(1U, size * std::min(most_percent, 100U) / 100);
}

bool SharedCluster::try_eject(SharedEndpoint& endpoint, unsigned most_percent) noexcept {
  const unsigned most = most_ejected(most_percent);
  unsigned now = ejected_.load(std::memory_order_relaxed);
  do {
    if (now >= most) return false;
  } while (!ejected_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  if (!endpoint.set_health(kEjected, true)) {
    ejected_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  health_changed();
  return true;
}

bool SharedCluster::end_ejection(SharedEndpoint& endpoint) noexcept {
  if (!endpoint.set_health(kEjected, false)) return false;
  ejected_.fetch_sub(1, std::memory_order_relaxed);
  health_changed();
  return true;
}

ClusterTotals SharedCluster::totals() const noexcept {
  ClusterTotals totals;
  for (unsigned i = 0; i < mailboxes_->workers(); ++i) totals.add(counts_[i]);
  return totals;
}

}  // namespace turnpike::upstream
