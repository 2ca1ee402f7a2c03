// Errors -> responses, the one place (principle 1): operators get the cause, clients get a status and nothing
// else.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "http/grpc/status.h"

namespace turnpike::proxy {

// The status that a client gets; 0: none, the connection is just closed.
std::uint16_t status_for(ErrorKind kind) noexcept;

// The same for a gRPC call (grpc.cc): where no better one is meant, what a client makes of the HTTP status.
http::grpc::Status grpc_status_for(ErrorKind kind) noexcept;

}  // namespace turnpike::proxy
