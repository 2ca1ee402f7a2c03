#include "upstream/worker_cluster.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "upstream/outlier.h"
#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

std::string_view name_of(const Endpoint& endpoint) noexcept { return endpoint.shared.name(); }
const io::Address& address_of(const Endpoint& endpoint) noexcept { return endpoint.shared.address(); }

WorkerCluster::WorkerCluster(WorkerClusters& owner, std::shared_ptr<SharedCluster> shared,
                             std::shared_ptr<const ClusterConfig> config)
    : owner_(owner),
      loop_(owner.loop()),
      random_(owner.random()),
      shared_(std::move(shared)),
      counts_(shared_->counts(owner.index())),
      config_(std::move(config)) {
  if (config_->tls) sessions_ = std::make_unique<tls::SessionCache>();
}

// --- choosing
// --------------------------------------------------------------------------------------------------------

Result<Endpoint*> WorkerCluster::choose(const Pick& pick) noexcept {
  if (stale_) load_endpoints();
  if (health_version_ != shared_->health_version() || loop_.now() >= weigh_at_) weigh();
  if (balancer_.empty()) {
    counts_.no_endpoint.add();
    return std::unexpected(nothing_to_choose());
  }
  if (panic_) counts_.panic.add();
  Endpoint* endpoint = pick.sticky.empty() ? nullptr : sticky(pick);
  if (endpoint == nullptr) endpoint = balancer_.pick(pick, random_);
  ++endpoint->active;
  endpoint->shared.active.fetch_add(1, std::memory_order_relaxed);
  endpoint->counts.attempts.add();
  return endpoint;
}

Error WorkerCluster::nothing_to_choose() const noexcept {
  const auto none = [](ErrorKind kind, std::string_view detail) {
    return upstream_error(kind, Retry::safe, detail);
  };
  if (set_->members.empty()) {
    if (set_->dns_failed) return none(ErrorKind::upstream_dns, "the upstream's name has no address");
    return none(ErrorKind::no_endpoint, "the upstream has no endpoint");
  }
  if (std::ranges::none_of(set_->members, &EndpointSet::Member::eligible)) {
    return none(ErrorKind::no_healthy_endpoint, "no endpoint of the upstream is ready");
  }
  return none(ErrorKind::no_healthy_endpoint, "no endpoint of the upstream is healthy");
}

Endpoint* WorkerCluster::sticky(const Pick& pick) const noexcept {
  std::uint64_t hash = 0;
  const char* const begin = pick.sticky.data();
  const char* const end = begin + pick.sticky.size();
  const auto [at, error] = std::from_chars(begin, end, hash, 16);
  if (pick.sticky.size() != 16 || error != std::errc{} || at != end) return nullptr;
  const auto found =
      std::ranges::lower_bound(set_->tokens, hash, {}, &std::pair<std::uint64_t, std::uint16_t>::first);
  if (found == set_->tokens.end() || found->first != hash) return nullptr;
  Endpoint* const endpoint = members_[found->second];
  if (!endpoint->chosen) return nullptr;
  return std::ranges::find(pick.tried, endpoint) == pick.tried.end() ? endpoint : nullptr;
}

void WorkerCluster::load_endpoints() {
  stale_ = false;
  used_ = true;
  set_ = shared_->endpoints();
  std::unordered_map<const SharedEndpoint*, Endpoint*> known;
  for (const auto& endpoint : endpoints_) {
    endpoint->member = false;
    known.emplace(&endpoint->shared, endpoint.get());
  }
  members_.clear();
  members_.reserve(set_->members.size());
  for (const EndpointSet::Member& member : set_->members) {
    const auto found = known.find(member.endpoint.get());
    Endpoint* endpoint = nullptr;
    if (found != known.end()) {
      endpoint = found->second;
    } else {
      endpoint =
          endpoints_
              .emplace_back(std::make_unique<Endpoint>(owner_, config_, member.endpoint, sessions_.get()))
              .get();
    }
    endpoint->member = true;
    endpoint->forgotten = false;
    endpoint->pool.reopen();
    members_.push_back(endpoint);
  }
  if (members_.size() < endpoints_.size()) {
    for (const auto& endpoint : endpoints_) {
      if (!endpoint->member) endpoint->pool.close(false);
    }
    owner_.sweep_later();
  }
  health_version_ = 0;
}

