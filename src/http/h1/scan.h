// Finding ends: of tokens, targets, values and whole field lines. One implementation per instruction set; the
// scalar one is the reference that fuzzing checks the others against.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/fields.h"
#include "http/h1/codec.h"

namespace turnpike::http::h1 {

enum class Isa : std::uint8_t { scalar, sse42, avx2 };

// How a run over field lines ended.
struct Lines {
  enum class State : std::uint8_t { complete, incomplete, malformed, too_large };
  State state = State::incomplete;
  // complete: behind the empty line. incomplete: the start of the line that lacks its end. Else: where it was
  // noticed.
  const char* at = nullptr;
  std::string_view reason{};  // of malformed and too_large; a string literal
};

// The functions look at [at, end) and return the first byte that does not belong, or `end`. `begin` <= `at`
// is where readable memory begins, so that a whole vector can be loaded in front of `end`.
struct Scan {
  Isa isa;
  const char* (*token)(const char* begin, const char* at, const char* end) noexcept;  // RFC 9110 §5.6.2
  const char* (*target)(const char* begin, const char* at,
                        const char* end) noexcept;  // visible ASCII but "#"
  const char* (*text)(const char* begin, const char* at,
                      const char* end) noexcept;  // no control byte but HTAB
  // Reads field lines up to and with the empty line into `out`.
  Lines (*fields)(const char* begin, const char* at, const char* end, const Limits& limits, Arena& arena,
                  Fields& out);
};

// Null where this CPU (or this build) has no such instructions.
const Scan* scan_for(Isa isa) noexcept;
// The fastest this CPU has; looked up once.
const Scan& best_scan() noexcept;

// parse_request and parse_response with a given implementation, for tests, fuzzers and benchmarks.
ParseResult parse_request(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                          RequestHead& out, const Scan& scan);
ParseResult parse_response(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                           Method request_method, ResponseHead& out, const Scan& scan);

// The byte classes that the implementations share.
inline constexpr std::array<bool, 256> kTokenByte = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_token_byte(char c) noexcept { return kTokenByte[static_cast<unsigned char>(c)]; }
constexpr bool is_target_byte(char c) noexcept { return c > 0x20 && c < 0x7f && c != '#'; }
constexpr bool is_text_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

}  // namespace turnpike::http::h1
