// Rules about parts of a message that no version of HTTP changes.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace turnpike::http {

// RFC 9110 §8.6: digits only, no superfluous zero, below 2^63. False if it is anything else.
bool read_content_length(std::string_view value, std::uint64_t& length) noexcept;

// Sets path, query and has_query from "/path?query".
void split_query(std::string_view text, RequestHead& out) noexcept;

}  // namespace turnpike::http
