// What texts of a configuration may be before a policy puts them into a message.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "http/fields.h"

namespace turnpike::policy {

// A token of RFC 9110 §5.6.2: what field names and methods are made of. False for the empty text.
bool is_token(std::string_view text) noexcept;

// Whether the text can be the value of a field (RFC 9110 §5.5) that no reader takes apart differently:
// visible ASCII, spaces and tabs, and bytes above 0x7f; no white space at its ends.
bool is_field_value(std::string_view text) noexcept;

// Whether the text is a host name as Gateway API writes it (PreciseHostname): labels of lower-case letters,
// digits and hyphens, at most 253 bytes.
bool is_host_name(std::string_view text) noexcept;

// Fields that belong to the connection or decide the framing (RFC 9110 §7.6.1, RFC 9112 §6): the proxy writes
// them itself, and a policy that changed them could make two readers disagree about where a message ends.
bool is_managed_field(http::FieldId id) noexcept;

// The parts one after the other: texts, characters and whole numbers. (libstdc++ 12 has no std::format.)
template <class... Parts>
std::string text_of(const Parts&... parts) {
  std::string out;
  const auto append = [&out](const auto& part) {
    if constexpr (std::is_same_v<std::decay_t<decltype(part)>, char>) {
      out += part;
    } else if constexpr (std::is_integral_v<std::decay_t<decltype(part)>>) {
      out += std::to_string(part);
    } else {
      out += std::string_view(part);
    }
  };
  (append(parts), ...);
  return out;
}

// "a, b, c".
std::string join(const auto& parts, std::string_view separator = ", ") {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

}  // namespace turnpike::policy
