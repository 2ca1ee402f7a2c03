#include "observe/trace.h"

#include <algorithm>
#include <cstring>

namespace turnpike::observe {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// The values of the lower-case digits; 16 for all else.
constexpr auto kDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(16);
  for (std::uint8_t i = 0; i < 16; ++i) table[static_cast<unsigned char>(kHex[i])] = i;
  return table;
}();
constexpr unsigned digit(char c) noexcept { return kDigits[static_cast<unsigned char>(c)]; }

template <class Byte>
bool read_hex(std::string_view text, Byte* to) noexcept {
  unsigned faults = 0;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const unsigned high = digit(text[i]);
    const unsigned low = digit(text[i + 1]);
    faults |= high | low;
    to[i / 2] = static_cast<Byte>((high << 4 | low) & 0xff);
  }
  return (faults & 16) == 0;
}

char* write_hex(char* to, const std::uint8_t* bytes, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    *to++ = kHex[bytes[i] >> 4];
    *to++ = kHex[bytes[i] & 15];
  }
  return to;
}

char* write_hex(char* to, std::uint64_t value) noexcept {
  for (int shift = 60; shift >= 0; shift -= 4) *to++ = kHex[value >> shift & 15];
  return to;
}

std::uint64_t not_zero(Random& random) noexcept {
  std::uint64_t value = random.next();
  while (value == 0) value = random.next();
  return value;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  // version "-" trace-id "-" parent-id "-" trace-flags
  if (text.size() < kTraceparentSize || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  std::uint8_t version = 0;
  if (!read_hex(text.substr(0, 2), &version) || version == 0xff) return std::nullopt;
  if (text.size() > kTraceparentSize && (version == 0 || text[kTraceparentSize] != '-')) return std::nullopt;
  TraceContext context;
  std::array<std::uint8_t, 8> parent{};
  if (!read_hex(text.substr(3, 32), context.trace_id.data()) ||
      !read_hex(text.substr(36, 16), parent.data()) || !read_hex(text.substr(53, 2), &context.flags)) {
    return std::nullopt;
  }
  for (std::uint8_t byte : parent) context.parent_id = context.parent_id << 8 | byte;
  const bool has_id = std::ranges::any_of(context.trace_id, [](std::uint8_t byte) { return byte != 0; });
  if (!has_id || context.parent_id == 0) return std::nullopt;
  return context;
}

TraceContext start_trace(Random& random, bool sampled) noexcept {
  TraceContext context;
  const std::uint64_t id[2] = {not_zero(random), random.next()};
  std::memcpy(context.trace_id.data(), id, sizeof id);
  context.parent_id = not_zero(random);
  context.flags = sampled ? TraceContext::kSampled : 0;
  return context;
}

TraceContext continue_trace(const TraceContext& received, Random& random) noexcept {
  TraceContext context = received;
  context.parent_id = not_zero(random);
  context.flags &= TraceContext::kSampled;
  return context;
}

std::string_view write_traceparent(const TraceContext& context, char* to) noexcept {
  char* at = to;
  *at++ = '0';
  *at++ = '0';
  *at++ = '-';
  at = write_hex(at, context.trace_id.data(), context.trace_id.size());
  *at++ = '-';
  at = write_hex(at, context.parent_id);
  *at++ = '-';
  at = write_hex(at, &context.flags, 1);
  return {to, static_cast<std::size_t>(at - to)};
}

std::string_view trace_id_of(std::string_view traceparent) noexcept {
  return parse_traceparent(traceparent) ? traceparent.substr(3, 32) : std::string_view{};
}

std::string_view write_request_id(Random& random, char* to) noexcept {
  const std::uint64_t bits[2] = {random.next(), random.next()};
  std::uint8_t bytes[16];
  std::memcpy(bytes, bits, sizeof bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // the variant of RFC 9562
  char* at = to;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    at = write_hex(at, bytes + i, 1);
  }
  return {to, kRequestIdSize};
}

bool is_request_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:+/=@").find(c) != std::string_view::npos;
  });
}

}  // namespace turnpike::observe
