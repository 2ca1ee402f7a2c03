// What a line of the access log looks like: fields and formats, compiled once.
//
// A format is "json" (all fields), a list of fields ("json: time, method, path, status"), or a text with
// %field% placeholders ("%client% \"%method% %path% %protocol%\" %status%"; "%%" is a percent sign). The
// fields are the names of FieldKind; docs/operations.md describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace turnpike::observe {

// All that is known of a request when it is over. Texts are views that need to live during record() only;
// empty ones are null in JSON and "-" in text.
struct AccessRecord {
  TimePoint start{};               // first byte of the request
  Duration duration{};             // to the last byte of the response
  Duration upstream_duration{-1};  // of the last attempt, to the head of its response; negative: no attempt
  std::string_view method, scheme, authority, path, query,
      protocol;                     // path as received; protocol: "HTTP/1.1"
  std::uint16_t status = 0;         // 0: no response was sent
  std::int16_t grpc_status = -1;    // of a call; negative: none, or the request was no call
  std::uint16_t attempts = 0;       // requests sent to upstreams
  std::uint64_t bytes_in = 0;       // of the request's body
  std::uint64_t bytes_out = 0;      // of the response's body
  std::string_view response_flags;  // name_of(ErrorKind); empty: the upstream's own response
  std::string_view detail;          // Error::detail
  std::string_view listener, route, rule, upstream, endpoint;
  std::string_view client;  // its address, without the port
  std::string_view request_id, traceparent, user_agent, referer, tls_version, sni;
};

// The fields that a format may name.
enum class FieldKind : std::uint8_t {
#define X(name) name,
#include "observe/access_fields.def"
#undef X
};

// Wall-clock time of a record's `start`, without reading a clock for each: the text of a second is kept. One
// per thread.
class FormatClock {
 public:
  // Writes "2026-11-23T05:37:00.123Z" (24 bytes).
  char* write(char* to, TimePoint at) noexcept;
  // For tests: what the wall clock says at `steady`, in nanoseconds since 1970. Kept for a second of steady
  // time.
  void anchor(TimePoint steady, std::int64_t unix_ns) noexcept;

 private:
  void refresh(TimePoint at) noexcept;
  void format_second(std::int64_t second) noexcept;
  std::int64_t offset_ = 0;  // wall - steady, ns
  TimePoint valid_until_ = TimePoint::min();
  std::int64_t second_ = INT64_MIN;
  char text_[20] = {};  // "2026-11-23T05:37:00."
};

// What "json" writes.
inline constexpr std::string_view kDefaultFields =
    "time, client, method, authority, path, query, protocol, status, grpc_status, "
    "response_flags, detail, duration_ms, "
    "upstream_ms, "
    "attempts, bytes_in, bytes_out, listener, route, rule, upstream, endpoint, request_id, trace_id, "
    "user_agent, "
    "tls_version";

class AccessFormat {
 public:
  // A longer line is cut inside its texts ("..." stands at their ends); it is still one line and, with JSON,
  // valid.
  static constexpr std::size_t kMaxLine = std::size_t{16} * 1024;
  static constexpr std::size_t kMaxText = 2048;    // of one text before escaping
  static constexpr std::size_t kMaxFormat = 2048;  // of the format itself

  AccessFormat();  // "json"
  // The error names what is wrong: an unknown field with the nearest known one, a "%" without its partner.
  static std::expected<AccessFormat, std::string> parse(std::string_view text);

  // Writes one line with its '\n' to `to`, which has room for kMaxLine bytes; the end of it. Whatever the
  // texts hold, it is one line, printable, and with JSON one valid object in UTF-8.
  char* write(char* to, const AccessRecord& record, FormatClock& clock) const noexcept;

 private:
  struct Part {
    std::uint16_t literal = 0;  // offset into literals_ of what stands before the field
    std::uint16_t length = 0;
    FieldKind field{};
  };
  explicit AccessFormat(bool json) : json_(json) {}
  void add(std::string_view literal, FieldKind field);
  void finish(std::string_view tail);
  static std::expected<AccessFormat, std::string> parse_fields(std::string_view list);
  static std::expected<AccessFormat, std::string> parse_text(std::string_view text);

  bool json_;
  std::string literals_;  // with room behind them, so that they can be copied in blocks
  std::vector<Part> parts_;
  Part tail_;              // what stands after the last field, with '\n'
  std::size_t fixed_ = 0;  // most bytes of all that is no text
};

}  // namespace turnpike::observe
