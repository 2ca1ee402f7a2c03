#include "upstream/balancer.h"

#include <algorithm>

#include "base/hash.h"

namespace turnpike::upstream {
namespace {

// Draws before all candidates are looked at one by one.
constexpr unsigned kDraws = 8;

bool contains(std::span<const Endpoint* const> tried, const Endpoint* endpoint) noexcept {
  return std::ranges::find(tried, endpoint) != tried.end();
}

}  // namespace

void Balancer::rebuild(Balancing kind, std::span<Endpoint* const> members, const EndpointSet& set,
                       Random& random) {
  kind_ = kind;
  members_ = members;
  maglev_ = set.maglev;
  candidates_.clear();
  candidates_.reserve(members.size());
  for (Endpoint* const endpoint : members) {
    if (endpoint->chosen) candidates_.push_back(endpoint);
  }
  equal_ = std::ranges::all_of(candidates_,
                               [&](const Endpoint* e) { return e->weight == candidates_[0]->weight; });
  alias_.clear();
  turns_.clear();
  if (candidates_.empty()) return;
  next_ = static_cast<std::uint32_t>(random.below(candidates_.size()));  // workers must not march in step
  if (equal_) return;
  if (kind == Balancing::round_robin) {
    build_turns(random);
  } else if (kind != Balancing::consistent_hash) {
    build_alias();
  }
}

void Balancer::build_alias() {
  const std::size_t n = candidates_.size();
  double total = 0;
  for (const Endpoint* e : candidates_) total += static_cast<double>(e->weight);
  // Each column holds 1/n of the probability: its own endpoint's, filled up with that of one other.
  std::vector<double> left(n);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  alias_.resize(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    left[i] = static_cast<double>(candidates_[i]->weight) * static_cast<double>(n) / total;
    (left[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t less = small.back();
    const std::uint32_t more = large.back();
    small.pop_back();
    alias_[less] = {static_cast<float>(left[less]), more};
    left[more] -= 1 - left[less];
    if (left[more] < 1) {
      large.pop_back();
      small.push_back(more);
    }
  }
  for (const std::uint32_t i : small) alias_[i] = {1.0F, i};  // rounding leaves one or the other
  for (const std::uint32_t i : large) alias_[i] = {1.0F, i};
}

void Balancer::build_turns(Random& random) {
  turns_.reserve(candidates_.size());
  for (std::uint32_t i = 0; i < candidates_.size(); ++i) {
    turns_.push_back({random.unit() / static_cast<double>(candidates_[i]->weight), i});
  }
  std::ranges::make_heap(turns_, std::greater{}, &Turn::due);
}

Endpoint* Balancer::pick(const Pick& pick, Random& random) noexcept {
  if (candidates_.size() == 1) return candidates_[0];
  Endpoint* endpoint = draw(pick.hash, 0, random);
  if (pick.tried.empty() || !contains(pick.tried, endpoint)) return endpoint;
  for (unsigned attempt = 1; attempt < kDraws; ++attempt) {
    endpoint = draw(pick.hash, attempt, random);
    if (!contains(pick.tried, endpoint)) return endpoint;
  }
  const std::size_t from = random.below(candidates_.size());
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    Endpoint* const other = candidates_[(from + i) % candidates_.size()];
    if (!contains(pick.tried, other)) return other;
  }
  return endpoint;  // all have been tried
}

Endpoint* Balancer::draw(std::uint64_t hash, unsigned attempt, Random& random) noexcept {
  switch (kind_) {
    case Balancing::round_robin:
      return next_in_turn();
    case Balancing::random:
      return candidates_[by_weight(random)];
    case Balancing::consistent_hash:
      return by_hash(hash, attempt, random);
    case Balancing::least_request:
      break;
  }
  return less_loaded(random);
}

std::size_t Balancer::by_weight(Random& random) const noexcept {
  const std::size_t i = random.below(candidates_.size());
  if (equal_) return i;
  return static_cast<float>(random.unit()) < alias_[i].keep ? i : alias_[i].other;
}

Endpoint* Balancer::next_in_turn() noexcept {
  if (equal_) {
    if (++next_ >= candidates_.size()) next_ = 0;
    return candidates_[next_];
  }
  // The root is due; it is due again after 1/weight. Let it sink to its new place.
  const std::uint32_t index = turns_[0].index;
  const Turn moved{turns_[0].due + 1 / static_cast<double>(candidates_[index]->weight), index};
  std::size_t at = 0;
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= turns_.size()) break;
    if (child + 1 < turns_.size() && turns_[child + 1].due < turns_[child].due) ++child;
    if (turns_[child].due >= moved.due) break;
    turns_[at] = turns_[child];
    at = child;
  }
  turns_[at] = moved;
  return candidates_[index];
}

// The power of two choices: almost as good as knowing the least loaded of all, and no herd follows it.
Endpoint* Balancer::less_loaded(Random& random) noexcept {
  const std::size_t i = by_weight(random);
  std::size_t j = by_weight(random);
  if (j == i) {
    // Another one, by weight if luck has it.
    j = by_weight(random);
    if (j == i) j = i + 1 < candidates_.size() ? i + 1 : 0;
  }
  Endpoint* const a = candidates_[i];
  Endpoint* const b = candidates_[j];
  const auto load = [](const Endpoint* e) {
    return static_cast<float>(e->shared.active.load(std::memory_order_relaxed));
  };
  // The first draw stands unless the other one would, with this request, still have no more than it for its
  // weight. With equal weights that is "fewer requests"; with others a quiet cluster still follows the
  // weights.
  return (load(b) + 1) * a->weight <= load(a) * b->weight ? b : a;
}

// A slot whose endpoint gets no traffic now is passed on by hashing again: its share is spread over all the
// others, and the keys of the others stay where they are.
Endpoint* Balancer::by_hash(std::uint64_t hash, unsigned attempt, Random& random) noexcept {
  if (maglev_.empty()) return candidates_[random.below(candidates_.size())];
  const std::uint64_t first = attempt * kDraws;
  std::size_t slot = 0;
  for (std::uint64_t i = first; i < first + kDraws; ++i) {
    const auto mixed = static_cast<unsigned __int128>(mix_hash(hash, i));
    slot = static_cast<std::size_t>((mixed * maglev_.size()) >> 64);
    Endpoint* const endpoint = members_[maglev_[slot]];
    if (endpoint->chosen) return endpoint;
  }
  for (std::size_t i = 0; i < maglev_.size(); ++i) {
    if (++slot >= maglev_.size()) slot = 0;
    Endpoint* const endpoint = members_[maglev_[slot]];
    if (endpoint->chosen) return endpoint;
  }
  return candidates_[0];
}

}  // namespace turnpike::upstream
