// Randomness for secrets. For balancing and sampling: base/random.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace turnpike::crypto {

// Fills with bytes that nobody can guess. Throws std::runtime_error if the system has none.
void random_bytes(std::span<std::uint8_t> out);

// A seed for base/random.h.
std::uint64_t random_seed();

}  // namespace turnpike::crypto
