// Messages of gRPC on the wire: a byte of flags, four bytes of length (big-endian), the message (gRPC over
// HTTP/2, Length-Prefixed-Message). In gRPC-Web the uppermost flag marks the trailers instead of a message.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace turnpike::http::grpc {

inline constexpr std::size_t kPrefixSize = 5;
inline constexpr std::uint8_t kCompressed = 0x01;
inline constexpr std::uint8_t kTrailers = 0x80;  // gRPC-Web only

struct Prefix {
  std::uint8_t flags = 0;
  std::uint32_t size = 0;  // of the message behind it
};
Prefix read_prefix(const char* five_bytes) noexcept;
void write_prefix(Prefix prefix, char* five_bytes) noexcept;

// Follows messages through a stream that comes in pieces, without keeping any of it: what is wrong with it,
// and where messages end.
class FrameScan {
 public:
  // Messages above `most` bytes are an error. `web`: a frame of trailers may end the stream.
  explicit FrameScan(std::uint64_t most, bool web = false) noexcept : most_(most), web_(web) {}

  // Takes all bytes. Error: bad_request with what is wrong; nothing more may be given then.
  Error take(std::string_view bytes) noexcept;
  // Whether the stream may end here: not within a message.
  bool at_boundary() const noexcept { return prefix_bytes_ == 0 && left_ == 0; }
  std::uint64_t messages() const noexcept { return messages_; }  // begun
  bool trailers_seen() const noexcept { return trailers_; }

 private:
  Error begin_frame() noexcept;

  std::uint64_t most_;
  std::uint64_t messages_ = 0;
  std::uint32_t left_ = 0;  // of the message
  char prefix_[kPrefixSize] = {};
  std::uint8_t prefix_bytes_ = 0;
  bool web_;
  bool trailers_ = false;
};

}  // namespace turnpike::http::grpc
