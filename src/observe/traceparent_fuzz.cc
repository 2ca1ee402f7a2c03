// What is taken for a traceparent is exactly what the specification allows, and is written back the same.
#include <cstdint>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>

#include "observe/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnpike::observe;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 4096) return 0;
  static const std::regex kForm("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");
  const auto context = parse_traceparent(text);
  std::smatch parts;
  const std::string head = text.substr(0, kTraceparentSize);
  bool good = std::regex_match(head, parts, kForm) && parts[1] != "ff" && parts[2] != std::string(32, '0') &&
              parts[3] != std::string(16, '0');
  if (good && size > kTraceparentSize) good = parts[1] != "00" && text[kTraceparentSize] == '-';
  if (good != context.has_value()) std::abort();
  if (context) {
    char written[kTraceparentSize];
    if (write_traceparent(*context, written).substr(2) != head.substr(2)) std::abort();
    if (trace_id_of(text) != parts[2].str()) std::abort();
  }
  turnpike::Random random(size);
  if (is_request_id(text) && text.find_first_of("\r\n\"\\ ,;<>%") != std::string::npos) std::abort();
  return 0;
}
