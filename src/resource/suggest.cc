#include "resource/suggest.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace turnpike::resource {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t kLongest = 64;
  if (a.size() > kLongest || b.size() > kLongest) return std::max(a.size(), b.size());
  std::array<std::array<std::size_t, kLongest + 1>, 3> rows{};
  const auto same = [](char x, char y) { return to_lower(x) == to_lower(y); };
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& above_that = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], above_that[j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (!best.empty() || name.size() < 3) return best;
  const auto begins = [](std::string_view text, std::string_view with) {
    return text.size() >= with.size() && equals_ignoring_case(text.substr(0, with.size()), with);
  };
  const auto ends = [](std::string_view text, std::string_view with) {
    return text.size() >= with.size() && equals_ignoring_case(text.substr(text.size() - with.size()), with);
  };
  for (const std::string_view candidate : known) {
    if (candidate.size() >= 3 &&
        (begins(candidate, name) || begins(name, candidate) || ends(candidate, name)))
      return candidate;
  }
  return {};
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view best = nearest(name, known);
  return best.empty() ? std::string() : "did you mean '" + std::string(best) + "'?";
}

}  // namespace turnpike::resource
