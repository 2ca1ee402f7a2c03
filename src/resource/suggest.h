// "did you mean": the nearest known name.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace turnpike::resource {

// Number of insertions, deletions, replacements and swaps of neighbours between two names, case ignored
// (optimal string alignment). Names longer than 64 characters count as entirely different.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known name nearest to `name`, or "" when none is near enough to be meant: a third of its letters may
// differ, or one name begins with the other.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

// "did you mean 'x'?", or "".
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

// Each hint looks at every name that there is. After so many problems nobody reads on, and thousands of
// mistyped names beside thousands of others would take minutes.
inline constexpr std::size_t kMostHints = 50;

}  // namespace turnpike::resource
