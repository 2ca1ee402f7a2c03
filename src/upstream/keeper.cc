#include "upstream/keeper.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "upstream/maglev.h"
#include "upstream/outlier.h"
#include "upstream/registry.h"

namespace turnpike::upstream {
namespace {

// The address of an endpoint that needs no DNS.
std::optional<io::Address> literal(const EndpointConfig& endpoint) {
  if (endpoint.address.starts_with("unix:")) return io::Address::from_unix(endpoint.address);
  return io::Address::from_ip(endpoint.address, endpoint.port);
}

}  // namespace

// Waits for the end of an endpoint's ejection, and remembers it for the next one.
class Keeper::Ejection final : public io::Timer {
 public:
  Ejection(Keeper& keeper, std::shared_ptr<SharedEndpoint> endpoint)
      : keeper_(keeper), endpoint_(std::move(endpoint)) {}

  // It has just been ejected. The longer the more often in a row: again within twice the time that the last
  // one took.
  Duration begin() {
    const TimePoint now = keeper_.registry_.loop().now();
    in_a_row_ = last_ > Duration::zero() && now - returned_at_ <= 2 * last_ ? in_a_row_ + 1 : 1;
    last_ = ejection_time(keeper_.config_->outliers, in_a_row_);
    // Endpoints that failed together must not come back together.
    const auto jitter = static_cast<std::int64_t>(static_cast<double>(last_.count()) * 0.1 *
                                                  (2 * keeper_.registry_.random().unit() - 1));
    keeper_.registry_.loop().timers().arm(*this, now + last_ + Duration(jitter));
    return last_;
  }

 private:
  void on_timer() override {
    returned_at_ = keeper_.registry_.loop().now();
    endpoint_->gateway_errors_in_a_row.store(0, std::memory_order_relaxed);
    endpoint_->server_errors_in_a_row.store(0, std::memory_order_relaxed);
    endpoint_->start_slowly(returned_at_);
    if (!keeper_.shared_->end_ejection(*endpoint_)) return;
    keeper_.registry_.report({.kind = Event::Kind::endpoint_returned,
                              .upstream = keeper_.shared_->name(),
                              .endpoint = endpoint_->name()});
  }

