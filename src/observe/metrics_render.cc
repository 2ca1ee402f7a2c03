// The Registry's text formats: Prometheus 0.0.4 and OpenMetrics 1.0.
#include <algorithm>

#include "observe/metrics.h"
#include "observe/registry_state.h"

namespace turnpike::observe {
namespace {

// value / 10^decimals, exactly and without zeros at the end.
void append_number(std::string& out, std::uint64_t value, unsigned decimals) {
  std::string digits = std::to_string(value);
  if (decimals == 0) {
    out += digits;
    return;
  }
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  const std::size_t whole = digits.size() - decimals;
  while (digits.size() > whole && digits.back() == '0') digits.pop_back();
  out.append(digits, 0, whole);
  if (digits.size() > whole) out.append(".").append(digits, whole);
}

void append_signed(std::string& out, std::int64_t value, unsigned decimals) {
  if (value < 0) out += '-';
  append_number(out, value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value),
                decimals);
}

// The upper bounds of the buckets, as Prometheus writes numbers.
const std::vector<std::string>& bucket_labels() {
  static const std::vector<std::string> labels = [] {
    std::vector<std::string> out = {"6.25e-05"};
    for (unsigned i = 1; i + 1 < kBuckets; ++i) append_number(out.emplace_back(), 62'500ULL << i, 9);
    out.emplace_back("+Inf");
    return out;
  }();
  return labels;
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                   std::string_view label = {}, std::string_view value = {}) {
  out.append(name).append(suffix);
  if (!labels.empty() || !label.empty()) {
    out += '{';
    out += labels;
    if (!label.empty()) {
      if (!labels.empty()) out += ',';
      out.append(label).append("=\"").append(value).append("\"");
    }
    out += '}';
  }
  out += ' ';
}

}  // namespace

std::uint64_t Registry::sum(std::uint32_t cell) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& cells : cells_) sum += cells->block({cell}).value(Counter{});
  return sum;
}

void Registry::render_entry(std::string& out, const Metric& metric, const Entry& entry,
                            bool skip_zero) const {
  const std::uint32_t first = entry.cell + metric.offset;
  if (metric.type == Type::gauge) {
    append_sample(out, metric.name, "", entry.labels);
    append_signed(out, static_cast<std::int64_t>(sum(first)), metric.decimals);
    out += '\n';
    return;
  }
  if (metric.type == Type::counter) {
    for (std::uint32_t i = 0; i < std::max<std::size_t>(metric.variants.size(), 1); ++i) {
      const std::uint64_t value = sum(first + i);
      if (value == 0 && skip_zero) continue;
      append_sample(out, metric.name, "", entry.labels, metric.variant_label,
                    metric.variants.empty() ? "" : metric.variants[i]);
      append_number(out, value, metric.decimals);
      out += '\n';
    }
    return;
  }
  const std::size_t start = out.size();
  std::uint64_t count = 0;
  for (unsigned i = 0; i < kBuckets; ++i) {
    count += sum(first + i);
    append_sample(out, metric.name, "_bucket", entry.labels, "le", bucket_labels()[i]);
    append_number(out, count, 0);
    out += '\n';
  }
  if (count == 0 && skip_zero) {
    out.resize(start);
    return;
  }
  append_sample(out, metric.name, "_sum", entry.labels);
  append_number(out, sum(first + kBuckets), metric.decimals);
  out += '\n';
  append_sample(out, metric.name, "_count", entry.labels);
  append_number(out, count, 0);
  out += '\n';
}

void Registry::render_metric(std::string& out, const GroupState& group, const Metric& metric,
                             Format format) const {
  static constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  std::string_view name = metric.name;
  // OpenMetrics names the family without the suffix of its samples.
  if (format == Format::openmetrics && metric.type == Type::counter)
    name.remove_suffix(std::string_view("_total").size());
  const std::size_t start = out.size();
  std::string help;
  for (char c : metric.help) {
    if (c == '\\' || c == '\n') help += '\\';
    help += c == '\n' ? 'n' : c;
  }
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
  out.append(kTypes[static_cast<unsigned>(metric.type)]).append("\n");
  const std::size_t samples = out.size();
  for (const Entry* entry : group.sorted) render_entry(out, metric, *entry, !group.labels.empty());
  if (out.size() == samples) out.resize(start);
}

std::string Registry::render(Format format) {
  const auto collectors = [&] {
    const std::lock_guard lock(mutex_);
    return collectors_;
  }();
  for (const auto& collect : collectors) collect();
  const std::lock_guard lock(mutex_);
  settle_handed_back();
  for (const auto& group : groups_) {
    if (!group->sorted.empty()) continue;
    for (const auto& [labels, entry] : group->entries) group->sorted.push_back(entry.get());
    std::ranges::sort(group->sorted, {}, &Entry::labels);
  }
  std::string out;
  for (const auto& metric : metrics_) render_metric(out, *groups_[metric->group], *metric, format);
  if (format == Format::openmetrics) out += "# EOF\n";
  return out;
}

std::string_view Registry::content_type(Format format) noexcept {
  return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                       : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace turnpike::observe
