// Base64 of a stream that comes in pieces, as gRPC-Web's text form has it (RFC 4648 §4; each piece that the
// sender flushed may have its own padding, so that padding may stand amid the text).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace turnpike::http::grpc {

class Base64Decoder {
 public:
  // The most that decode() writes for so many characters.
  static constexpr std::size_t room_for(std::size_t characters) noexcept { return (characters + 3) / 4 * 3; }

  // Decodes all of `text` to `out` (room_for() bytes; may be where the text lies). Bytes written; -1 if it is
  // not base64: any other character, padding in the wrong place, unused bits that are not zero.
  std::ptrdiff_t decode(std::string_view text, char* out) noexcept;
  // Whether the text may end here.
  bool at_boundary() const noexcept { return count_ == 0; }

 private:
  bool finish_group(char*& out) noexcept;

  std::uint32_t bits_ = 0;
  std::uint8_t count_ = 0;    // characters of the current group of four
  std::uint8_t padding_ = 0;  // of them "="
};

class Base64Encoder {
 public:
  static constexpr std::size_t room_for(std::size_t bytes) noexcept { return (bytes + 2 + 2) / 3 * 4; }

  // Encodes all of `bytes` to `out`, but for up to two bytes that wait for more; characters written.
  std::size_t encode(std::string_view bytes, char* out) noexcept;
  // The bytes that wait, with padding: at most 4 characters. The stream may go on after it.
  std::size_t flush(char* out) noexcept;

 private:
  std::uint32_t bits_ = 0;
  std::uint8_t count_ = 0;  // bytes that wait
};

}  // namespace turnpike::http::grpc