  Keeper& keeper_;
  const std::shared_ptr<SharedEndpoint> endpoint_;
  TimePoint returned_at_{};
  Duration last_{};
  unsigned in_a_row_ = 0;
};

struct Keeper::Wanted {
  io::Address address;
  std::uint32_t weight = 1;
  bool ready = true;
  std::string zone;
};

Keeper::Keeper(Registry& registry, std::shared_ptr<SharedCluster> shared)
    : registry_(registry), shared_(std::move(shared)), set_(shared_->endpoints()) {
  if (registry_.meters() == nullptr) return;
  metrics_ = registry_.meters()->lease();
  series_ = metrics_.series(registry_.meters()->cluster_group(), {shared_->name()});
}

Keeper::~Keeper() {
  for (const auto& name : names_) name->remove(*this);
}

bool Keeper::set_config(std::shared_ptr<const ClusterConfig> config) {
  const bool same_bound = config_ && config_->pool.most_connections == config->pool.most_connections;
  const bool same_checks = config_ && config_->health == config->health && config_->tls == config->tls;
  config_ = std::move(config);
  watch_names();
  const bool changed = rebuild();
  check_health(!same_checks);
  if (!same_bound) {
    for (const EndpointSet::Member& member : set_->members) {
      member.endpoint->bound.set_most(*member.endpoint, config_->pool.most_connections);
    }
  }
  return changed;
}

NameKey Keeper::key_for(const std::string& name, DnsKind kind) const {
  return {name, kind, config_->dns.shortest_ttl, config_->dns.longest_ttl};
}

const NameWatch* Keeper::watch_of(const NameKey& key) const {
  const auto found = std::ranges::find(names_, key, [](const auto& watch) { return watch->key(); });
  return found == names_.end() ? nullptr : found->get();
}

// Watches the names of the configuration, and no others any more.
void Keeper::watch_names() {
  std::vector<std::shared_ptr<NameWatch>> names;
  const auto add = [&](const NameKey& key) {
    auto watch = registry_.names().watch(key);
    if (std::ranges::find(names, watch) == names.end()) names.push_back(std::move(watch));
  };
  for (const EndpointConfig& endpoint : config_->endpoints) {
    if (!literal(endpoint)) add(key_for(endpoint.address, DnsKind::address));
  }
  if (const DnsConfig& dns = config_->dns; !dns.name.empty()) {
    add(key_for(dns.name, dns.srv ? DnsKind::srv : DnsKind::address));
  }
  for (const auto& name : names_) name->remove(*this);
  for (const auto& name : names) name->add(*this);
  names_ = std::move(names);  // what nobody watches now ends here
}

std::vector<Keeper::Wanted> Keeper::wanted(bool& dns_failed) const {
  std::vector<Wanted> all;
  const auto add = [&](const NameKey& key, const EndpointConfig& as) {
    const NameWatch* const watch = watch_of(key);
    if (watch == nullptr || watch->records().empty()) {
      dns_failed = true;
      return;
    }
    for (const DnsRecord& record : watch->records()) {
      Wanted& want = all.emplace_back(record.address, as.weight, as.ready, as.zone);
      if (key.kind == DnsKind::srv) {
        want.weight = record.weight;
      } else {
        want.address.set_port(as.port);
      }
    }
  };
  for (const EndpointConfig& endpoint : config_->endpoints) {
    if (const auto address = literal(endpoint)) {
      all.emplace_back(*address, endpoint.weight, endpoint.ready, endpoint.zone);
    } else {
      add(key_for(endpoint.address, DnsKind::address), endpoint);
    }
  }
  if (const DnsConfig& dns = config_->dns; !dns.name.empty()) {
    add(key_for(dns.name, dns.srv ? DnsKind::srv : DnsKind::address), {"", dns.port, 1, true, ""});
  }
  return all;
}

void Keeper::on_name_changed() {
  if (!rebuild()) return;
  check_health(false);
  registry_.publish(shared_);
}

bool Keeper::settled() const {
  return std::ranges::all_of(names_, [](const auto& name) { return name->answered(); });
}

// One check for each endpoint of the set.
void Keeper::check_health(bool restart) {
  const bool wanted = config_->health.kind != ActiveHealthCheck::Kind::none;
  if (restart) {
    for (auto& [endpoint, check] : checks_) check.check.reset();
  }
  for (const EndpointSet::Member& member : set_->members) {
    SharedEndpoint& endpoint = *member.endpoint;
    if (!wanted) {
      if (endpoint.set_health(kUnhealthy, false)) shared_->health_changed();
      continue;
    }
    Check& check = checks_[&endpoint];
    if (!check.check) check.check = std::make_unique<HealthCheck>(registry_, config_, member.endpoint, *this);
  }
}

void Keeper::on_health(SharedEndpoint& endpoint, bool healthy, std::string_view detail) {
  if (healthy) {
    endpoint.start_slowly(registry_.loop().now());
  } else {
    ++checks_[&endpoint].failed;
  }
  shared_->health_changed();
  registry_.report({.kind = healthy ? Event::Kind::endpoint_healthy : Event::Kind::endpoint_unhealthy,
                    .upstream = shared_->name(),
                    .endpoint = endpoint.name(),
                    .detail = detail});
}

std::shared_ptr<SharedEndpoint> Keeper::endpoint_for(const io::Address& address) {
  const auto found = by_name_.find(address.text());
  if (found != by_name_.end()) return found->second;
  auto endpoint = std::make_shared<SharedEndpoint>(*shared_, address, shared_->shared_mailboxes());
  endpoint->bound.set_most(*endpoint, config_->pool.most_connections);
  if (Meters* const meters = registry_.meters(); meters != nullptr) {
    endpoint->metrics = meters->lease();
    endpoint->series =
        endpoint->metrics.series(meters->endpoint().group, {shared_->name(), endpoint->name()});
  }
  // One that joins others is spared at first; those of the beginning are all alike.
  if (published_) endpoint->start_slowly(registry_.loop().now());
  return endpoint;
}

bool Keeper::rebuild() {
  auto set = std::make_shared<EndpointSet>();
  std::unordered_map<std::string, std::shared_ptr<SharedEndpoint>> by_name;
  std::unordered_map<const SharedEndpoint*, std::size_t> places;
  bool dns_failed = false;
  for (const Wanted& want : wanted(dns_failed)) {
    std::shared_ptr<SharedEndpoint> endpoint;
    if (const auto found = by_name.find(want.address.text()); found != by_name.end()) {
      // Named twice: its weights add up.
      EndpointSet::Member& member = set->members[places[found->second.get()]];
      const std::uint64_t sum = std::uint64_t{member.weight} + want.weight;
      member.weight = static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, UINT32_MAX));
      member.ready = member.ready || want.ready;
      continue;
    }
    if (set->members.size() == EndpointSet::kMost) break;
    endpoint = endpoint_for(want.address);
    by_name.emplace(endpoint->name(), endpoint);
    places.emplace(endpoint.get(), set->members.size());
    set->members.push_back({endpoint, want.weight, want.ready, want.zone});
  }
  set->dns_failed = dns_failed;
  if (published_ && set->members == set_->members && set->dns_failed == set_->dns_failed &&
      balancing_ == config_->balancing) {
    return false;
  }
  finish(*set);
  for (const auto& [name, endpoint] : by_name_) {
    if (!by_name.contains(name)) forget(*endpoint);
  }
  by_name_ = std::move(by_name);
  set_ = std::move(set);
  balancing_ = config_->balancing;
  published_ = true;
  shared_->publish(set_);
  end_ejections_in_excess();
  return true;
}

