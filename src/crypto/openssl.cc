#include "crypto/openssl.h"

#include <climits>
#include <new>

namespace turnpike::crypto {

OwnedBio read_from(std::string_view text) {
  const std::size_t size = text.size() < INT_MAX ? text.size() : INT_MAX;
  OwnedBio bio(BIO_new_mem_buf(text.data() == nullptr ? "" : text.data(), static_cast<int>(size)));
  if (bio == nullptr) throw std::bad_alloc();
  return bio;
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

}  // namespace turnpike::crypto
