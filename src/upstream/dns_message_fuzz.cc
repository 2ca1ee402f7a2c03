// DNS answers come from the network: the reader must never read beyond them.
#include <cstddef>
#include <cstdint>

#include "upstream/dns_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  turnpike::upstream::shortest_ttl({data, size});
  return 0;
}
