#include "http/h1/head.h"

#include <algorithm>

#include "base/strings.h"

namespace turnpike::http::h1 {
namespace {

static_assert(sizeof(std::size_t) == 8, "two offsets are kept in one size_t");

constexpr std::size_t kEarly = 64;  // so many bytes of a start line are judged as they come

void read_connection(std::string_view value, Survey& out) noexcept {
  for_each_element(value, [&out](std::string_view option) {
    if (equals_ignoring_case(option, "close")) out.close = true;
    if (equals_ignoring_case(option, "keep-alive")) out.keep_alive = true;
    if (equals_ignoring_case(option, "upgrade")) out.upgrade_option = true;
    return true;
  });
}

void take_single(const Field*& slot, const Field& field, bool& repeated) noexcept {
  repeated |= slot != nullptr;
  slot = &field;
}

}  // namespace

bool worth_parsing(std::string_view bytes, std::size_t& scanned, std::size_t start_line_limit,
                   const Limits& limits, const Scan& scan) noexcept {
  if (scanned == 0 || bytes.size() >= limits.head) return true;
  const std::size_t line = scanned >> 32;
  const std::size_t at = scanned & 0xffffffff;
  if (at >= bytes.size()) return false;
  const bool start_line = line == 0;
  if (start_line && bytes.size() - line <= kEarly) return true;
  if (bytes.size() - line > (start_line ? start_line_limit : limits.field_line)) return true;
  if (at > 0 && bytes[at - 1] == '\n') return true;  // the first byte of a line may be an error
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* const stop = scan.text(begin, begin + at, end);
  const bool wait = stop == end || (*stop == '\r' && stop + 1 == end);
  if (wait) scanned = line << 32 | static_cast<std::size_t>(stop - begin);
  return !wait;
}

std::size_t remember(std::string_view bytes, const char* line) noexcept {
  std::size_t at = std::min<std::size_t>(bytes.size(), 0xffffffff);
  if (at > 0 && bytes[at - 1] == '\r') --at;
  return static_cast<std::size_t>(line - bytes.data()) << 32 | at;
}

Survey survey(const Fields& fields) noexcept {
  Survey out;
  for (const Field& field : fields) {
    switch (field.id) {
      case FieldId::host:
        take_single(out.host, field, out.repeated);
        break;
      case FieldId::content_length:
        take_single(out.content_length, field, out.repeated);
        break;
      case FieldId::transfer_encoding:
        take_single(out.transfer_encoding, field, out.repeated);
        break;
      case FieldId::connection:
        read_connection(field.value, out);
        break;
      case FieldId::upgrade:
        out.upgrade = true;
        break;
      case FieldId::expect:
        (equals_ignoring_case(field.value, "100-continue") ? out.expect_continue : out.expect_other) = true;
        break;
      default:
        break;
    }
  }
  return out;
}

Coding read_transfer_encoding(std::string_view value) noexcept {
  Coding coding = Coding::malformed;
  bool chunked = false;
  for (bool first = true;; first = false) {
    const std::size_t comma = value.find(',');
    const std::string_view name = trim(value.substr(0, comma));
    const bool token = !name.empty() && std::all_of(name.begin(), name.end(), is_token_byte);
    if (!token || chunked) return Coding::malformed;  // no parameters; nothing after chunked
    chunked = equals_ignoring_case(name, "chunked");
    coding = chunked && first ? Coding::chunked : Coding::unknown;
    if (comma == std::string_view::npos) return coding;
    value.remove_prefix(comma + 1);
  }
}

std::size_t version_mismatch(std::string_view text) noexcept {
  static constexpr std::string_view kPattern = "HTTP/0.0";
  const std::size_t size = std::min(text.size(), kPattern.size());
  for (std::size_t i = 0; i < size; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kPattern[i] == '0' ? !digit : text[i] != kPattern[i]) return i;
  }
  return std::string_view::npos;
}

}  // namespace turnpike::http::h1
