// The parsers of gRPC's small texts, and those that take a stream in pieces: the pieces must make no
// difference.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/grpc/base64_stream.h"
#include "http/grpc/content_type.h"
#include "http/grpc/frame.h"
#include "http/grpc/health.h"
#include "http/grpc/status.h"
#include "http/grpc/timeout.h"
#include "http/grpc/web.h"

using namespace turnpike;
using namespace turnpike::http;

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

void check_texts(std::string_view text) {
  Arena arena;
  if (const auto timeout = grpc::parse_timeout(text)) {
    std::array<char, grpc::kTimeoutSize> buffer;
    const auto again = grpc::parse_timeout(grpc::format_timeout(*timeout, buffer));
    check(again && (*again <= *timeout || *timeout < Duration{1}));
  }
  if (const auto status = grpc::parse_status(text)) check(!grpc::name_of(*status).empty());
  if (grpc::kind_of(text) == grpc::Kind::none) check(grpc::suffix_of(text).empty());
  const std::string_view encoded = grpc::encode_message(text, arena, text.size());
  for (const char c : encoded) check(c >= 0x20 && c <= 0x7e);
  check(grpc::decode_message(encoded) == text);
  Fields fields;
  if (grpc::read_trailer_frame(text, fields, arena).kind == ErrorKind::none) {
    Fields again;
    const std::string_view frame = grpc::write_trailer_frame(fields, arena);
    check(grpc::read_trailer_frame(frame.substr(grpc::kPrefixSize), again, arena).kind == ErrorKind::none ||
          frame.size() > grpc::kMaxTrailerFrame);
    check(frame.size() > grpc::kMaxTrailerFrame || again.size() == fields.size());
  }
  (void)grpc::parse_health_response(text);
}

std::string decode(std::string_view text, std::size_t piece) {
  grpc::Base64Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string part(text.substr(at, piece));
    std::string room(grpc::Base64Decoder::room_for(part.size() + 3), '\0');
    const auto size = decoder.decode(part, room.data());
    if (size < 0) return "bad";
    check(static_cast<std::size_t>(size) <= grpc::Base64Decoder::room_for(part.size() + 3));
    out.append(room, 0, static_cast<std::size_t>(size));
  }
  return out + (decoder.at_boundary() ? "." : "");
}

std::string encode(std::string_view bytes, std::size_t piece) {
  grpc::Base64Encoder encoder;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string_view part = bytes.substr(at, piece);
    std::string room(grpc::Base64Encoder::room_for(part.size()), '\0');
    out.append(room, 0, encoder.encode(part, room.data()));
  }
  char rest[4];
  return out.append(rest, encoder.flush(rest));
}

std::string scan(std::string_view bytes, std::size_t piece, bool web) {
  grpc::FrameScan frames(1000, web);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (const Error error = frames.take(bytes.substr(at, piece)); error.kind != ErrorKind::none)
      return std::string(error.detail);
  }
  return std::to_string(frames.messages()) + (frames.at_boundary() ? "." : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_texts(text);
  check(decode(text, piece) == decode(text, size));
  check(decode(encode(text, piece), piece) == std::string(text) + ".");
  check(scan(text, piece, false) == scan(text, size, false));
  check(scan(text, piece, true) == scan(text, size, true));
  return 0;
}
