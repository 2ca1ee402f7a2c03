// What the parsers of request and response heads share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/h1/codec.h"
#include "http/h1/scan.h"
#include "http/message.h"
#include "http/rules.h"

namespace turnpike::http::h1 {

// Where a parser is in the bytes it sees: `end` is already cut to what Limits::head lets it see.
struct Span {
  const char* begin;
  const char* end;
};

// Whether a further call can do more than the last one, which saw an unfinished head: a line has ended, a
// forbidden byte or a limit has come. Otherwise moves `scanned` on. A head that comes byte by byte costs one
// look at each byte and one parse per line.
bool worth_parsing(std::string_view bytes, std::size_t& scanned, std::size_t start_line_limit,
                   const Limits& limits, const Scan& scan) noexcept;
// What to remember of an unfinished head: the start of its unfinished line, and how far it has been looked
// at.
std::size_t remember(std::string_view bytes, const char* line) noexcept;

// Outcome of the start line.
struct StartLine {
  enum class State : std::uint8_t { complete, incomplete, error };
  State state = State::incomplete;
  const char* at = nullptr;  // behind the line
  Error error{};
};

// The fields on which framing and connection handling depend, found in one pass.
struct Survey {
  const Field* host = nullptr;
  const Field* content_length = nullptr;
  const Field* transfer_encoding = nullptr;
  bool repeated = false;  // one of the three more than once
  bool close = false;     // options of Connection
  bool keep_alive = false;
  bool upgrade_option = false;
  bool upgrade = false;  // there is an Upgrade field
  bool expect_continue = false;
  bool expect_other = false;
};
Survey survey(const Fields& fields) noexcept;

// RFC 9112 §7: what a Transfer-Encoding says.
enum class Coding : std::uint8_t { chunked, unknown, malformed };
Coding read_transfer_encoding(std::string_view value) noexcept;

// How far [at, end) agrees with "HTTP/d.d"; npos if it does as far as it goes, else the place where it does
// not.
std::size_t version_mismatch(std::string_view text) noexcept;

}  // namespace turnpike::http::h1
