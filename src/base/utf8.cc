#include "base/utf8.h"

namespace turnpike {
namespace {

void append_hex(std::string& out, unsigned value, int digits) {
  constexpr char kHex[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[value >> shift & 15];
}

}  // namespace

unsigned utf8_code(std::string_view sequence) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(sequence[i]));
  };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

bool is_invisible(unsigned code) noexcept {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    const unsigned code = size == 0 ? static_cast<unsigned char>(text.front()) : utf8_code(character);
    text.remove_prefix(character.size());
    if (size != 0 && !is_invisible(code)) {
      out += character;
    } else if (code < 0x100) {
      out += "\\x";
      append_hex(out, code, 2);
    } else {
      out += "\\u";
      append_hex(out, code, 4);
    }
  }
  return out;
}

}  // namespace turnpike
