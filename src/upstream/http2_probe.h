// One request over an HTTP/2 connection of its own, for health checks.
#pragma once

#include <expected>
#include <string_view>

#include "http/message.h"
#include "io/stream.h"
#include "io/task.h"

namespace turnpike::upstream {

// The status of the final response, or a literal that says what is wrong. `head` must live till the end.
io::Task<std::expected<unsigned, std::string_view>> ask_status(io::Stream& stream,
                                                               const http::RequestHead& head,
                                                               TimePoint deadline);

// What the gRPC health service says of `service` (empty: of the server): nothing if it is serving, else a
// literal that says what is wrong. `head` is that of a POST whose path, fields and content are set here.
io::Task<std::string_view> ask_health(io::Stream& stream, http::RequestHead& head, std::string_view service,
                                      TimePoint deadline);

}  // namespace turnpike::upstream
