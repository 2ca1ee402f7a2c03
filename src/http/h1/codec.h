// HTTP/1.x on the wire (RFC 9112), strict. Knows no socket, no coroutine, no clock (principle 3).
// It refuses whatever another reader might parse differently: bare CR or LF, obs-fold, space before the
// colon, Transfer-Encoding with Content-Length, repeated Content-Length or Host, and so on; h1/README.md
// lists it all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "http/message.h"

namespace turnpike::http::h1 {

struct Limits {
  std::size_t request_line = 8192;     // bytes of the request line or status line: 414
  std::size_t head = 32'768;           // bytes of the whole head: 431
  std::size_t field_count = 100;       // 431
  std::size_t field_line = 16'384;     // bytes of one field line: 431
  std::size_t chunk_size_digits = 16;  // hexadecimal digits of a chunk size
  std::size_t chunk_extension = 256;   // bytes of the extensions of one chunk
  std::size_t chunk_extensions_total =
      16 * 1024;               // bytes of extensions and size lines over the payload moved, per message
  std::size_t trailer = 8192;  // bytes of the trailer section: 431
  std::uint64_t body = 0;      // bytes of content; 0: no limit. 413
  bool operator==(const Limits&) const = default;
};

enum class Parse : std::uint8_t { complete, incomplete, error };

struct ParseResult {
  Parse state = Parse::incomplete;
  std::size_t consumed = 0;  // with complete: bytes of the head, with the empty line
  Error error{};  // with error; kinds: bad_request, request_line_too_long, head_too_large, bad_version,
                  // unknown_transfer_coding, expectation_failed; for responses: upstream_bad_response
};

// Parses a head from the start of `bytes`. While it answers `incomplete`, call again with the same and more
// bytes, the same arena and `out`; they may have moved. `scanned` (0 at first, and again after complete and
// error) is opaque: it remembers how far the search for the end has come, so that a head sent byte by byte
// costs linear time. Errors show as soon as they are certain. Views point into `bytes`, field storage into
// the arena. Up to two empty lines in front of a request are passed over (RFC 9112 §2.2). With an
// absolute-form target `authority` is the target's and the Host field must be replaced by it (§3.2.2);
// OPTIONS of an empty path becomes "*" (§3.2.4).
ParseResult parse_request(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                          RequestHead& out);
// `request_method` decides the framing (RFC 9112 §6.3): no content for HEAD, 1xx, 204, 304 and CONNECT's 2xx.
ParseResult parse_response(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                           Method request_method, ResponseHead& out);

// Decodes the content of one message.
class BodyReader {
 public:
  BodyReader() noexcept = default;  // no content: done at once
  BodyReader(Framing framing, std::uint64_t content_length, const Limits& limits) noexcept;

  struct Step {
    std::size_t consumed = 0;  // bytes taken from `in`, framing and data
    std::string_view data;     // the next piece of content, a view into `in`; may be empty
    bool done = false;         // the content (and its trailers) ended
    ErrorKind error =
        ErrorKind::none;        // bad_request, body_too_large, head_too_large; the reader is unusable then
    std::string_view detail{};  // string literal, for operators
  };
  // Takes one step: framing, one piece of content, and the framing behind it as far as it is there. Needs
  // more bytes when consumed == 0 and it is neither done nor in error. Content in front of an error in the
  // same step is withheld. Of a response, the caller turns bad_request and head_too_large into
  // upstream_bad_response.
  Step next(std::string_view in, Arena& arena);

  // Content that ends with the connection ends here; true if that was legal (until_close), false if it was
  // cut off.
  bool finish_at_eof() noexcept;
  bool done() const noexcept { return state_ == State::done; }
  Framing framing() const noexcept { return framing_; }
  // Bytes of content so far.
  std::uint64_t received() const noexcept { return received_; }
  // With Framing::length: bytes still to come. For relays that move bytes without looking at them.
  std::uint64_t remaining() const noexcept { return remaining_; }
  // Says that `count` (<= remaining()) bytes of data were moved without next(). Also within a chunk.
  void skip(std::uint64_t count) noexcept;
  // Of a chunked message, once done. Fields that must not be in trailers (RFC 9110 §6.5.1: framing, routing,
  // authentication, …) are refused while parsing. Texts are in the arena.
  const Fields& trailers() const noexcept { return trailers_; }

 private:
  enum class State : std::uint8_t {
    done,
    failed,
    length,
    until_close,
    size,       // hexadecimal digits
    extension,  // behind ";"; where exactly is in extension_
    size_lf,    // behind the CR of a size line
    data,
    data_cr,
    data_lf,
    trailer,
  };
  enum class Extension : std::uint8_t { name_start, name, value_start, value, quoted, escaped, quoted_end };

  ErrorKind take_framing(const char*& at, const char* end, Arena& arena);
  ErrorKind take_size(const char*& at, const char* end) noexcept;
  ErrorKind take_extension(const char*& at, const char* end) noexcept;
  ErrorKind end_size_line() noexcept;
  ErrorKind take_trailer(const char*& at, const char* end, Arena& arena);
  ErrorKind take_trailer_line(Arena& arena);
  void keep_trailer_bytes(const char* at, std::size_t size, Arena& arena);
  ErrorKind refuse(std::string_view detail, ErrorKind kind = ErrorKind::bad_request) noexcept;
  bool count_data(std::uint64_t size) noexcept;

  Framing framing_ = Framing::none;
  State state_ = State::done;
  Extension extension_ = Extension::name_start;
  std::uint64_t remaining_ = 0;
  std::uint64_t received_ = 0;
  Fields trailers_;
  Limits limits_{};
  std::uint64_t chunk_ = 0;           // the size being read
  std::uint32_t digits_ = 0;          // of it
  std::uint32_t extension_size_ = 0;  // bytes of this chunk's extensions
  std::uint64_t overhead_ = 0;        // bytes of size lines, of the whole message
  // The trailer section so far, in the arena: a bounded copy, for a line may be split over reads.
  char* trailer_ = nullptr;
  std::uint32_t trailer_size_ = 0;
  std::uint32_t trailer_capacity_ = 0;
  std::uint32_t trailer_line_ = 0;  // where the unfinished line starts
  std::string_view detail_{};
};

// --- writing
// -------------------------------------------------------------------------------------------------------

// "1a2b\r\n" into `out` (at least 18 bytes); how many bytes it wrote.
std::size_t write_chunk_size(char* out, std::uint64_t size) noexcept;
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n";  // then trailers, then "\r\n"

// Bytes that write_fields needs, and the writing: "Name: value\r\n" for each. `out` must have the room.
std::size_t fields_size(const Fields& fields) noexcept;
char* write_fields(char* out, const Fields& fields) noexcept;

}  // namespace turnpike::http::h1
