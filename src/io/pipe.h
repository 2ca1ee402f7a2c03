// Two streams joined in memory: the standard transport of unit tests (principle 12).
#pragma once

#include <memory>
#include <utility>

#include "io/stream.h"

namespace turnpike::io {

// What one end writes the other reads. `capacity` bounds what is under way in each direction: a writer beyond
// it would block. `most_per_call` splits reads and writes into small pieces, to test partial ones. Both ends
// live on one loop.
struct PipeOptions {
  std::size_t capacity = std::size_t{64} * 1024;
  std::size_t most_per_call = SIZE_MAX;
};
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe(Loop& loop, PipeOptions options = {});

}  // namespace turnpike::io
