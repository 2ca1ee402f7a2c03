// Responses, as request_fuzz.cc does for requests; the second byte also chooses the method that was asked.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/transcript.h"

using namespace turnpike;
using namespace turnpike::http;
using namespace turnpike::http::h1;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1200) return -1;  // long enough for every limit below
  const std::size_t piece = (data[0] & 0x7f) % 67 + 1;
  const Method method = (data[1] & 3) == 1   ? Method::head
                        : (data[1] & 3) == 2 ? Method::connect
                                             : Method::get;
  Limits limits;
  if ((data[1] & 4) != 0) limits.head = 100;
  if ((data[1] & 8) != 0) limits.request_line = 20;
  if ((data[1] & 16) != 0) limits.body = 20;
  // Ended, for a fault in an unfinished line may show at once or at the line's end.
  const std::string bytes = std::string(reinterpret_cast<const char*>(data) + 2, size - 2) + "\r\n";
  Transcript whole(Transcript::Side::responses, *scan_for(Isa::scalar), limits, method);
  whole.read(bytes);
  for (const Isa isa : {Isa::scalar, Isa::sse42, Isa::avx2}) {
    const Scan* const scan = scan_for(isa);
    if (scan == nullptr) continue;
    Transcript again(Transcript::Side::responses, *scan, limits, method);
    if (again.read(bytes).text() != whole.text()) std::abort();
  }
  // In pieces with one of them: what they could disagree on is in the bytes, not in the cuts.
  const Scan& scan = *scan_for((data[0] & 0x80) != 0 ? Isa::scalar : best_scan().isa);
  Transcript pieces(Transcript::Side::responses, scan, limits, method);
  if (pieces.read(bytes, piece).text() != whole.text()) std::abort();
  return 0;
}
