#include <cstddef>
#include <string_view>

#include "http/h1/scan.h"
#include "http/h1/scan_list.h"
// The loop, after everything it needs.
#include "http/h1/field_lines.h"

namespace turnpike::http::h1 {
namespace {

struct Scalar {
  static const char* token(const char*, const char* at, const char* end) noexcept {
    while (at != end && is_token_byte(*at)) ++at;
    return at;
  }
  static const char* target(const char*, const char* at, const char* end) noexcept {
    while (at != end && is_target_byte(*at)) ++at;
    return at;
  }
  static const char* text(const char*, const char* at, const char* end) noexcept {
    while (at != end && is_text_byte(*at)) ++at;
    return at;
  }
};

}  // namespace

constinit const Scan kScalarScan = {Isa::scalar, Scalar::token, Scalar::target, Scalar::text,
                                    read_field_lines<Scalar>};

}  // namespace turnpike::http::h1