// A smaller set allows fewer.
void Keeper::end_ejections_in_excess() {
  const unsigned most = shared_->most_ejected(config_->outliers.most_ejected_percent);
  for (const EndpointSet::Member& member : set_->members) {
    if (shared_->ejected() <= most) return;
    if (!shared_->end_ejection(*member.endpoint)) continue;
    ejections_.erase(member.endpoint.get());
    registry_.report({.kind = Event::Kind::endpoint_returned,
                      .upstream = shared_->name(),
                      .endpoint = member.endpoint->name()});
  }
}

// Fills in what workers look things up by.
void Keeper::finish(EndpointSet& set) const {
  for (std::size_t i = 0; i < set.members.size(); ++i) {
    set.tokens.emplace_back(set.members[i].endpoint->token_hash(), static_cast<std::uint16_t>(i));
  }
  std::ranges::sort(set.tokens);
  if (config_->balancing != Balancing::consistent_hash) return;
  std::vector<MaglevEntry> entries;
  entries.reserve(set.members.size());
  for (const EndpointSet::Member& member : set.members) {
    entries.push_back({member.endpoint->token_hash(), member.eligible() ? member.weight : 0});
  }
  set.maglev = build_maglev(entries, maglev_size(entries.size(), set_->maglev.size()));
}

// The endpoint has left the set.
void Keeper::forget(SharedEndpoint& endpoint) {
  ejections_.erase(&endpoint);
  checks_.erase(&endpoint);
  shared_->end_ejection(endpoint);
}

void Keeper::on_ejected(const std::shared_ptr<SharedEndpoint>& endpoint) {
  if (!by_name_.contains(endpoint->name()) || by_name_[endpoint->name()] != endpoint) {
    shared_->end_ejection(*endpoint);  // it has left meanwhile
    return;
  }
  auto& ejection = ejections_[endpoint.get()];
  if (!ejection) ejection = std::make_unique<Ejection>(*this, endpoint);
  const Duration duration = ejection->begin();
  registry_.report({.kind = Event::Kind::endpoint_ejected,
                    .upstream = shared_->name(),
                    .endpoint = endpoint->name(),
                    .detail = "too many gateway errors in a row",
                    .duration = duration});
}

ClusterStatus Keeper::status() const {
  ClusterStatus status;
  status.name = shared_->name();
  status.origin = config_->origin;
  status.balancing = config_->balancing;
  status.tls = config_->tls != nullptr;
  status.totals = shared_->totals();
  status.endpoints.reserve(set_->members.size());
  for (const EndpointSet::Member& member : set_->members) {
    const SharedEndpoint& endpoint = *member.endpoint;
    EndpointStatus& out = status.endpoints.emplace_back();
    out.address = endpoint.name();
    out.zone = member.zone;
    out.token = endpoint.token();
    out.weight = member.weight;
    out.ready = member.ready;
    out.unhealthy = (endpoint.health() & kUnhealthy) != 0;
    out.ejected = (endpoint.health() & kEjected) != 0;
    out.open_connections = endpoint.bound.open();
    out.active_requests = endpoint.active.load(std::memory_order_relaxed);
    out.ejections = endpoint.ejections.load(std::memory_order_relaxed);
    out.totals = endpoint.totals();
    if (const auto check = checks_.find(member.endpoint.get()); check != checks_.end()) {
      out.checks_failed = check->second.failed;
    }
  }
  for (const auto& name : names_) status.names.push_back(name->status());
  return status;
}

void Keeper::show() const {
  Meters* const meters = registry_.meters();
  const ClusterStatus all = status();
  meters->show(series_, all);
  for (std::size_t i = 0; i < all.endpoints.size(); ++i) {
    meters->show(set_->members[i].endpoint->series, all.endpoints[i]);
  }
}

}  // namespace turnpike::upstream
