// The memory layout of a Table. Internal to route/: compile.cc writes it, table.cc reads it.
//
// A request costs at most: one probe for its host (and one for each length of wildcard in use), one probe for
// its exact path, one for each depth of prefix that its host uses. A probe touches one slot of 8 bytes and
// one group, where path and candidates lie side by side.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "route/table.h"

namespace turnpike::route {

inline constexpr std::uint32_t kNone = 0xffffffff;

// A header or query condition, or the expression that a whole path must match.
struct Condition {
  std::uint32_t name = 0;   // offset into texts; of a path its literal_prefix
  std::uint32_t value = 0;  // offset into texts; the number of the regular expression where `regex`
  std::uint16_t name_size = 0;
  std::uint16_t value_size = 0;
  http::FieldId id = http::FieldId::unknown;
  bool regex = false;
};

// One match in the list of its group.
struct Choice {
  static constexpr std::uint8_t kAnyMethod = 0xff;
  static constexpr std::uint8_t kGrpcCall = 0xfe;  // Match::grpc
  std::uint32_t match = 0;
  std::uint32_t target = 0;
  std::uint32_t conditions =
      0;  // index of the first: the path's expression (in groups of those), headers, parameters
  std::uint8_t method = kAnyMethod;
  std::uint8_t headers = 0;
  std::uint8_t query = 0;
  std::uint8_t path_regex = 0;  // 1: the first condition is the path's
};
static_assert(sizeof(Choice) == 16);

// All matches of one host and one path, best first. Lies in Compiled::groups, followed by the path, padding
// to four bytes, and the choices.
struct GroupHead {
  std::uint32_t host = 0;
  std::uint32_t choices = 0;
  std::uint16_t path_size = 0;
  PathMatch::Kind kind = PathMatch::Kind::exact;
};

struct Slot {
  std::uint32_t tag = 0;  // upper half of the hash
  std::uint32_t group = kNone;
};

struct HostEntry {
  std::uint32_t root = kNone;     // group of the prefix "/", which needs no probe
  std::uint32_t regexes = kNone;  // group of all regular expressions
  std::uint32_t late_regexes = kNone;
  std::uint64_t depths = 0;  // numbers of elements of its prefixes (bit 63: 63 and more)
  std::uint16_t deepest = 0;
  bool exact = false;  // whether there are exact paths
};

constexpr unsigned depth_bit(unsigned depth) noexcept { return depth < 63 ? depth : 63; }

// Each element is hashed onto what stands before it, so that one pass gives the hashes of all prefixes.
inline std::uint64_t prefix_seed(std::uint32_t host) noexcept { return mix_hash(host, 1); }
inline std::uint64_t exact_hash(std::uint32_t host, std::string_view path) noexcept {
  return hash_bytes(path, mix_hash(host, 2));
}

// Calls f(hash, bytes) for each prefix of whole elements, shortest first, as long as it returns true. `path`
// begins with '/'.
template <class F>
void for_each_prefix(std::uint32_t host, std::string_view path, F&& f) {
  std::uint64_t hash = prefix_seed(host);
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = begin + 1;
    while (end < path.size() && path[end] != '/') ++end;
    hash = hash_bytes(path.substr(begin, end - begin), hash);
    if (!f(hash, end)) return;
    begin = end;
  }
}

// The options of every regular expression: RE2's defaults, but a dot matches a line feed too (decoded
// parameters may hold one), nothing is captured and nothing is printed.
inline RE2::Options regex_options(std::size_t memory) {
  RE2::Options options;
  options.set_max_mem(static_cast<std::int64_t>(memory));
  options.set_dot_nl(true);
  options.set_never_capture(true);
  options.set_log_errors(false);
  return options;
}
inline bool matches_whole(const RE2& regex, std::string_view text) {
  return regex.Match({text.data(), text.size()}, 0, text.size(), RE2::ANCHOR_BOTH, nullptr, 0);
}

// One worker's copies, made when first used; on a cache line of its own.
struct alignas(64) WorkerRegexes {
  std::unique_ptr<std::unique_ptr<const RE2>[]> copies;
};

struct Table::Compiled {
  HostIndex hosts;
  std::vector<HostEntry> entries;  // by the numbers of `hosts`
  std::vector<Slot> slots;         // a power of two
  std::vector<std::uint32_t> groups;
  std::vector<Condition> conditions;
  std::string texts;
  std::size_t matches = 0;

  std::vector<std::string> patterns;  // of regular expressions, each once
  std::size_t regex_memory = 0;
  // Each element is written only by the worker it belongs to.
  mutable std::vector<WorkerRegexes> regexes;

  GroupHead head(std::uint32_t group) const noexcept {
    GroupHead head;
    std::memcpy(&head, groups.data() + group, sizeof head);
    return head;
  }
  std::string_view path(std::uint32_t group, const GroupHead& head) const noexcept {
    return {reinterpret_cast<const char*>(groups.data() + group) + sizeof(GroupHead), head.path_size};
  }
  static constexpr std::uint32_t words(std::size_t bytes) noexcept {
    return static_cast<std::uint32_t>((bytes + 3) / 4);
  }
  Choice choice(std::uint32_t group, const GroupHead& head, std::uint32_t index) const noexcept {
    Choice choice;
    std::memcpy(&choice,
                groups.data() + group + words(sizeof(GroupHead) + head.path_size) +
                    std::size_t{index} * words(sizeof(Choice)),
                sizeof choice);
    return choice;
  }
  std::string_view text(std::uint32_t at, std::size_t size) const noexcept {
    return std::string_view(texts).substr(at, size);
  }

  // The group of this host, kind and path; kNone if there is none.
  std::uint32_t look_up(std::uint64_t hash, std::uint32_t host, PathMatch::Kind kind,
                        std::string_view path) const noexcept;
  const RE2& regex(unsigned worker, std::uint32_t number) const;
};

}  // namespace turnpike::route
