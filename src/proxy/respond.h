// Errors -> responses, the one place (principle 1): operators get the cause, clients get a status and nothing
// else.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace turnpike::proxy {

// The status that a client gets; 0: none, the connection is just closed.
std::uint16_t status_for(ErrorKind kind) noexcept;

}  // namespace turnpike::proxy
