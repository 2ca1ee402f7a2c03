#include "observe/escape.h"

#include <cstdint>
#include <cstring>

#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace turnpike::observe {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Printable ASCII that means nothing special in a quoted text.
constexpr bool is_plain(unsigned char c) noexcept { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

#ifdef __SSE2__
// A bit for each of the 16 bytes that is not plain. Bytes from 0x80 are negative here.
unsigned special_bytes(__m128i v) noexcept {
  const __m128i special = _mm_or_si128(
      _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))),
      _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
  return static_cast<unsigned>(_mm_movemask_epi8(special));
}

// Copies what is plain from the front, as far as whole blocks go; short texts as two overlapping words.
// Returns how many bytes were copied and are plain.
std::size_t copy_plain(char* to, const char* from, std::size_t size) noexcept {
  if (size >= 16) {
    std::size_t done = 0;
    while (true) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + done));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + done), v);
      if (const unsigned special = special_bytes(v); special != 0) {
        return done + static_cast<unsigned>(__builtin_ctz(special));
      }
      done += 16;
      if (done == size) return size;
      if (size - done < 16) done = size - 16;
    }
  }
  if (size >= 8) {
    std::uint64_t first;
    std::uint64_t last;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + size - 8, 8);
    const __m128i both = _mm_set_epi64x(static_cast<long long>(last), static_cast<long long>(first));
    if (special_bytes(both) != 0) return 0;
    std::memcpy(to, &first, 8);
    std::memcpy(to + size - 8, &last, 8);
    return size;
  }
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + size - 4, 4);
    const __m128i both = _mm_set_epi32(static_cast<int>(first), static_cast<int>(last),
                                       static_cast<int>(first), static_cast<int>(last));
    if (special_bytes(both) != 0) return 0;
    std::memcpy(to, &first, 4);
    std::memcpy(to + size - 4, &last, 4);
    return size;
  }
  std::size_t done = 0;
  for (; done < size && is_plain(static_cast<unsigned char>(from[done])); ++done) to[done] = from[done];
  return done;
}
#else
std::size_t copy_plain(char* to, const char* from, std::size_t size) noexcept {
  std::size_t done = 0;
  for (; done < size && is_plain(static_cast<unsigned char>(from[done])); ++done) to[done] = from[done];
  return done;
}
#endif

char* put(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* put_unicode_escape(char* to, unsigned code) noexcept {
  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = kHex[code >> shift & 15];
  return to;
}

// Writes the character at the front of the text, which is not plain, and removes it.
char* put_special_json(char* to, std::string_view& text) noexcept {
  const auto c = static_cast<unsigned char>(text.front());
  if (c < 0x80) {
    text.remove_prefix(1);
    switch (c) {
      case '"':
        return put(to, "\\\"");
      case '\\':
        return put(to, "\\\\");
      case '\n':
        return put(to, "\\n");
      case '\r':
        return put(to, "\\r");
      case '\t':
        return put(to, "\\t");
      default:
        return put_unicode_escape(to, c);
    }
  }
  const std::size_t size = utf8_size(text);
  if (size == 0) {
    text.remove_prefix(1);
    return put_unicode_escape(to, 0xfffd);
  }
  const std::string_view sequence = text.substr(0, size);
  text.remove_prefix(size);
  const unsigned code = utf8_code(sequence);
  return is_invisible(code) ? put_unicode_escape(to, code) : put(to, sequence);
}

}  // namespace

char* escape_json(char* to, std::string_view text) noexcept {
  while (true) {
    const std::size_t plain = copy_plain(to, text.data(), text.size());
    to += plain;
    text.remove_prefix(plain);
    if (text.empty()) return to;
    // The block may begin with bytes that are plain: copy_plain gives up on short texts as a whole.
    if (is_plain(static_cast<unsigned char>(text.front()))) {
      *to++ = text.front();
      text.remove_prefix(1);
    } else {
      to = put_special_json(to, text);
    }
  }
}

char* escape_text(char* to, std::string_view text) noexcept {
  while (true) {
    const std::size_t plain = copy_plain(to, text.data(), text.size());
    to += plain;
    text.remove_prefix(plain);
    if (text.empty()) return to;
    const auto c = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if (is_plain(c)) {
      *to++ = static_cast<char>(c);
    } else {
      to = put(to, "\\x");
      *to++ = kHex[c >> 4];
      *to++ = kHex[c & 15];
    }
  }
}

void append_json(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + kMostEscaped * text.size() + kEscapeSlack);
  const char* const end = escape_json(out.data() + before, text);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

}  // namespace turnpike::observe
