// Texts from outside, made safe for one line of a log. Whatever the bytes are, the result is one printable
// line: no control byte, nothing that moves the cursor or turns the direction of writing, and in JSON valid
// UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace turnpike::observe {

// One byte of text becomes at most so many of JSON or of plain text.
inline constexpr std::size_t kMostEscaped = 6;
// Both write up to so many bytes beyond what they return, so the room must be kMostEscaped * size +
// kEscapeSlack.
inline constexpr std::size_t kEscapeSlack = 16;

// The inside of a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD. Returns the end.
char* escape_json(char* to, std::string_view text) noexcept;
// For plain text: '"', '\' and all bytes that are not printable ASCII become \xHH. Returns the end.
char* escape_text(char* to, std::string_view text) noexcept;

void append_json(std::string& out, std::string_view text);

}  // namespace turnpike::observe
