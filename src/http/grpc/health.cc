#include "http/grpc/health.h"

#include <optional>

#include "http/grpc/frame.h"

namespace turnpike::http::grpc {

namespace {

// Wire types of Protocol Buffers.
enum Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// At most ten bytes; nothing if it is cut off or too long.
std::optional<std::uint64_t> take_varint(std::string_view& in) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

bool skip(std::string_view& in, std::uint8_t wire) noexcept {
  std::uint64_t size = 0;
  switch (wire) {
    case kVarint:
      return take_varint(in).has_value();
    case kFixed64:
      size = 8;
      break;
    case kFixed32:
      size = 4;
      break;
    case kBytes: {
      const auto length = take_varint(in);
      if (!length) return false;
      size = *length;
      break;
    }
    default:
      return false;  // groups, which proto3 does not have
  }
  if (size > in.size()) return false;
  in.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += static_cast<char>(1 << 3 | kBytes);
    put_varint(message, service.size());
    message += service;
  }
  std::string out(kPrefixSize, '\0');
  write_prefix({0, static_cast<std::uint32_t>(message.size())}, out.data());
  return out + message;
}

std::expected<Serving, std::string_view> parse_health_response(std::string_view content) noexcept {
  if (content.size() < kPrefixSize) return std::unexpected("the response has no message");
  const Prefix prefix = read_prefix(content.data());
  content.remove_prefix(kPrefixSize);
  if (prefix.flags != 0) return std::unexpected("the message is compressed");
  if (prefix.size > kMaxHealthResponse) return std::unexpected("the message is too long");
  if (prefix.size != content.size()) return std::unexpected("the response is not one message");
  std::uint64_t status = 0;
  while (!content.empty()) {
    const auto key = take_varint(content);
    if (!key || *key >> 3 == 0 || *key > UINT32_MAX) return std::unexpected("the message is malformed");
    const auto wire = static_cast<std::uint8_t>(*key & 7);
    if (*key >> 3 != 1) {
      if (!skip(content, wire)) return std::unexpected("the message is malformed");
      continue;
    }
    const auto value = wire == kVarint ? take_varint(content) : std::nullopt;
    if (!value) return std::unexpected("the message is malformed");
    status = *value;
  }
  return status <= 3 ? static_cast<Serving>(status) : Serving::unknown;
}

}  // namespace turnpike::http::grpc
