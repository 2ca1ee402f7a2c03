#include <cstring>

#include "http/h1/codec.h"

namespace turnpike::http::h1 {
namespace {

char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

std::size_t write_chunk_size(char* out, std::uint64_t size) noexcept {
  const auto digits = static_cast<std::size_t>((64 - __builtin_clzll(size | 1) + 3) / 4);
  for (std::size_t i = digits; i > 0; --i) {
    out[i - 1] = "0123456789abcdef"[size & 15];
    size >>= 4;
  }
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

std::size_t fields_size(const Fields& fields) noexcept {
  std::size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

char* write_fields(char* out, const Fields& fields) noexcept {
  for (const Field& field : fields) {
    out = put(out, field.name);
    *out++ = ':';
    *out++ = ' ';
    out = put(out, field.value);
    *out++ = '\r';
    *out++ = '\n';
  }
  return out;
}

}  // namespace turnpike::http::h1