void WorkerCluster::weigh() {
  health_version_ = shared_->health_version();
  weigh_at_ = kNever;
  std::size_t eligible = 0;
  std::size_t healthy = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const EndpointSet::Member& member = set_->members[i];
    Endpoint& endpoint = *members_[i];
    endpoint.chosen = member.eligible() && endpoint.shared.health() == 0;
    eligible += member.eligible();
    healthy += endpoint.chosen;
    endpoint.weight = static_cast<float>(member.weight);
    if (endpoint.chosen && config_->slow_start > Duration::zero())
      endpoint.weight *= slow_start(endpoint.shared);
  }
  panic_ = healthy < eligible && healthy * 100 < eligible * config_->panic_percent;
  if (panic_) {
    for (std::size_t i = 0; i < members_.size(); ++i) members_[i]->chosen = set_->members[i].eligible();
  }
  balancer_.rebuild(config_->balancing, members_, *set_, random_);
}

// The share of its weight that an endpoint gets: a tenth at first, then in proportion to the time since its
// start.
float WorkerCluster::slow_start(const SharedEndpoint& endpoint) noexcept {
  const Duration since = loop_.now() - endpoint.started();
  const Duration full = config_->slow_start;
  if (endpoint.started() == TimePoint{} || since >= full) return 1;
  // In twenty steps, but not so often that weighing itself costs.
  weigh_at_ = std::min(weigh_at_, loop_.now() + std::max<Duration>(full / 20, std::chrono::milliseconds(50)));
  return std::max(0.1F, static_cast<float>(since.count()) / static_cast<float>(full.count()));
}

// --- afterwards
// ------------------------------------------------------------------------------------------------------

void WorkerCluster::report(Endpoint& endpoint, const Outcome& outcome) noexcept {
  --endpoint.active;
  endpoint.shared.active.fetch_sub(1, std::memory_order_relaxed);
  endpoint.meter.attempt(outcome);
  const Judgement judgement = judge(outcome);
  if (judgement == Judgement::gateway_error) endpoint.counts.failures.add();
  if (judgement != Judgement::neutral && endpoint.member) {
    note_outcome(*shared_, endpoint.shared, config_->outliers, judgement);
  }
}

void WorkerCluster::count_request() noexcept {
  counts_.requests.add();
  retries_.count_request(loop_.now());
}

bool WorkerCluster::may_retry() noexcept {
  const bool may = retries_.may_retry(config_->retry_budget, shared_->retry_reserve(), loop_.now());
  (may ? counts_.retries : counts_.retries_denied).add();
  return may;
}

// --- changes
// ---------------------------------------------------------------------------------------------------------

void WorkerCluster::set_config(std::shared_ptr<const ClusterConfig> config) {
  config_ = std::move(config);
  health_version_ = 0;
}

void WorkerCluster::endpoints_changed() {
  stale_ = true;
  // At once where there are connections to close.
  if (used_) load_endpoints();
}

void WorkerCluster::retire() {
  for (const auto& endpoint : endpoints_) endpoint->pool.close(true);
}

bool WorkerCluster::sweep() {
  const auto leftover = [](const std::unique_ptr<Endpoint>& endpoint) { return !endpoint->member; };
  std::erase_if(endpoints_, [&](const std::unique_ptr<Endpoint>& endpoint) {
    if (!leftover(endpoint)) return false;
    if (!endpoint->unused()) {
      endpoint->forgotten = false;
      return false;
    }
    return std::exchange(endpoint->forgotten, true);
  });
  return std::ranges::any_of(endpoints_, leftover);
}

bool WorkerCluster::unused() const noexcept {
  return std::ranges::all_of(endpoints_, [](const auto& endpoint) { return endpoint->unused(); });
}

Endpoint* WorkerCluster::find(const SharedEndpoint& shared) noexcept {
  const auto found = std::ranges::find(endpoints_, &shared, [](const auto& e) { return &e->shared; });
  return found == endpoints_.end() ? nullptr : found->get();
}

}  // namespace turnpike::upstream
