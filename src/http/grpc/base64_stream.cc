#include "http/grpc/base64_stream.h"

#include <array>

namespace turnpike::http::grpc {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

}  // namespace

std::ptrdiff_t Base64Decoder::decode(std::string_view text, char* out) noexcept {
  char* const start = out;
  for (const char c : text) {
    if (c == '=') {
      if (count_ < 2) return -1;
      ++padding_;
      bits_ <<= 6;
    } else {
      const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
      if (value == kNone || padding_ > 0) return -1;
      bits_ = bits_ << 6 | value;
    }
    if (++count_ == 4 && !finish_group(out)) return -1;
  }
  return out - start;
}

bool Base64Decoder::finish_group(char*& out) noexcept {
  const std::uint32_t unused = padding_ == 2 ? 0xffff : padding_ == 1 ? 0xff : 0;
  if ((bits_ & unused) != 0) return false;
  *out++ = static_cast<char>(bits_ >> 16);
  if (padding_ < 2) *out++ = static_cast<char>(bits_ >> 8);
  if (padding_ < 1) *out++ = static_cast<char>(bits_);
  bits_ = 0;
  count_ = padding_ = 0;
  return true;
}

std::size_t Base64Encoder::encode(std::string_view bytes, char* out) noexcept {
  char* const start = out;
  for (const char c : bytes) {
    bits_ = bits_ << 8 | static_cast<unsigned char>(c);
    if (++count_ < 3) continue;
    for (int shift = 18; shift >= 0; shift -= 6) *out++ = kAlphabet[bits_ >> shift & 63];
    bits_ = 0;
    count_ = 0;
  }
  return static_cast<std::size_t>(out - start);
}

std::size_t Base64Encoder::flush(char* out) noexcept {
  if (count_ == 0) return 0;
  const std::uint32_t bits = count_ == 1 ? bits_ << 16 : bits_ << 8;
  out[0] = kAlphabet[bits >> 18 & 63];
  out[1] = kAlphabet[bits >> 12 & 63];
  out[2] = count_ == 1 ? '=' : kAlphabet[bits >> 6 & 63];
  out[3] = '=';
  bits_ = 0;
  count_ = 0;
  return 4;
}

}  // namespace turnpike::http::grpc
