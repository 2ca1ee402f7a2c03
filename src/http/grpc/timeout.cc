#include "http/grpc/timeout.h"

#include <charconv>
#include <cstdint>

#include "base/strings.h"

namespace turnpike::http::grpc {

namespace {

struct Unit {
  char letter;
  std::int64_t nanoseconds;
};
// The finest first.
constexpr Unit kUnits[] = {{'n', 1},
                           {'u', 1'000},
                           {'m', 1'000'000},
                           {'S', 1'000'000'000},
                           {'M', 60'000'000'000},
                           {'H', 3'600'000'000'000}};
constexpr std::int64_t kLargest = 99'999'999;
constexpr std::size_t kDigits = 8;

}  // namespace

std::optional<Duration> parse_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > kDigits + 1) return std::nullopt;
  const auto value = parse_decimal<std::int64_t>(text.substr(0, text.size() - 1));
  if (!value) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter != text.back()) continue;
    if (*value > Duration::max().count() / unit.nanoseconds) return Duration::max();
    return Duration{*value * unit.nanoseconds};
  }
  return std::nullopt;
}

std::string_view format_timeout(Duration timeout, std::array<char, kTimeoutSize>& buffer) noexcept {
  const std::int64_t wanted = timeout.count() < 1 ? 1 : timeout.count();
  std::int64_t value = kLargest;
  char letter = 'H';
  for (const Unit& unit : kUnits) {
    if (wanted / unit.nanoseconds > kLargest) continue;
    value = wanted / unit.nanoseconds;
    letter = unit.letter;
    break;
  }
  char* const end = std::to_chars(buffer.data(), buffer.data() + kDigits, value).ptr;
  *end = letter;
  return {buffer.data(), static_cast<std::size_t>(end + 1 - buffer.data())};
}

}  // namespace turnpike::http::grpc
