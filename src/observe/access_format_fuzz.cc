// Whatever a request holds, its line is one printable line within the bound, and with JSON one valid object.
// The first part of the input is the format, the rest are the record's texts.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "observe/access_format.h"
#include "observe/json_check.h"

namespace turnpike::observe {
namespace {

void check(const AccessFormat& format, const AccessRecord& record, bool json) {
  // Exactly the room that is asked for: one byte more is found by the sanitizer.
  std::vector<char> room(AccessFormat::kMaxLine);
  FormatClock clock;
  const std::string_view line(
      room.data(), static_cast<std::size_t>(format.write(room.data(), record, clock) - room.data()));
  if (line.empty() || line.find('\n') != line.size() - 1) std::abort();
  const std::string_view inside = line.substr(0, line.size() - 1);
  if (json && !JsonCheck::valid(inside)) std::abort();
  if (!json) return;
  for (char c : inside) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
}

}  // namespace
}  // namespace turnpike::observe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnpike::observe;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  // Texts are separated by the byte 0xfe; a length byte after it repeats them.
  std::vector<std::string> texts;
  while (texts.size() < 24) {
    const std::size_t end = rest.find('\xfe');
    std::string text(rest.substr(0, end));
    std::size_t times = 1;
    if (end != std::string_view::npos && end + 1 < rest.size())
      times = 1 + static_cast<unsigned char>(rest[end + 1]);
    std::string repeated;
    for (std::size_t i = 0; i < times && repeated.size() < 5000; ++i) repeated += text;
    texts.push_back(texts.empty() ? text : repeated);
    rest = end == std::string_view::npos || end + 2 > rest.size() ? std::string_view{} : rest.substr(end + 2);
  }
  AccessRecord r;
  std::size_t i = 1;
  for (std::string_view* text :
       {&r.method,      &r.scheme,         &r.authority, &r.path,        &r.query,
        &r.protocol,    &r.response_flags, &r.detail,    &r.listener,    &r.route,
        &r.rule,        &r.upstream,       &r.endpoint,  &r.client,      &r.request_id,
        &r.traceparent, &r.user_agent,     &r.referer,   &r.tls_version, &r.sni}) {
    *text = texts[i++];
  }
  r.bytes_out = size * 0x123456789abcULL;
  r.duration = turnpike::Duration(static_cast<std::int64_t>(r.bytes_out));
  static const AccessFormat kAll = AccessFormat::parse("json: *").value();
  check(kAll, r, true);
  const auto format = AccessFormat::parse(texts[0]);
  if (format) check(*format, r, texts[0].starts_with("json:") || texts[0] == "json");
  return 0;
}
