// The one internal form of an HTTP message (RFC 9110), the same for every version of the protocol.
// Texts are views into the connection's buffer or the exchange's arena (principle 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/fields.h"

namespace turnpike::http {

enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };
Method method_from(std::string_view token) noexcept;  // case-sensitive, RFC 9110 §9.1
std::string_view name_of(Method method) noexcept;     // "GET"; "" for other
// RFC 9110 §9.2.1, §9.2.2. `other` is neither.
bool is_safe(Method method) noexcept;
bool is_idempotent(Method method) noexcept;

enum class Version : std::uint8_t { http10, http11, http2 };

// How the length of a message's content is told (RFC 9112 §6).
enum class Framing : std::uint8_t {
  none,         // no content
  length,       // Content-Length
  chunked,      // Transfer-Encoding: chunked as the only coding
  until_close,  // responses only; HTTP/2: until END_STREAM, also of requests
};

struct RequestHead {
  Method method = Method::other;
  Version version = Version::http11;
  Framing framing = Framing::none;
  bool keep_alive = true;            // what the client wants, RFC 9112 §9.3
  bool expect_continue = false;      // Expect: 100-continue
  bool upgrade = false;              // Connection: upgrade with an Upgrade field
  std::uint64_t content_length = 0;  // with Framing::length

  std::string_view method_text;
  std::string_view target;     // as received
  std::string_view scheme;     // of an absolute-form target, else empty
  std::string_view authority;  // of the absolute-form target, else Host; empty if neither
  std::string_view
      path;  // of origin-form or absolute-form, "*" for asterisk-form; as received until normalised
  std::string_view query;  // without "?"
  bool has_query = false;
  std::string_view protocol;  // of an extended CONNECT (:protocol, RFC 8441): "websocket"; else empty
  Fields fields;
};

struct ResponseHead {
  std::uint16_t status = 0;
  Version version = Version::http11;
  Framing framing = Framing::none;
  bool keep_alive = true;
  std::uint64_t content_length = 0;
  std::string_view reason;
  Fields fields;
};

// The reason phrase for a status we write ourselves: "Not Found"; "" if it has none.
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace turnpike::http
