#include "observe/metrics.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/utf8.h"
#include "observe/escape.h"
#include "observe/registry_state.h"

namespace turnpike::observe {
namespace {

// Cells of the default Series: what is counted there is lost, so every block must fit in.
constexpr std::uint32_t kSinkCells = 256;
constexpr std::size_t kMostLabelBytes = 256;

bool is_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// `name="value"`, escaped by the text format; bytes that are not UTF-8 become U+FFFD.
void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out.append(name).append("=\"");
  value = value.substr(0, kMostLabelBytes);
  while (!value.empty()) {
    const std::size_t size = utf8_size(value);
    if (size == 0) {
      out += "\xef\xbf\xbd";
    } else if (value.front() == '\n') {
      out += "\\n";
    } else {
      if (value.front() == '"' || value.front() == '\\') out += '\\';
      out.append(value.substr(0, size));
    }
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

}  // namespace

Registry::Registry(unsigned workers, const RegistryLimits& limits) : limits_(limits) {
  for (unsigned i = 0; i <= workers; ++i) cells_.push_back(std::make_unique<Cells>());
  GroupState sink;
  sink.cells = kSinkCells;
  allocate(sink);
  const Group own = group({});
  overflow_ =
      counter(own, {.name = "metrics_overflow_total",
                    .help = "Label sets that share the series \"other\" because there are too many."});
  own_ = permanent(own, {});
}

Registry::~Registry() = default;

Group Registry::group(std::initializer_list<std::string_view> labels) {
  const std::lock_guard lock(mutex_);
  auto state = std::make_unique<GroupState>();
  for (std::string_view label : labels) {
    if (!is_name(label)) throw std::logic_error("not the name of a label: " + std::string(label));
    state->labels.emplace_back(label);
  }
  groups_.push_back(std::move(state));
  return {static_cast<std::uint32_t>(groups_.size() - 1)};
}

Registry::Metric& Registry::define(Group group, const MetricSpec& spec, Type type, std::uint32_t cells) {
  const std::lock_guard lock(mutex_);
  GroupState& state = *groups_.at(group.index);
  auto metric = std::make_unique<Metric>();
  metric->name = std::string(spec.name.starts_with("process_") ? "" : "turnpike_") + std::string(spec.name);
  metric->help = spec.help;
  metric->type = type;
  metric->group = group.index;
  metric->offset = static_cast<std::uint16_t>(state.cells);
  metric->decimals = spec.decimals;
  metric->variant_label = spec.variant_label;
  for (std::string_view variant : spec.variants) metric->variants.emplace_back(variant);
  if (!is_name(metric->name)) throw std::logic_error("not the name of a metric: " + metric->name);
  if (type == Type::counter && !metric->name.ends_with("_total"))
    throw std::logic_error(metric->name + " is a counter");
  if (!state.entries.empty())
    throw std::logic_error(metric->name + " comes after the first series of its group");
  if (state.cells + cells > kSinkCells) throw std::logic_error(metric->name + " makes its group too large");
  const auto at = std::ranges::lower_bound(metrics_, metric->name, {}, [](const auto& m) { return m->name; });
  if (at != metrics_.end() && (*at)->name == metric->name)
    throw std::logic_error(metric->name + " exists already");
  state.cells += cells;
  return **metrics_.insert(at, std::move(metric));
}

Counter Registry::counter(Group group, const MetricSpec& spec) {
  const auto variants = static_cast<std::uint16_t>(std::max<std::size_t>(spec.variants.size(), 1));
  return {define(group, spec, Type::counter, variants).offset, variants};
}

Gauge Registry::gauge(Group group, const MetricSpec& spec) {
  return {define(group, spec, Type::gauge, 1).offset};
}

Histogram Registry::histogram(Group group, const MetricSpec& spec) {
  Metric& metric = define(group, spec, Type::histogram, kBuckets + 1);
  metric.decimals = 9;
  return {metric.offset};
}

Lease Registry::lease() { return Lease(*this); }

Series Registry::permanent(Group group, std::initializer_list<std::string_view> values) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = acquire(group, values);
  return entry == nullptr ? Series{} : Series{entry->cell};
}

void Registry::before_render(std::function<void()> collect) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collect));
}

