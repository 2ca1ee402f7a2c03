#include "upstream/name_watch.h"

#include <algorithm>
#include <utility>

#include "upstream/registry.h"

namespace turnpike::upstream {
namespace {
constexpr unsigned kBelieveNotFound = 3;
constexpr Duration kLongestPause = std::chrono::seconds(30);

bool before(const DnsRecord& a, const DnsRecord& b) {
  const std::string x = a.address.text();
  const std::string y = b.address.text();
  return std::tie(x, a.weight) < std::tie(y, b.weight);
}
}  // namespace

NameWatch::NameWatch(Registry& registry, NameKey key) : registry_(registry), key_(std::move(key)) {
  if (registry_.resolver() == nullptr) {
    answered_ = true;
    return;
  }
  ask();
}

NameWatch::~NameWatch() {
  if (query_ == 0) return;
  --registry_.names().queries_running;
  registry_.resolver()->cancel(query_);
}

void NameWatch::ask() {
  unsigned& running = registry_.names().queries_running;
  if (running >= NameTable::kMostQueries) {
    registry_.loop().timers().arm(*this, registry_.loop().now() + io::TimerWheel::kTick);
    return;
  }
  ++running;
  ++queries_;
  query_ = registry_.resolver()->resolve(key_.name, key_.kind,
                                         [this](const DnsAnswer& answer) { on_answer(answer); });
}

void NameWatch::on_answer(const DnsAnswer& answer) {
  query_ = 0;
  --registry_.names().queries_running;
  const bool first = !std::exchange(answered_, true);
  Duration pause{};
  bool changed = first;
  if (answer.status == DnsAnswer::Status::ok && !answer.records.empty()) {
    if (first || failures_in_a_row_ > 0) {
      registry_.report({.kind = Event::Kind::dns_resolved, .name = key_.name});
    }
    failures_in_a_row_ = not_found_in_a_row_ = 0;
    changed |= take(answer);
    pause = std::clamp(answer.ttl, key_.shortest_ttl, std::max(key_.shortest_ttl, key_.longest_ttl));
    pause += Duration(
        static_cast<std::int64_t>(static_cast<double>(pause.count()) * 0.1 * registry_.random().unit()));
  } else {
    ++failures_;
    if (failures_in_a_row_ == 0) {
      registry_.report({.kind = Event::Kind::dns_failed, .name = key_.name, .detail = answer.detail});
    }
    pause = pause_after_failure();
    not_found_in_a_row_ = answer.status == DnsAnswer::Status::failed ? 0 : not_found_in_a_row_ + 1;
    if (not_found_in_a_row_ == kBelieveNotFound && !records_.empty()) {
      registry_.report({.kind = Event::Kind::dns_withdrawn, .name = key_.name, .detail = answer.detail});
      records_.clear();
      changed = true;
    }
  }
  registry_.loop().timers().arm(*this, registry_.loop().now() + pause);
  if (!changed) return;
  for (Listener* const listener : std::vector(listeners_)) listener->on_name_changed();
}

// Whether the records differ from what was there.
bool NameWatch::take(const DnsAnswer& answer) {
  std::vector<DnsRecord> records = answer.records;
  std::ranges::sort(records, before);
  const auto repeated = std::ranges::unique(records);
  records.erase(repeated.begin(), repeated.end());
  if (records.size() > kMostRecords) records.resize(kMostRecords);
  if (records == records_) return false;
  records_ = std::move(records);
  return true;
}

// Twice as long each time, somewhere in the upper half of it.
Duration NameWatch::pause_after_failure() noexcept {
  const Duration longest = std::min(std::max(key_.longest_ttl, key_.shortest_ttl), kLongestPause);
  const Duration base = std::max<Duration>(key_.shortest_ttl, std::chrono::milliseconds(100));
  const Duration pause = std::min(base * (1U << std::min(failures_in_a_row_, 10U)), longest);
  ++failures_in_a_row_;
  return pause / 2 + Duration(static_cast<std::int64_t>(static_cast<double>(pause.count()) / 2 *
                                                        registry_.random().unit()));
}

NameStatus NameWatch::status() const {
  return {.name = key_.name,
          .resolved = !records_.empty(),
          .failing = failures_in_a_row_ > 0,
          .addresses = records_.size(),
          .queries = queries_,
          .failures = failures_};
}

std::shared_ptr<NameWatch> NameTable::watch(const NameKey& key) {
  std::erase_if(watches_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<NameWatch>& known = watches_[key];
  std::shared_ptr<NameWatch> watch = known.lock();
  if (!watch) {
    watch = std::make_shared<NameWatch>(registry_, key);
    known = watch;
  }
  return watch;
}

}  // namespace turnpike::upstream
