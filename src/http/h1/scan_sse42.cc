#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/h1/scan.h"
#include "http/h1/scan_list.h"

#pragma clang attribute push(__attribute__((target("sse4.2"))), apply_to = function)
// Everything from here on may use the instructions; nothing that other files share is defined here.
#include "http/h1/field_lines.h"
#include "http/h1/vector_scan.h"

namespace turnpike::http::h1 {
namespace {

using Vector = __m128i;

Vector load(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const Vector*>(at)); }
Vector all(char c) noexcept { return _mm_set1_epi8(c); }
std::uint32_t bits(Vector v) noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(v)); }

struct TokenMask {
  static constexpr int width = sizeof(Vector);
  static std::uint32_t of(const char* at) noexcept {
    const Vector bytes = load(at);
    const Vector low = _mm_shuffle_epi8(table(kTokenLow), bytes);
    const Vector high = _mm_shuffle_epi8(table(kTokenHigh), _mm_and_si128(_mm_srli_epi16(bytes, 4), all(15)));
    return bits(_mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128()));
  }
  static bool good(char c) noexcept { return is_token_byte(c); }

 private:
  static Vector table(const std::array<char, 16>& half) noexcept {
    const __m128i one = _mm_loadu_si128(reinterpret_cast<const __m128i*>(half.data()));
    return one;
  }
};

struct TargetMask {
  static constexpr int width = sizeof(Vector);
  static std::uint32_t of(const char* at) noexcept {
    const Vector bytes = load(at);
    const Vector low =
        _mm_cmpeq_epi8(_mm_max_epi8(bytes, all(0x20)), all(0x20));  // signed: 0x80 and above as well
    const Vector odd = _mm_or_si128(_mm_cmpeq_epi8(bytes, all(0x7f)), _mm_cmpeq_epi8(bytes, all('#')));
    return bits(_mm_or_si128(low, odd));
  }
  static bool good(char c) noexcept { return is_target_byte(c); }
};

struct TextMask {
  static constexpr int width = sizeof(Vector);
  static std::uint32_t of(const char* at) noexcept {
    const Vector bytes = load(at);
    const Vector control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(0x1f)), bytes);
    const Vector tab = _mm_cmpeq_epi8(bytes, all('\t'));
    return bits(_mm_or_si128(_mm_andnot_si128(tab, control), _mm_cmpeq_epi8(bytes, all(0x7f))));
  }
  static bool good(char c) noexcept { return is_text_byte(c); }
};

struct Sse42 {
  static const char* token(const char* begin, const char* at, const char* end) noexcept {
    return find_first<TokenMask>(begin, at, end);
  }
  static const char* target(const char* begin, const char* at, const char* end) noexcept {
    return find_first<TargetMask>(begin, at, end);
  }
  static const char* text(const char* begin, const char* at, const char* end) noexcept {
    return find_first<TextMask>(begin, at, end);
  }
};

}  // namespace

constinit const Scan kSse42Scan = {Isa::sse42, Sse42::token, Sse42::target, Sse42::text,
                                   read_field_lines<Sse42>};

}  // namespace turnpike::http::h1
#pragma clang attribute pop
#endif
