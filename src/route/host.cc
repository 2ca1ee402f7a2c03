#include "route/host.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace turnpike::route {
namespace {

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_alphanumeric(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// RFC 1123 §2.1, lower-case; underscores are let through because names inside of clusters use them.
std::string_view fault_of_label(std::string_view label) noexcept {
  if (label.empty()) return "has an empty label";
  if (label.size() > kMaxLabel) return "has a label of more than 63 bytes";
  if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with '-'";
  for (char c : label) {
    if (c >= 'A' && c <= 'Z') return "must be in lower case";
    if (c == '*') return "may have '*' only as its whole first label";
    if (!is_alphanumeric(c) && c != '-' && c != '_') return "has a character that a host name must not have";
  }
  return {};
}

std::string_view fault_of_name(std::string_view name) noexcept {
  if (name.size() > kMaxHost) return "has more than 253 bytes";
  while (true) {
    const std::size_t dot = name.find('.');
    if (const std::string_view fault = fault_of_label(name.substr(0, dot)); !fault.empty()) return fault;
    if (dot == std::string_view::npos) return {};
    name.remove_prefix(dot + 1);
  }
}

std::uint64_t hash_of(std::string_view name, HostPattern::Kind kind) noexcept {
  return hash_bytes(name, static_cast<std::uint64_t>(kind));
}

bool is_below(std::string_view host, std::string_view parent) noexcept {
  return host.size() > parent.size() + 1 && host.ends_with(parent) &&
         host[host.size() - parent.size() - 1] == '.';
}

}  // namespace

std::expected<HostPattern, std::string> HostPattern::parse(std::string_view text) {
  if (text.empty() || text == "*") return HostPattern{};
  HostPattern pattern{Kind::exact, text};
  if (text.starts_with("*.")) pattern = {Kind::wildcard, text.substr(2)};
  if (const std::string_view fault = fault_of_name(pattern.name); !fault.empty()) {
    return std::unexpected("host name '" + std::string(text.substr(0, 300)) + "' " + std::string(fault));
  }
  return pattern;
}

bool HostPattern::matches(std::string_view host) const noexcept {
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::wildcard:
      return is_below(host, name);
    case Kind::exact:
      return host == name;
  }
  return false;
}

std::string HostPattern::text() const {
  if (kind == Kind::any) return "*";
  return (kind == Kind::wildcard ? "*." : "") + std::string(name);
}

std::optional<HostPattern> intersect(const HostPattern& a, const HostPattern& b) noexcept {
  const HostPattern& narrow = a.more_specific_than(b) ? a : b;
  const HostPattern& wide = &narrow == &a ? b : a;
  if (wide.kind == HostPattern::Kind::any || narrow == wide) return narrow;
  // A wildcard's own name stands for no host of it, but every host below it is below its parents as well.
  if (wide.kind == HostPattern::Kind::wildcard && is_below(narrow.name, wide.name)) return narrow;
  return std::nullopt;
}

HostIndex::HostIndex(std::span<const HostPattern> patterns) {
  std::size_t named = 0;
  std::size_t bytes = 0;
  for (const HostPattern& pattern : patterns) {
    named += pattern.kind != HostPattern::Kind::any;
    bytes += pattern.name.size();
  }
  if (named > 0) slots_.resize(std::bit_ceil(named * 2));
  names_.reserve(bytes);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const HostPattern& pattern = patterns[i];
    const auto number = static_cast<std::uint32_t>(i);
    if (pattern.kind == HostPattern::Kind::any) {
      any_ = std::min(any_, number);
      continue;
    }
    if (look_up(pattern.name, pattern.kind) != kNone) continue;
    const std::uint64_t hash = hash_of(pattern.name, pattern.kind);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].kind != HostPattern::Kind::any) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(names_.size()),
                  static_cast<std::uint16_t>(pattern.name.size()), pattern.kind, number};
    names_ += pattern.name;
    if (pattern.kind == HostPattern::Kind::exact) {
      ++exact_;
    } else {
      wildcard_depths_ |= std::uint64_t{1} << depth_bit(count_dots(pattern.name) + 1);
    }
  }
}

unsigned HostIndex::count_dots(std::string_view host) noexcept {
  return static_cast<unsigned>(std::ranges::count(host, '.'));
}

std::uint32_t HostIndex::look_up(std::string_view name, HostPattern::Kind kind) const noexcept {
  const std::uint64_t hash = hash_of(name, kind);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.kind == HostPattern::Kind::any) return kNone;
    if (slot.tag == tag && slot.kind == kind &&
        std::string_view(names_).substr(slot.name, slot.length) == name) {
      return slot.number;
    }
  }
}

}  // namespace turnpike::route
