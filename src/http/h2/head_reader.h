// Header blocks -> validated messages (RFC 9113 §8). What HTTP/1.1 could read differently never gets beyond
// this.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/h2/hpack_decoder.h"
#include "http/h2/limits.h"
#include "http/message.h"

namespace turnpike::http::h2 {

struct HeadVerdict {
  enum class Kind : std::uint8_t {
    good,
    malformed,        // stream error PROTOCOL_ERROR (§8.1.1)
    too_large,        // more fields or bytes than we take: 431, or the stream is reset
    bad_expectation,  // Expect other than 100-continue: 417
    broken,           // connection error COMPRESSION_ERROR
    abuse,            // Budget::header_list: ends the connection
  };
  Kind kind = Kind::good;
  std::string_view detail{};  // string literal, for operators
};

// All of them decode the whole block, also behind the first fault, for the decoder must stay in step. Texts
// and fields are in the arena.

// `end_stream` decides the framing.
HeadVerdict read_request(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                         bool end_stream, RequestHead& out);
// `request_method` decides whether there is content (RFC 9110 §6.4.1).
HeadVerdict read_response(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                          Method request_method, bool end_stream, ResponseHead& out);
HeadVerdict read_trailers(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                          Fields& out);
// Of a stream that we do not care for any more.
HeadVerdict skip_block(Decoder& decoder, std::string_view block, const Limits& limits);

}  // namespace turnpike::http::h2
