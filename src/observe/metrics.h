// Metrics that cost a worker one addition: plain cells per worker, summed and named only when somebody asks.
//
// Values that share their labels form a group ("everything per listener and route"). A series of a group is
// one block of neighbouring cells in each worker; its number is settled when a plan is compiled, so that a
// request does no look-up. The Registry knows names and labels, a worker knows cells.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace turnpike::observe {

// One value of a group, as an offset into its blocks. What Registry::counter and its kin return.
struct Counter {
  std::uint16_t offset = 0;
  std::uint16_t variants = 1;
  // The counter of one value of the variant label. Out of range counts as the last one.
  constexpr Counter of(unsigned variant) const noexcept {
    const unsigned last = variants - 1U;
    return {static_cast<std::uint16_t>(offset + (variant < last ? variant : last)), 1};
  }
};
struct Gauge {
  std::uint16_t offset = 0;
};
struct Histogram {
  std::uint16_t offset = 0;
};
struct Group {
  std::uint32_t index = 0;
};
// A series of some group: the number of its first cell. The default one is a sink that nobody reads.
struct Series {
  std::uint32_t cell = 0;
};

// Latencies: le = 62.5 µs, doubled 20 times (to 65.536 s), and +Inf.
inline constexpr unsigned kBuckets = 22;
constexpr unsigned bucket_of(Duration d) noexcept {
  const std::int64_t ns = d.count();
  if (ns <= 0) return 0;
  const unsigned bucket = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(ns - 1) / 62'500));
  return bucket < kBuckets - 1 ? bucket : kBuckets - 1;
}

using Cell = std::atomic<std::uint64_t>;

// The cells of one series in one worker. Written by that worker's thread only: a relaxed load and a relaxed
// store.
class Block {
 public:
  explicit Block(Cell* cells) noexcept : cells_(cells) {}
  void add(Counter c, std::uint64_t n = 1) noexcept { bump(cells_[c.offset], n); }
  void add(Gauge g, std::int64_t n) noexcept { bump(cells_[g.offset], static_cast<std::uint64_t>(n)); }
  // The worker's part of the gauge: what is exposed is the sum over workers.
  void set(Gauge g, std::int64_t value) noexcept {
    cells_[g.offset].store(static_cast<std::uint64_t>(value), std::memory_order_relaxed);
  }
  // Counters may be set too, by whoever reads them from elsewhere (the process's CPU time).
  void set(Counter c, std::uint64_t value) noexcept {
    cells_[c.offset].store(value, std::memory_order_relaxed);
  }
  void observe(Histogram h, Duration d) noexcept {
    bump(cells_[h.offset + bucket_of(d)], 1);
    bump(cells_[h.offset + kBuckets], d.count() > 0 ? static_cast<std::uint64_t>(d.count()) : 0);
  }
  // This worker's part, for tests and for decisions of the worker itself.
  std::uint64_t value(Counter c) const noexcept { return cells_[c.offset].load(std::memory_order_relaxed); }
  std::int64_t value(Gauge g) const noexcept {
    return static_cast<std::int64_t>(cells_[g.offset].load(std::memory_order_relaxed));
  }

 private:
  static void bump(Cell& cell, std::uint64_t n) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  Cell* cells_;
};

// All cells of one worker (or of the control thread). Owned by the Registry.
class Cells {
 public:
  Cells() = default;
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;
  static constexpr unsigned kChunkBits = 12;
  static constexpr std::uint32_t kChunkCells = 1U << kChunkBits;
  static constexpr std::uint32_t kMaxChunks = 512;  // 2 million cells, 16 MB

  Block block(Series series) noexcept {
    return Block(chunks_[series.cell >> kChunkBits] + (series.cell & (kChunkCells - 1)));
  }

 private:
  friend class Registry;
  std::array<Cell*, kMaxChunks> chunks_{};
  std::vector<std::unique_ptr<Cell[]>> memory_;
};

struct MetricSpec {
  std::string_view
      name;  // with "turnpike_" before it, unless it starts with "process_"; counters end in _total
  std::string_view help;
  // A further label with a fixed set of values, whose counters lie side by side (Counter::of).
  std::string_view variant_label = {};
  std::span<const std::string_view> variants = {};
  unsigned decimals = 0;  // the cells count in units of 10^-decimals
};

