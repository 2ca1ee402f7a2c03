// Small texts of the sample services. "a=1&b=2": queries and the bodies that `curl -d` sends. No escapes: the
// sample services need none.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace turnpike::demo {

inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, std::integral auto part) { out += std::to_string(part); }
// Texts and numbers, one after the other.
template <class... Parts>
std::string join(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

// The value of `name`; empty if it is not there.
inline std::string_view form_value(std::string_view form, std::string_view name) noexcept {
  while (!form.empty()) {
    const std::size_t end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    if (end == std::string_view::npos) break;
    form.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace turnpike::demo
