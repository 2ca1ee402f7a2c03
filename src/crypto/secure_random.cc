#include "crypto/secure_random.h"

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace turnpike::crypto {

void random_bytes(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  if (RAND_bytes_ex(nullptr, out.data(), out.size(), 0) != 1)
    throw std::runtime_error("no secure randomness");
}

std::uint64_t random_seed() {
  std::uint8_t bytes[8];
  random_bytes(bytes);
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return seed;
}

}  // namespace turnpike::crypto