// A block never lies across two chunks. 0, which is the sink, stands for "no room".
std::uint32_t Registry::allocate(GroupState& group) {
  if (!group.free_blocks.empty()) {
    const std::uint32_t cell = group.free_blocks.back();
    group.free_blocks.pop_back();
    return cell;
  }
  constexpr std::uint32_t kMask = Cells::kChunkCells - 1;
  if (next_cell_ % Cells::kChunkCells + group.cells > Cells::kChunkCells)
    next_cell_ = (next_cell_ + kMask) & ~kMask;
  const std::uint32_t chunk = next_cell_ >> Cells::kChunkBits;
  if (chunk >= Cells::kMaxChunks) return 0;
  for (const auto& cells : cells_) {
    if (cells->chunks_[chunk] != nullptr) continue;
    cells->memory_.push_back(std::make_unique<Cell[]>(Cells::kChunkCells));
    // Seen by the worker once a series of this chunk reaches it, which happens through its mailbox.
    cells->chunks_[chunk] = cells->memory_.back().get();
  }
  return std::exchange(next_cell_, next_cell_ + group.cells);
}

Registry::Entry* Registry::find_or_add(GroupState& group, std::string_view labels) {
  if (const auto at = group.entries.find(labels); at != group.entries.end()) return at->second.get();
  const bool is_other = std::ranges::all_of(group.labels, [&](const std::string& label) {
    return labels.find(label + "=\"other\"") != std::string_view::npos;
  });
  if (group.entries.size() >= limits_.series_per_group && !is_other) return nullptr;
  auto entry = std::make_unique<Entry>();
  entry->cell = allocate(group);
  if (entry->cell == 0) return nullptr;
  entry->labels = labels;
  entry->group = &group;
  group.sorted.clear();
  const std::string_view key = entry->labels;
  return group.entries.emplace(key, std::move(entry)).first->second.get();
}

Registry::Entry* Registry::acquire(Group group, std::span<const std::string_view> values) {
  settle_handed_back();
  GroupState& state = *groups_.at(group.index);
  std::string labels;
  for (std::size_t i = 0; i < state.labels.size(); ++i) {
    append_label(labels, state.labels[i], i < values.size() ? values[i] : std::string_view{});
  }
  Entry* entry = find_or_add(state, labels);
  if (entry == nullptr) {
    control().block(own_).add(overflow_);
    labels.clear();
    for (const std::string& label : state.labels) append_label(labels, label, "other");
    entry = find_or_add(state, labels);
  }
  if (entry == nullptr) return nullptr;
  ++entry->holders;
  entry->retired = kNever;
  return entry;
}

void Registry::hand_back(std::vector<Entry*> entries) noexcept {
  const std::lock_guard lock(handed_back_mutex_);
  handed_back_.push_back(std::move(entries));
}

void Registry::settle_handed_back() {
  std::vector<std::vector<Entry*>> lists;
  {
    const std::lock_guard lock(handed_back_mutex_);
    lists.swap(handed_back_);
  }
  for (const auto& list : lists) {
    for (Entry* entry : list) --entry->holders;
  }
}

void Registry::expire(TimePoint now) {
  const std::lock_guard lock(mutex_);
  settle_handed_back();
  for (const auto& group : groups_) {
    std::erase_if(group->entries, [&](auto& item) {
      Entry& entry = *item.second;
      if (entry.holders > 0) return false;
      if (entry.retired == kNever) entry.retired = now;
      if (now - entry.retired < limits_.keep_retired) return false;
      for (const auto& cells : cells_) {
        Block block = cells->block({entry.cell});
        for (std::uint32_t i = 0; i < group->cells; ++i) block.set(Counter{static_cast<std::uint16_t>(i)}, 0);
      }
      group->free_blocks.push_back(entry.cell);
      group->sorted.clear();
      return true;
    });
  }
}

std::size_t Registry::series() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& group : groups_) count += group->entries.size();
  return count;
}

Lease::Lease(Lease&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), held_(std::exchange(other.held_, {})) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    drop();
    registry_ = std::exchange(other.registry_, nullptr);
    held_ = std::exchange(other.held_, {});
  }
  return *this;
}

Lease::~Lease() { drop(); }

void Lease::drop() noexcept {
  if (registry_ != nullptr && !held_.empty()) registry_->hand_back(std::move(held_));
  held_.clear();
}

Series Lease::series(Group group, std::initializer_list<std::string_view> values) {
  if (registry_ == nullptr) return {};
  const std::lock_guard lock(registry_->mutex_);
  Registry::Entry* entry = registry_->acquire(group, values);
  if (entry == nullptr) return {};
  held_.push_back(entry);
  return {entry->cell};
}

}  // namespace turnpike::observe
