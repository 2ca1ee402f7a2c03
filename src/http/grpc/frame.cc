#include "http/grpc/frame.h"

#include <algorithm>

namespace turnpike::http::grpc {

Prefix read_prefix(const char* five_bytes) noexcept {
  const auto byte = [&](int i) { return std::uint32_t{static_cast<unsigned char>(five_bytes[i])}; };
  return {static_cast<std::uint8_t>(byte(0)), byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4)};
}

void write_prefix(Prefix prefix, char* five_bytes) noexcept {
  five_bytes[0] = static_cast<char>(prefix.flags);
  for (int i = 0; i < 4; ++i) five_bytes[1 + i] = static_cast<char>(prefix.size >> (24 - 8 * i));
}

Error FrameScan::begin_frame() noexcept {
  const Prefix prefix = read_prefix(prefix_);
  prefix_bytes_ = 0;
  const std::uint8_t known = web_ ? kCompressed | kTrailers : kCompressed;
  if ((prefix.flags & ~known) != 0)
    return client_error(ErrorKind::bad_request, "a gRPC message has unknown flags");
  if (prefix.size > most_) return client_error(ErrorKind::bad_request, "a gRPC message is too long");
  if ((prefix.flags & kTrailers) != 0) {
    trailers_ = true;
  } else {
    ++messages_;
  }
  left_ = prefix.size;
  return {};
}

Error FrameScan::take(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::size_t taken = std::min<std::size_t>(left_, bytes.size());
      left_ -= static_cast<std::uint32_t>(taken);
      bytes.remove_prefix(taken);
      continue;
    }
    if (trailers_) return client_error(ErrorKind::bad_request, "a gRPC-Web message follows the trailers");
    prefix_[prefix_bytes_++] = bytes.front();
    bytes.remove_prefix(1);
    if (prefix_bytes_ < kPrefixSize) continue;
    if (const Error error = begin_frame(); error.kind != ErrorKind::none) return error;
  }
  return {};
}

}  // namespace turnpike::http::grpc
