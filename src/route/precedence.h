// Which of two matches goes first (HTTPRouteRule, Gateway API v1.6), where hosts and paths do not settle it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "route/match.h"

namespace turnpike::route {

// Calls f(condition) for those that count: the first of each name.
template <class Same, class F>
void for_each_counted(const std::vector<ValueMatch>& conditions, Same&& same_name, F&& f) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    bool repeated = false;
    for (std::size_t j = 0; j < i && !repeated; ++j)
      repeated = same_name(conditions[i].name, conditions[j].name);
    if (!repeated) f(conditions[i]);
  }
}
template <class F>
void for_each_header(const Match& match, F&& f) {
  for_each_counted(match.headers, equals_ignoring_case, f);
}
template <class F>
void for_each_parameter(const Match& match, F&& f) {
  for_each_counted(match.query, [](std::string_view a, std::string_view b) { return a == b; }, f);
}

// What is compared after host and path.
struct Rank {
  bool method = false;
  std::uint8_t headers = 0;
  std::uint8_t query = 0;
};
inline Rank rank_of(const Match& match) {
  Rank rank{match.method.has_value() || match.grpc, 0, 0};
  for_each_header(match, [&](const ValueMatch&) { ++rank.headers; });
  for_each_parameter(match, [&](const ValueMatch&) { ++rank.query; });
  return rank;
}

// Whether `a` goes before `b`, both with the same host and an equally specific path.
inline bool goes_before(const Rank& a, const Precedence& a_key, const Rank& b,
                        const Precedence& b_key) noexcept {
  if (a.method != b.method) return a.method;
  if (a.headers != b.headers) return a.headers > b.headers;
  if (a.query != b.query) return a.query > b.query;
  if (a_key.created != b_key.created) return a_key.created < b_key.created;
  if (const int order = a_key.route.compare(b_key.route); order != 0) return order < 0;
  if (a_key.rule != b_key.rule) return a_key.rule < b_key.rule;
  return a_key.match < b_key.match;
}

// A prefix without the slashes at its end, which do not count: "" for "/".
constexpr std::string_view bare_prefix(std::string_view prefix) noexcept {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

// Exact paths go first, then regular expressions (a catch-all "/" would hide them otherwise), then prefixes,
// with late expressions before the catch-all.
constexpr int path_order(const PathMatch& path) noexcept {
  switch (path.kind) {
    case PathMatch::Kind::exact:
      return 0;
    case PathMatch::Kind::regex:
      return 1;
    case PathMatch::Kind::prefix:
      return bare_prefix(path.value).empty() ? 4 : 2;
    case PathMatch::Kind::late_regex:
      break;
  }
  return 3;
}

// How specific a path is beside others of its kind.
constexpr std::size_t path_weight(const PathMatch& path) noexcept {
  if (path.kind == PathMatch::Kind::prefix) return bare_prefix(path.value).size();
  return path.is_regex() && path.weight != 0 ? path.weight : path.value.size();
}

}  // namespace turnpike::route
