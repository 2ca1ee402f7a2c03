// Statuses of gRPC (statuscodes.md) and how they relate to those of HTTP (http-grpc-status-mapping.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace turnpike::http::grpc {

enum class Status : std::uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};
inline constexpr unsigned kStatusCount = 17;

// The value of a field grpc-status. A number that is none of the above is `unknown`, as the specification
// asks; nothing if it is no number.
std::optional<Status> parse_status(std::string_view text) noexcept;
// "14".
std::string_view digits_of(Status status) noexcept;
// "UNAVAILABLE", and back.
std::string_view name_of(Status status) noexcept;
std::optional<Status> status_named(std::string_view name) noexcept;  // without case

// What a client makes of an HTTP response without grpc-status.
Status status_from_http(unsigned http) noexcept;
// The HTTP status that means nearly the same, as google.rpc.Code has it.
unsigned http_from_status(Status status) noexcept;
// Whether the status says that something is wrong with the server rather than with the call: what outlier
// detection counts. A deadline is the caller's choice, a method that is missing its mistake.
bool blames_server(Status status) noexcept;

// The value of a field grpc-message: what is not printable ASCII, and "%", percent-encoded. At most `most`
// bytes of the message are taken, so that the field is bounded.
std::string_view encode_message(std::string_view message, Arena& arena, std::size_t most = 512);
// The message again; what is not an escape stands for itself.
std::string decode_message(std::string_view field);

}  // namespace turnpike::http::grpc
