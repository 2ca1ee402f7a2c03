#include "http/grpc/web.h"

#include <cstdint>
#include <cstring>

#include "base/strings.h"
#include "http/grpc/frame.h"

namespace turnpike::http::grpc {

namespace {

bool is_token_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_token_character(c)) return false;
  }
  return !text.empty();
}

bool is_value(std::string_view text) noexcept {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

std::string_view write_trailer_frame(const Fields& trailers, Arena& arena) {
  std::size_t size = 0;
  for (const Field& field : trailers) size += field.name.size() + field.value.size() + 4;
  char* const start = static_cast<char*>(arena.allocate(kPrefixSize + size, 1));
  write_prefix({kTrailers, static_cast<std::uint32_t>(size)}, start);
  char* at = start + kPrefixSize;
  const auto put = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  for (const Field& field : trailers) {
    for (const char c : field.name) *at++ = to_lower(c);
    put(": ");
    put(field.value);
    put("\r\n");
  }
  return {start, kPrefixSize + size};
}

Error read_trailer_frame(std::string_view content, Fields& trailers, Arena& arena) {
  if (content.size() > kMaxTrailerFrame)
    return client_error(ErrorKind::bad_request, "the trailers of gRPC-Web are too long");
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name))
      return client_error(ErrorKind::bad_request, "a trailer of gRPC-Web has no valid name");
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_value(value))
      return client_error(ErrorKind::bad_request, "a trailer of gRPC-Web has a bad value");
    trailers.add(arena, name, value);
  }
  return {};
}

}  // namespace turnpike::http::grpc
