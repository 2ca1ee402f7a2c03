// Picks one of the endpoints that may get traffic. One worker's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "upstream/cluster.h"
#include "upstream/endpoint.h"
#include "upstream/endpoint_set.h"

namespace turnpike::upstream {

class Balancer {
 public:
  // The endpoints with `chosen` set are the candidates, with their `weight` (> 0). `set` gives the maglev
  // table, whose entries index `members`; both must live until the next call. Takes O(n).
  void rebuild(Balancing kind, std::span<Endpoint* const> members, const EndpointSet& set, Random& random);

  bool empty() const noexcept { return candidates_.empty(); }
  std::size_t size() const noexcept { return candidates_.size(); }
  // Never null unless empty(). Avoids pick.tried while others are left. No allocation.
  Endpoint* pick(const Pick& pick, Random& random) noexcept;

 private:
  Endpoint* draw(std::uint64_t hash, unsigned attempt, Random& random) noexcept;
  std::size_t by_weight(Random& random) const noexcept;
  Endpoint* next_in_turn() noexcept;
  Endpoint* less_loaded(Random& random) noexcept;
  Endpoint* by_hash(std::uint64_t hash, unsigned attempt, Random& random) noexcept;
  void build_alias();
  void build_turns(Random& random);

  Balancing kind_ = Balancing::least_request;
  bool equal_ = true;  // all weights are the same: no tables are needed
  std::vector<Endpoint*> candidates_;
  std::span<Endpoint* const> members_;
  std::span<const std::uint16_t> maglev_;

  // Walker's alias method: a weighted draw in O(1).
  struct Alias {
    float keep;
    std::uint32_t other;
  };
  std::vector<Alias> alias_;
  // Smooth weighted round robin: who is due next, a heap by time (earliest deadline first).
  struct Turn {
    double due;
    std::uint32_t index;
  };
  std::vector<Turn> turns_;
  std::uint32_t next_ = 0;  // round robin with equal weights
};

}  // namespace turnpike::upstream
