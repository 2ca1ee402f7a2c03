// Which of gRPC's protocols a message speaks, by its content-type (gRPC over HTTP/2; gRPC-Web, protocol
// differences).
#pragma once

#include <cstdint>
#include <string_view>

namespace turnpike::http::grpc {

enum class Kind : std::uint8_t {
  none,      // something else
  grpc,      // application/grpc
  web,       // application/grpc-web
  web_text,  // application/grpc-web-text: the same in base64
};

// The kind of a content-type's value: the media type without case, perhaps with a suffix such as "+proto" or
// "+json" and with parameters. "application/grpcfoo" is none.
Kind kind_of(std::string_view content_type) noexcept;

// What stands behind the media type's own name and tells how messages are encoded: "+proto" of
// "application/grpc-web+proto"; empty if there is none. Parameters are left out.
std::string_view suffix_of(std::string_view content_type) noexcept;

}  // namespace turnpike::http::grpc
