// Which fields trailers may have.
#pragma once

#include "http/fields.h"

namespace turnpike::http::h1 {

// False for fields that frame, route, authenticate, condition or describe a message (RFC 9110 §6.5.1):
// whoever merges trailers into the head would let a sender change what was decided by the head. "_" counts as
// "-".
bool may_be_trailer(const Field& field) noexcept;

}  // namespace turnpike::http::h1
