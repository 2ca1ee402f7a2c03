#include "control/seed.h"

#include <sys/random.h>

#include <stdexcept>

namespace turnpike::control {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
    throw std::runtime_error("the kernel gives no random numbers");
  return seed;
}

}  // namespace turnpike::control
