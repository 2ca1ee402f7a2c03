// What parsing of configured material gives: the value, or a sentence for the user who configured it.
#pragma once

#include <expected>
#include <string>

namespace turnpike::crypto {

// The message names the fault and, where there is one, the way out; it names neither file nor field: the
// caller knows.
template <class T>
using Parsed = std::expected<T, std::string>;

}  // namespace turnpike::crypto
