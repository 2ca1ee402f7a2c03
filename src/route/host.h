// Host names as routes and listeners write them: exact, with a wildcard for the first labels, or any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turnpike::route {

// A Hostname of Gateway API, or none at all. The name is a view: it belongs to the resource it came from.
struct HostPattern {
  // In order of precedence, weakest first.
  enum class Kind : std::uint8_t {
    any,       // every host, even none
    wildcard,  // "*.example.com": one or more labels before ".example.com"
    exact,     // "a.example.com"
  };
  Kind kind = Kind::any;
  std::string_view name;  // lower-case; "a.example.com", or "example.com" of "*.example.com", or empty

  // "" and "*" are `any`. The error says what is wrong with the text (it must be lower-case, at most 253
  // bytes).
  static std::expected<HostPattern, std::string> parse(std::string_view text);
  // `host` is lower-case and has neither a port nor a dot at its end.
  bool matches(std::string_view host) const noexcept;
  // Whether this pattern goes before the other where a host matches both.
  bool more_specific_than(const HostPattern& other) const noexcept {
    return kind != other.kind ? kind > other.kind : name.size() > other.name.size();
  }
  // As it is written: "*.example.com"; "*" for any.
  std::string text() const;
  friend bool operator==(const HostPattern&, const HostPattern&) = default;
};

// The hosts that both patterns match: the narrower of the two, or nothing where they have none in common
// (conformance HTTPRouteHostnameIntersection).
std::optional<HostPattern> intersect(const HostPattern& a, const HostPattern& b) noexcept;

// A set of host patterns, each with a number, asked for the most specific one of a host. Immutable once
// built; keeps its own copy of the names. Costs one hash per length of wildcard that is in use.
class HostIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  HostIndex() = default;
  // The number of patterns[i] is i; of equal patterns the first one counts.
  explicit HostIndex(std::span<const HostPattern> patterns);

  // The number of the most specific pattern that matches; kNone if none does.
  std::uint32_t find(std::string_view host) const noexcept {
    std::uint32_t found = kNone;
    visit(host, [&](std::uint32_t number) {
      found = number;
      return true;
    });
    return found;
  }

  // Calls f(number) for each pattern that matches, the most specific one first, until f returns true. Whether
  // it did.
  template <class F>
  bool visit(std::string_view host, F&& f) const {
    if (exact_ != 0) {
      const std::uint32_t number = look_up(host, HostPattern::Kind::exact);
      if (number != kNone && f(number)) return true;
    }
    if (wildcard_depths_ != 0) {
      // Suffixes from the longest: the first label always falls to the wildcard.
      unsigned dots = count_dots(host);
      for (std::size_t dot = host.find('.'); dot != std::string_view::npos && dot + 1 < host.size();
           dot = host.find('.', dot + 1), --dots) {
        if (dot == 0) continue;  // no label stands before it
        if (!(wildcard_depths_ >> depth_bit(dots) & 1)) continue;
        const std::uint32_t number = look_up(host.substr(dot + 1), HostPattern::Kind::wildcard);
        if (number != kNone && f(number)) return true;
      }
    }
    return any_ != kNone && f(any_);
  }

  std::size_t memory() const noexcept { return names_.capacity() + slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t tag = 0;  // of the hash
    std::uint32_t name = 0;
    std::uint16_t length = 0;
    HostPattern::Kind kind = HostPattern::Kind::any;  // any: the slot is empty
    std::uint32_t number = kNone;
  };
  static unsigned count_dots(std::string_view host) noexcept;
  static unsigned depth_bit(unsigned labels) noexcept { return labels < 63 ? labels : 63; }
  std::uint32_t look_up(std::string_view name, HostPattern::Kind kind) const noexcept;

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string names_;
  std::uint32_t exact_ = 0;            // how many exact names there are
  std::uint64_t wildcard_depths_ = 0;  // which numbers of labels the wildcards' names have
  std::uint32_t any_ = kNone;
};

}  // namespace turnpike::route
