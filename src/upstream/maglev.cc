#include "upstream/maglev.h"

#include <algorithm>

#include "base/hash.h"

namespace turnpike::upstream {

std::size_t maglev_size(std::size_t endpoints, std::size_t now) noexcept {
  constexpr std::size_t kSizes[] = {4099, 65537, 655373};
  for (const std::size_t size : kSizes) {
    if (size < now) continue;
    // A new table has at least 100 slots for each; one that is in use goes on down to 20.
    if (endpoints * (size == now ? 20 : 100) <= size) return size;
  }
  return kSizes[2];
}

std::vector<std::uint16_t> build_maglev(std::span<const MaglevEntry> entries, std::size_t slots) {
  struct Walk {
    std::uint64_t at;    // its next preferred slot
    std::uint64_t step;  // slots is prime: any step visits them all
    double owed;         // turns that its weight gives it, less those it had
    double share;        // turns per round, of (0, 1]
    std::uint16_t index;
  };
  std::uint32_t heaviest = 0;
  for (const MaglevEntry& entry : entries) heaviest = std::max(heaviest, entry.weight);
  if (heaviest == 0) return {};

  std::vector<Walk> walks;
  walks.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].weight == 0) continue;
    walks.push_back({mix_hash(entries[i].hash, 0x5bd1e995) % slots,
                     mix_hash(entries[i].hash, 0xc2b2ae35) % (slots - 1) + 1, 0,
                     static_cast<double>(entries[i].weight) / heaviest, static_cast<std::uint16_t>(i)});
  }
  // Turns are taken in an order that does not depend on how the endpoints are listed.
  std::ranges::sort(
      walks, [&](const Walk& a, const Walk& b) { return entries[a.index].hash < entries[b.index].hash; });

  std::vector<std::uint16_t> table(slots);
  std::vector<bool> taken(slots);
  for (std::size_t filled = 0; filled < slots;) {
    for (Walk& walk : walks) {
      walk.owed += walk.share;
      if (walk.owed < 1) continue;
      walk.owed -= 1;
      while (taken[walk.at]) walk.at = (walk.at + walk.step) % slots;
      taken[walk.at] = true;
      table[walk.at] = walk.index;
      if (++filled == slots) break;
    }
  }
  return table;
}

}  // namespace turnpike::upstream