struct RegistryLimits {
  std::size_t series_per_group = 20'000;  // further ones share the series whose labels are all "other"
  Duration keep_retired = std::chrono::minutes(10);
};

// Keeps series alive. A Plan holds one for the series it hands out; when it dies, series that no other lease
// holds retire. May be destroyed on any thread, before its Registry.
class Lease;

// Names, labels and the text format. Belongs to the control side: its methods take a lock, and no worker
// calls them.
class Registry {
 public:
  enum class Format : std::uint8_t { prometheus, openmetrics };

  explicit Registry(unsigned workers, const RegistryLimits& limits = {});
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  // Definitions, at start-up: a group by its label names, then its values. Throws std::logic_error for a name
  // that is not valid or is taken, and for a group that has series already.
  Group group(std::initializer_list<std::string_view> labels);
  Counter counter(Group group, const MetricSpec& spec);
  Gauge gauge(Group group, const MetricSpec& spec);
  // Named …_seconds; cells count nanoseconds, whatever spec.decimals says.
  Histogram histogram(Group group, const MetricSpec& spec);

  Lease lease();
  // A series that never retires.
  Series permanent(Group group, std::initializer_list<std::string_view> values);

  Cells& worker(unsigned index) noexcept { return *cells_[index]; }
  // For what the control thread counts itself.
  Cells& control() noexcept { return *cells_.back(); }

  // Called at the beginning of each render(), to bring gauges up to date. Must not call render().
  void before_render(std::function<void()> collect);
  // The whole exposition, in a fixed order. A counter or histogram of a group with labels is left out as long
  // as nothing was counted in it.
  std::string render(Format format = Format::prometheus);
  static std::string_view content_type(Format format) noexcept;

  // Forgets series that no lease has held for RegistryLimits::keep_retired. Called now and then.
  void expire(TimePoint now);
  std::size_t series() const;  // alive and retired, of all groups

 private:
  friend class Lease;
  struct GroupState;
  struct Metric;
  struct Entry;

  enum class Type : std::uint8_t { counter, gauge, histogram };
  Entry* acquire(Group group, std::span<const std::string_view> values);
  Entry* find_or_add(GroupState& group, std::string_view labels);
  void hand_back(std::vector<Entry*> entries) noexcept;
  void settle_handed_back();
  std::uint32_t allocate(GroupState& group);
  Metric& define(Group group, const MetricSpec& spec, Type type, std::uint32_t cells);
  std::uint64_t sum(std::uint32_t cell) const noexcept;
  void render_metric(std::string& out, const GroupState& group, const Metric& metric, Format format) const;
  void render_entry(std::string& out, const Metric& metric, const Entry& entry, bool skip_zero) const;

  mutable std::mutex mutex_;
  const RegistryLimits limits_;
  std::vector<std::unique_ptr<Cells>> cells_;  // of each worker, then the control thread's
  std::vector<std::unique_ptr<GroupState>> groups_;
  std::vector<std::unique_ptr<Metric>> metrics_;  // by name
  std::vector<std::function<void()>> collectors_;
  std::uint32_t next_cell_ = 0;
  Series own_;  // of the registry's own metrics
  Counter overflow_;
  // What leases gave back, on whatever thread: looked at by the next call that has the lock above, so that
  // the thread that drops a plan never waits for a render.
  std::mutex handed_back_mutex_;
  std::vector<std::vector<Entry*>> handed_back_;
};

class Lease {
 public:
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  // The series with these label values, one for each label of the group. The same values give the same cells
  // as before. Never fails: beyond the limits it is the series "other" (turnpike_metrics_overflow_total
  // tells).
  Series series(Group group, std::initializer_list<std::string_view> values);

 private:
  friend class Registry;
  explicit Lease(Registry& registry) noexcept : registry_(&registry) {}
  void drop() noexcept;

  Registry* registry_ = nullptr;
  std::vector<Registry::Entry*> held_;
};

}  // namespace turnpike::observe
