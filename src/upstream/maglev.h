// The look-up table of consistent hashing (Eisenbud et al., "Maglev", NSDI 2016, §3.4), with weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace turnpike::upstream {

struct MaglevEntry {
  std::uint64_t hash = 0;  // of the endpoint's name: decides where it stands, in every process alike
  std::uint32_t weight = 1;
};

// How many slots a cluster of `endpoints` gets: 4099 for few, 65537 as a rule, 655373 for very many. `now` is
// what it has had: a table grows late and never shrinks, since another size moves almost every key.
std::size_t maglev_size(std::size_t endpoints, std::size_t now) noexcept;

// `slots` (a prime) indices into `entries`; an entry with weight 0 gets none. Empty if there is no weight at
// all. Each gets its share of slots, off by one at most; adding or removing one of n moves about 1/n of the
// slots.
std::vector<std::uint16_t> build_maglev(std::span<const MaglevEntry> entries, std::size_t slots);

}  // namespace turnpike::upstream
