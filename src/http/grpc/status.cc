#include "http/grpc/status.h"

#include <array>
#include <iterator>

#include "base/strings.h"

namespace turnpike::http::grpc {

namespace {

struct Row {
  std::string_view name;
  std::string_view digits;
  std::uint16_t http;
};
constexpr std::array<Row, kStatusCount> kRows{{{"OK", "0", 200},
                                               {"CANCELLED", "1", 499},
                                               {"UNKNOWN", "2", 500},
                                               {"INVALID_ARGUMENT", "3", 400},
                                               {"DEADLINE_EXCEEDED", "4", 504},
                                               {"NOT_FOUND", "5", 404},
                                               {"ALREADY_EXISTS", "6", 409},
                                               {"PERMISSION_DENIED", "7", 403},
                                               {"RESOURCE_EXHAUSTED", "8", 429},
                                               {"FAILED_PRECONDITION", "9", 400},
                                               {"ABORTED", "10", 409},
                                               {"OUT_OF_RANGE", "11", 400},
                                               {"UNIMPLEMENTED", "12", 501},
                                               {"INTERNAL", "13", 500},
                                               {"UNAVAILABLE", "14", 503},
                                               {"DATA_LOSS", "15", 500},
                                               {"UNAUTHENTICATED", "16", 401}}};

const Row& row(Status status) noexcept { return kRows[static_cast<std::size_t>(status)]; }

bool is_plain(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != '%'; }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::optional<Status> parse_status(std::string_view text) noexcept {
  if (text.size() > 10) return std::nullopt;
  const auto number = parse_decimal<std::uint64_t>(text);
  if (!number) return std::nullopt;
  return *number < kStatusCount ? static_cast<Status>(*number) : Status::unknown;
}

std::string_view digits_of(Status status) noexcept { return row(status).digits; }

std::string_view name_of(Status status) noexcept { return row(status).name; }

std::optional<Status> status_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (equals_ignoring_case(kRows[i].name, name)) return static_cast<Status>(i);
  }
  return std::nullopt;
}

Status status_from_http(unsigned http) noexcept {
  switch (http) {
    case 400:
      return Status::internal;
    case 401:
      return Status::unauthenticated;
    case 403:
      return Status::permission_denied;
    case 404:
      return Status::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Status::unavailable;
    default:
      return Status::unknown;
  }
}

unsigned http_from_status(Status status) noexcept { return row(status).http; }

bool blames_server(Status status) noexcept {
  return status == Status::unknown || status == Status::internal || status == Status::unavailable ||
         status == Status::data_loss;
}

std::string_view encode_message(std::string_view message, Arena& arena, std::size_t most) {
  message = message.substr(0, most);
  std::size_t size = 0;
  for (const char c : message) size += is_plain(c) ? 1 : 3;
  if (size == message.size()) return message;
  constexpr std::string_view hex = "0123456789ABCDEF";
  char* const start = static_cast<char*>(arena.allocate(size, 1));
  char* at = start;
  for (const char c : message) {
    if (is_plain(c)) {
      *at++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *at++ = '%';
    *at++ = hex[byte >> 4];
    *at++ = hex[byte & 15];
  }
  return {start, size};
}

std::string decode_message(std::string_view field) {
  std::string out;
  out.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '%' && i + 2 < field.size()) {
      const int high = hex_digit(field[i + 1]);
      const int low = hex_digit(field[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += field[i];
  }
  return out;
}

}  // namespace turnpike::http::grpc
