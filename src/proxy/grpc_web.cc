#include "proxy/grpc_web.h"

#include <algorithm>

#include "http/grpc/web.h"
#include "proxy/iovecs.h"

namespace turnpike::proxy {
namespace {

using http::grpc::Base64Decoder;
using http::grpc::Base64Encoder;

// Empties the buffer and sees to it that so much fits.
void prepare(Buffer& buffer, std::size_t size) {
  buffer.clear();
  if (buffer.capacity() >= size) return;
  buffer.release();
  buffer.allocate(std::max(size, Buffer::kSize));
}

}  // namespace

void WebRequest::begin_round(std::size_t most) {
  if (text_) prepare(decoded_, Base64Decoder::room_for(most + 3));
}

Error WebRequest::take(std::string_view data, std::string_view& out) {
  out = data;
  if (text_) {
    char* const to = decoded_.room().data();
    const std::ptrdiff_t size = decoder_.decode(data, to);
    if (size < 0) return client_error(ErrorKind::bad_request, "the content is not base64");
    decoded_.filled(static_cast<std::size_t>(size));
    out = {to, static_cast<std::size_t>(size)};
  }
  return scan_.take(out);
}

Error WebRequest::end(http::Fields&, Arena&, std::string_view& out) {
  out = {};
  if (decoder_.at_boundary() && scan_.at_boundary()) return {};
  return client_error(ErrorKind::bad_request, "the content ends within a gRPC message");
}

void WebRequest::rewind() noexcept {
  decoder_ = {};
  scan_ = http::grpc::FrameScan(UINT32_MAX);
}

void WebResponse::begin_round(std::size_t most) {
  // Each piece has its own padding; there are no more of them than a list of ranges holds.
  if (text_) prepare(encoded_, Base64Encoder::room_for(most) + std::size_t{4} * Iovecs::kMost);
}

std::string_view WebResponse::encode(std::string_view data) noexcept {
  char* const to = encoded_.room().data();
  std::size_t size = encoder_.encode(data, to);
  size += encoder_.flush(to + size);
  encoded_.filled(size);
  return {to, size};
}

Error WebResponse::take(std::string_view data, std::string_view& out) {
  out = text_ ? encode(data) : data;
  return {};
}

Error WebResponse::end(http::Fields& trailers, Arena& arena, std::string_view& out) {
  out = http::grpc::write_trailer_frame(trailers, arena);
  trailers.clear();
  if (!text_) return {};
  const std::string_view frame = out;
  char* const to = static_cast<char*>(arena.allocate(Base64Encoder::room_for(frame.size()) + 4, 1));
  std::size_t size = encoder_.encode(frame, to);
  size += encoder_.flush(to + size);
  out = {to, size};
  return {};
}

}  // namespace turnpike::proxy
