// Requests: every implementation and every way of cutting the bytes must understand the same. The first two
// bytes choose the limits and the size of the pieces.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/transcript.h"

using namespace turnpike;
using namespace turnpike::http::h1;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1200) return -1;  // long enough for every limit below
  const std::size_t piece = (data[0] & 0x7f) % 67 + 1;
  Limits limits;
  if ((data[1] & 1) != 0) limits.request_line = 40;
  if ((data[1] & 2) != 0) limits.field_line = 30;
  if ((data[1] & 4) != 0) limits.head = 120;
  if ((data[1] & 8) != 0) limits.field_count = 3;
  if ((data[1] & 16) != 0) limits.body = 20;
  if ((data[1] & 32) != 0) limits.trailer = 25;
  // Ended, for a fault in an unfinished line may show at once or at the line's end.
  const std::string bytes = std::string(reinterpret_cast<const char*>(data) + 2, size - 2) + "\r\n";
  Transcript whole(Transcript::Side::requests, *scan_for(Isa::scalar), limits);
  whole.read(bytes);
  for (const Isa isa : {Isa::scalar, Isa::sse42, Isa::avx2}) {
    const Scan* const scan = scan_for(isa);
    if (scan == nullptr) continue;
    Transcript again(Transcript::Side::requests, *scan, limits);
    if (again.read(bytes).text() != whole.text()) std::abort();
  }
  // In pieces with one of them: what they could disagree on is in the bytes, not in the cuts.
  const Scan& scan = *scan_for((data[0] & 0x80) != 0 ? Isa::scalar : best_scan().isa);
  Transcript pieces(Transcript::Side::requests, scan, limits);
  if (pieces.read(bytes, piece).text() != whole.text()) std::abort();
  return 0;
}
