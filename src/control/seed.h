// Where the program's random numbers begin.
#pragma once

#include <cstdint>

namespace turnpike::control {

// From the kernel; throws std::runtime_error when it has no randomness. The only place where randomness
// enters the data plane, so that tests can give constants instead (principle 12).
std::uint64_t random_seed();

}  // namespace turnpike::control
