// The code is canonical: codes of one length are consecutive numbers in the order of their symbols, and
// longer codes follow shorter ones. So the lengths are all there is to know (RFC 7541 Appendix B), and the
// compiler makes all tables.
#include "http/h2/huffman.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace turnpike::http::h2 {
namespace {

constexpr unsigned kSymbols = 257;
constexpr unsigned kEos = 256;
constexpr unsigned kLongest = 30;

// Bits of the code of each byte, and of EOS.
constexpr std::array<std::uint8_t, kSymbols> kLength = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,
    6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,
    6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22,
    20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23,
    22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22,
    23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
    25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

// One code for each symbol, right-aligned.
constexpr std::array<std::uint32_t, kSymbols> kCode = [] {
  std::array<std::uint32_t, kSymbols> codes{};
  std::uint32_t next = 0;
  for (unsigned length = 1; length <= kLongest; ++length) {
    next <<= 1;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLength[symbol] == length) codes[symbol] = next++;
    }
  }
  return codes;
}();
static_assert(kCode['0'] == 0 && kCode['z'] == 0x7b && kCode['<'] == 0x7ffc && kCode[255] == 0x3ffffee &&
              kCode[kEos] == 0x3fffffff);

// --- decoding

// By the next kBits bits: up to two symbols at once. 11 bits hold most pairs of letters and digits in a table
// of 8 KiB.
constexpr unsigned kBits = 11;
struct Pair {
  std::uint8_t first = 0;
  std::uint8_t second = 0;
  std::uint8_t count = 0;  // 0: the first code is longer than kBits
  std::uint8_t bits = 0;   // of all `count` codes
};

// The symbol whose code begins `bits`, where so many of them are known; kSymbols if no code is that short.
constexpr unsigned symbol_at(std::uint32_t bits, unsigned known) {
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const unsigned length = kLength[symbol];
    if (length <= known && bits >> (known - length) == kCode[symbol]) return symbol;
  }
  return kSymbols;
}

constexpr std::array<Pair, 1u << kBits> make_pairs() {
  std::array<Pair, 1u << kBits> pairs{};
  // What a prefix of n bits decodes to, once for each n: a second symbol has 6 bits at most.
  constexpr unsigned kShort = kBits - 5;
  std::array<std::array<std::uint16_t, 1u << kShort>, kShort + 1> second{};
  for (unsigned known = 0; known <= kShort; ++known) {
    for (std::uint32_t bits = 0; bits < 1u << known; ++bits)
      second[known][bits] = static_cast<std::uint16_t>(symbol_at(bits, known));
  }
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const unsigned length = kLength[symbol];
    if (length > kBits) continue;
    const unsigned rest = kBits - length;
    for (std::uint32_t tail = 0; tail < 1u << rest; ++tail) {
      Pair& pair = pairs[kCode[symbol] << rest | tail];
      pair = {static_cast<std::uint8_t>(symbol), 0, 1, static_cast<std::uint8_t>(length)};
      const unsigned next = rest >= 5 ? second[rest][tail] : kSymbols;
      if (next == kSymbols) continue;
      pair.second = static_cast<std::uint8_t>(next);
      pair.count = 2;
      pair.bits = static_cast<std::uint8_t>(length + kLength[next]);
    }
  }
  return pairs;
}
constexpr std::array<Pair, 1u << kBits> kPairs = make_pairs();

// For codes of more than kBits bits: where the codes of each length end, left-aligned, and their symbols.
struct Canonical {
  std::array<std::uint64_t, kLongest + 1> end{};    // first 32 bits of what is no longer such a code
  std::array<std::uint32_t, kLongest + 1> first{};  // the smallest code of this length
  std::array<std::uint16_t, kLongest + 1> index{};  // its place in `symbols`
  std::array<std::uint16_t, kSymbols> symbols{};    // in the order of their codes
};
constexpr Canonical kCanonical = [] {
  Canonical table;
  std::uint32_t next = 0;
  std::uint16_t index = 0;
  for (unsigned length = 1; length <= kLongest; ++length) {
    next <<= 1;
    table.first[length] = next;
    table.index[length] = index;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLength[symbol] != length) continue;
      table.symbols[index++] = static_cast<std::uint16_t>(symbol);
      ++next;
    }
    table.end[length] = std::uint64_t{next} << (32 - length);
  }
  return table;
}();

