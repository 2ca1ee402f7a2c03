// The frame of trailers that ends a response of gRPC-Web (PROTOCOL-WEB.md): what HTTP/2 has as trailers
// stands there as lines "name: value" with lower-case names, since browsers show no trailers.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "http/fields.h"

namespace turnpike::http::grpc {

inline constexpr std::size_t kMaxTrailerFrame = 64 * 1024;  // bytes of such a frame that is read

// The frame with its prefix, in the arena. Fields whose text could end a line early do not occur: fields are
// valid.
std::string_view write_trailer_frame(const Fields& trailers, Arena& arena);

// The fields in the content of such a frame (without its prefix); their texts are views of it. Lines end with
// CRLF or LF; names are tokens (RFC 9110 §5.6.2), values hold no control characters. Errors: bad_request.
Error read_trailer_frame(std::string_view content, Fields& trailers, Arena& arena);

}  // namespace turnpike::http::grpc
