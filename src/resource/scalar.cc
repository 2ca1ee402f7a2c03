#include "resource/scalar.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/strings.h"

namespace turnpike::resource {

std::optional<Duration> parse_duration(std::string_view text) {
  // GEP-2257: ^([0-9]{1,5}(h|m|s|ms)){1,4}$
  Duration total{};
  int parts = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == 0 || digits > 5 || ++parts > 4) return std::nullopt;
    const std::int64_t number = *parse_decimal<std::int64_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    if (text.starts_with("ms")) {
      total += std::chrono::milliseconds(number);
      text.remove_prefix(2);
      continue;
    }
    if (text.empty()) return std::nullopt;
    switch (text.front()) {
      case 'h':
        total += std::chrono::hours(number);
        break;
      case 'm':
        total += std::chrono::minutes(number);
        break;
      case 's':
        total += std::chrono::seconds(number);
        break;
      default:
        return std::nullopt;
    }
    text.remove_prefix(1);
  }
  if (parts == 0) return std::nullopt;
  return total;
}

std::string format_duration(Duration value) {
  std::int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  if (left == 0) return "0s";
  std::string out;
  const auto part = [&](std::int64_t unit, const char* name) {
    if (left >= unit) out += std::to_string(left / unit) + name;
    left %= unit;
  };
  part(3'600'000, "h");
  part(60'000, "m");
  part(1'000, "s");
  part(1, "ms");
  return out;
}

namespace {

struct SizeUnit {
  std::string_view suffix;
  std::uint64_t factor;
};
constexpr std::array<SizeUnit, 9> kSizeUnits{{{"Gi", 1ULL << 30},
                                              {"Mi", 1ULL << 20},
                                              {"Ki", 1ULL << 10},
                                              {"Ti", 1ULL << 40},
                                              {"k", 1'000},
                                              {"M", 1'000'000},
                                              {"G", 1'000'000'000},
                                              {"T", 1'000'000'000'000},
                                              {"", 1}}};

}  // namespace

std::optional<ByteSize> parse_byte_size(std::string_view text) {
  for (const SizeUnit& unit : kSizeUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto number = parse_decimal(text.substr(0, text.size() - unit.suffix.size()));
    if (!number || *number > (1ULL << 50) / unit.factor) return std::nullopt;
    return ByteSize{*number * unit.factor};
  }
  return std::nullopt;
}

std::string format_byte_size(ByteSize value) {
  for (const SizeUnit& unit : {kSizeUnits[0], kSizeUnits[1], kSizeUnits[2]}) {
    if (value.bytes != 0 && value.bytes % unit.factor == 0) {
      return std::to_string(value.bytes / unit.factor) + std::string(unit.suffix);
    }
  }
  return std::to_string(value.bytes);
}

namespace {

// inet_pton wants a terminated text; 45 characters hold any address.
bool to_bytes(int family, std::string_view text, void* bytes) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  if (std::strlen(copy) != text.size()) return false;
  return inet_pton(family, copy, bytes) == 1;
}

}  // namespace

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  Cidr cidr;
  if (to_bytes(AF_INET, address, cidr.bytes.data())) {
    cidr.prefix = 32;
  } else if (to_bytes(AF_INET6, address, cidr.bytes.data())) {
    cidr.ipv6 = true;
    cidr.prefix = 128;
  } else {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return cidr;
  const auto prefix = parse_decimal<std::uint8_t>(text.substr(slash + 1));
  if (!prefix || *prefix > cidr.prefix) return std::nullopt;
  for (unsigned bit = *prefix; bit < cidr.prefix; ++bit) {
    if ((cidr.bytes[bit / 8] >> (7 - bit % 8)) & 1) return std::nullopt;
  }
  cidr.prefix = *prefix;
  return cidr;
}

bool Cidr::contains(const std::uint8_t* address, bool address_is_ipv6) const noexcept {
  if (address_is_ipv6 != ipv6) return false;
  const unsigned whole = prefix / 8U;
  if (std::memcmp(address, bytes.data(), whole) != 0) return false;
  const unsigned rest = prefix % 8U;
  if (rest == 0) return true;
  const unsigned mask = 0xffU << (8 - rest);
  return ((address[whole] ^ bytes[whole]) & mask & 0xffU) == 0;
}

bool is_ipv4_address(std::string_view text) {
  std::uint8_t bytes[4];
  return to_bytes(AF_INET, text, bytes);
}

bool is_ip_address(std::string_view text) {
  std::uint8_t bytes[16];
  return is_ipv4_address(text) || to_bytes(AF_INET6, text, bytes);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  // 2006-01-02T15:04:05[.999](Z|+hh:mm)
  const auto number = [&](std::size_t at, std::size_t length) -> int {
    if (at + length > text.size()) return -1;
    return parse_decimal<int>(text.substr(at, length)).value_or(-1);
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if ((text[10] != 'T' && text[10] != 't' && text[10] != ' ') || second < 0 || hour < 0 || minute < 0)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (year < 1 || month < 1 || day < 1 || !date.ok() || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  std::size_t at = 19;
  if (text[at] == '.') {
    do ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9');
  }
  if (at >= text.size()) return std::nullopt;
  std::int64_t offset = 0;
  if (text[at] == '+' || text[at] == '-') {
    const int hours = number(at + 1, 2), minutes = number(at + 4, 2);
    if (hours < 0 || minutes < 0 || text.size() != at + 6 || text[at + 3] != ':') return std::nullopt;
    offset = (hours * 60 + minutes) * (text[at] == '+' ? 60 : -60);
  } else if ((text[at] != 'Z' && text[at] != 'z') || at + 1 != text.size()) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86'400 + hour * 3'600 + minute * 60 + second - offset;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    if (padding > 0) return std::nullopt;
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+') {
      value = 62;
    } else if (c == '/') {
      value = 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | value;
    if (++count == 4) {
      out += static_cast<char>(bits >> 16);
      out += static_cast<char>(bits >> 8 & 0xff);
      out += static_cast<char>(bits & 0xff);
      bits = 0;
      count = 0;
    }
  }
  if (count == 1 || (count + padding) % 4 != 0) return std::nullopt;
  if (count == 2) out += static_cast<char>(bits >> 4);
  if (count == 3) {
    out += static_cast<char>(bits >> 10);
    out += static_cast<char>(bits >> 2 & 0xff);
  }
  return out;
}

std::optional<bool> parse_boolean(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on", "y"}) {
    if (equals_ignoring_case(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "off", "n"}) {
    if (equals_ignoring_case(text, word)) return false;
  }
  return std::nullopt;
}

std::string_view plain_type_of(std::string_view text) {
  if (text.empty()) return {};
  // "y" and "n" alone stay text in Kubernetes' reader.
  if (text.size() > 1 && parse_boolean(text)) return "a boolean";
  std::string_view rest = text;
  if (rest.front() == '+' || rest.front() == '-') rest.remove_prefix(1);
  if (equals_ignoring_case(rest, ".inf") || equals_ignoring_case(text, ".nan")) return "a number";
  if (rest.empty() || !((rest.front() >= '0' && rest.front() <= '9') || rest.front() == '.')) return {};
  if (rest.starts_with("0x") || rest.starts_with("0o") || rest.starts_with("0b")) {
    const int base = rest[1] == 'x' ? 16 : rest[1] == 'o' ? 8 : 2;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest.data() + 2, rest.data() + rest.size(), value, base);
    return error == std::errc{} && end == rest.data() + rest.size() ? "a number" : std::string_view{};
  }
  bool digit = false;
  bool dot = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c >= '0' && c <= '9') {
      digit = true;
    } else if (c == '.' && !dot) {
      dot = true;
    } else if (c == '_' && digit) {
    } else if ((c == 'e' || c == 'E') && digit) {
      std::string_view exponent = rest.substr(i + 1);
      if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
      return parse_decimal(exponent) ? "a number" : std::string_view{};
    } else {
      return {};
    }
  }
  return digit ? "a number" : std::string_view{};
}

}  // namespace turnpike::resource
