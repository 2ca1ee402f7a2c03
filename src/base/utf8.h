// UTF-8 (RFC 3629), and texts of others made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace turnpike {

// The number of bytes of the character at the front (shortest form, no surrogates); 0 if there is none.
constexpr std::size_t utf8_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned c = byte(0);
  if (text.empty()) return 0;
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return continues(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    if (c == 0xe0 && byte(1) < 0xa0) return 0;
    if (c == 0xed && byte(1) >= 0xa0) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    if (c == 0xf0 && byte(1) < 0x90) return 0;
    if (c == 0xf4 && byte(1) >= 0x90) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// The code point of a sequence that utf8_size() has measured.
unsigned utf8_code(std::string_view sequence) noexcept;

// Whether a terminal or an editor may act on the character instead of showing it: control characters, line
// and paragraph separators, marks that turn the direction of writing, zero-width ones.
bool is_invisible(unsigned code) noexcept;

// `text` with whatever is invisible or no UTF-8 written as \xHH or \uHHHH: it stays on its line, moves no
// cursor and colours nothing.
std::string printable(std::string_view text);

}  // namespace turnpike
