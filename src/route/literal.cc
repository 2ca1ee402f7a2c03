#include "route/literal.h"

namespace turnpike::route {
namespace {

bool is_literal(char c) noexcept {
  return c > 0x20 && c < 0x7f && std::string_view("\\.+*?()|[]{}^$").find(c) == std::string_view::npos;
}

// Whether there may be an alternative outside of all parentheses: then nothing is common to all texts.
bool may_have_alternatives(std::string_view pattern) noexcept {
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    switch (pattern[i]) {
      case '|':
        if (depth <= 0) return true;
        break;
      case '(':
        ++depth;
        break;
      case ')':
        --depth;
        break;
      case '[':
        // What stands in brackets follows rules of its own.
        return pattern.find('|', i) != std::string_view::npos;
      case '\\':
        if (i + 1 < pattern.size() && pattern[i + 1] == 'Q')
          return pattern.find('|', i) != std::string_view::npos;
        ++i;
        break;
      default:
        break;
    }
  }
  return false;
}

}  // namespace

std::string_view literal_prefix(std::string_view pattern) noexcept {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  if (may_have_alternatives(pattern)) return {};
  std::size_t size = 0;
  while (size < pattern.size() && is_literal(pattern[size])) ++size;
  // The last character may be there no times at all.
  const char next = size < pattern.size() ? pattern[size] : '\0';
  if (size > 0 && (next == '*' || next == '?' || next == '{')) --size;
  return pattern.substr(0, size);
}

}  // namespace turnpike::route
