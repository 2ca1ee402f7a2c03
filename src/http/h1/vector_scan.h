// What the vector implementations share: the search over whole vectors, and the tables of the token class.
// Included between target pragmas like field_lines.h, so it must not include anything itself.
#pragma once

namespace turnpike::http::h1 {
namespace {

// The classes by nibbles: byte b belongs to the class when kTokenLow[b & 15] has the bit b >> 4. Bytes from
// 0x80 on have no bit, and pshufb gives 0 for them.
constexpr std::array<char, 16> kTokenLow = [] {
  std::array<char, 16> table{};
  for (unsigned b = 0; b < 128; ++b) {
    if (kTokenByte[b]) table[b & 15] = static_cast<char>(table[b & 15] | static_cast<char>(1u << (b >> 4)));
  }
  return table;
}();
constexpr std::array<char, 16> kTokenHigh = [] {
  std::array<char, 16> table{};
  for (unsigned high = 0; high < 8; ++high) table[high] = static_cast<char>(1u << high);
  return table;
}();

// Mask::of(p) has bit i set where byte p[i] does not belong; Mask::width bytes are loaded. Mask::good(c) is
// the same question for one byte.
template <class Mask>
const char* find_first(const char* begin, const char* at, const char* end) noexcept {
  while (end - at >= Mask::width) {
    const std::uint32_t bad = Mask::of(at);
    if (bad != 0) return at + __builtin_ctz(bad);
    at += Mask::width;
  }
  const std::ptrdiff_t left = end - at;
  if (left == 0) return end;
  if (end - begin >= Mask::width) {  // the last vector of the memory, without what lies in front of `at`
    const std::uint32_t bad = Mask::of(end - Mask::width) >> (Mask::width - left);
    return bad != 0 ? at + __builtin_ctz(bad) : end;
  }
  while (at != end && Mask::good(*at)) ++at;
  return at;
}

}  // namespace
}  // namespace turnpike::http::h1
