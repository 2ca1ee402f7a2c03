// What every text that a regular expression matches as a whole begins with: a cheap test before the dear one.
#pragma once

#include <string_view>

namespace turnpike::route {

// The literal beginning of an RE2 pattern, a part of it: "/api/" of "/api/v[0-9]+" or of "^/api/(a|b)". Empty
// where there is none, or where telling would need a parser.
std::string_view literal_prefix(std::string_view pattern) noexcept;

}  // namespace turnpike::route