struct Symbol {
  unsigned value;
  unsigned length;
};

// The symbol at the front of the left-aligned `window`, whatever its length.
Symbol long_symbol(std::uint64_t window) noexcept {
  const std::uint64_t top = window >> 32;
  unsigned length = 5;
  while (top >= kCanonical.end[length]) ++length;  // the code is complete: all ones is EOS, 30 bits
  const auto code = static_cast<std::uint32_t>(window >> (64 - length));
  return {kCanonical.symbols[kCanonical.index[length] + (code - kCanonical.first[length])], length};
}

std::uint64_t load_big_endian(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

// The last symbols, of which `bits` bits are left in the window.
char* decode_tail(std::uint64_t window, unsigned bits, char* out) noexcept {
  for (;;) {
    const std::uint64_t padded = bits == 0 ? ~std::uint64_t{0} : window | (~std::uint64_t{0} >> bits);
    if (bits < 8 && padded == ~std::uint64_t{0}) return out;
    const Pair pair = kPairs[padded >> (64 - kBits)];
    const Symbol symbol = pair.count > 0 ? Symbol{pair.first, kLength[pair.first]} : long_symbol(padded);
    if (symbol.length > bits || symbol.value == kEos) return nullptr;
    *out++ = static_cast<char>(symbol.value);
    window <<= symbol.length;
    bits -= symbol.length;
  }
}

}  // namespace

std::size_t huffman_size(std::string_view text) noexcept {
  std::size_t bits = 0;
  for (const char c : text) bits += kLength[static_cast<unsigned char>(c)];
  return (bits + 7) / 8;
}

char* huffman_encode(char* out, std::string_view text) noexcept {
  std::uint64_t window = 0;  // right-aligned; fewer than 32 bits between two symbols
  unsigned bits = 0;
  for (const char c : text) {
    const auto symbol = static_cast<unsigned char>(c);
    window = window << kLength[symbol] | kCode[symbol];
    bits += kLength[symbol];
    if (bits >= 32) {
      bits -= 32;
      const auto word = static_cast<std::uint32_t>(window >> bits);
      const std::uint32_t ordered =
          std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
      std::memcpy(out, &ordered, sizeof ordered);
      out += sizeof ordered;
    }
  }
  while (bits >= 8) {
    bits -= 8;
    *out++ = static_cast<char>(window >> bits);
  }
  if (bits > 0) *out++ = static_cast<char>(window << (8 - bits) | 0xffu >> bits);
  return out;
}

char* huffman_decode(std::string_view coded, char* out) noexcept {
  const char* at = coded.data();
  const char* const end = at + coded.size();
  std::uint64_t window = 0;  // left-aligned: `bits` bits of it are known
  unsigned bits = 0;
  for (;;) {
    if (end - at >= 8) {
      window |= load_big_endian(at) >> bits;
      at += (63 - bits) >> 3;
      bits |= 56;
    } else {
      while (bits <= 56 && at != end) {
        window |= std::uint64_t{static_cast<unsigned char>(*at++)} << (56 - bits);
        bits += 8;
      }
      if (bits < kLongest) break;
    }
    do {
      const Pair pair = kPairs[window >> (64 - kBits)];
      if (pair.count == 0) [[unlikely]] {
        const Symbol symbol = long_symbol(window);
        if (symbol.value == kEos) return nullptr;
        *out++ = static_cast<char>(symbol.value);
        window <<= symbol.length;
        bits -= symbol.length;
        continue;
      }
      std::memcpy(out, &pair, 2);
      out += pair.count;
      window <<= pair.bits;
      bits -= pair.bits;
    } while (bits >= kLongest);
  }
  return decode_tail(window, bits, out);
}

}  // namespace turnpike::http::h2
