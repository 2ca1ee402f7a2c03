#include "http/h1/scan.h"

#include "http/h1/scan_list.h"

namespace turnpike::http::h1 {

const Scan* scan_for(Isa isa) noexcept {
  switch (isa) {
    case Isa::scalar:
      return &kScalarScan;
#if defined(__x86_64__)
    case Isa::sse42:
      return __builtin_cpu_supports("sse4.2") ? &kSse42Scan : nullptr;
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") ? &kAvx2Scan : nullptr;
#else
    case Isa::sse42:
    case Isa::avx2:
      break;
#endif
  }
  return nullptr;
}

const Scan& best_scan() noexcept {
  static const Scan* const best = [] {
    for (const Isa isa : {Isa::avx2, Isa::sse42}) {
      if (const Scan* scan = scan_for(isa)) return scan;
    }
    return scan_for(Isa::scalar);
  }();
  return *best;
}

ParseResult parse_request(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                          RequestHead& out) {
  return parse_request(bytes, scanned, limits, arena, out, best_scan());
}

ParseResult parse_response(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                           Method request_method, ResponseHead& out) {
  return parse_response(bytes, scanned, limits, arena, request_method, out, best_scan());
}

}  // namespace turnpike::http::h1
