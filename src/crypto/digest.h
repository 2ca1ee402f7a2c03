// SHA-256, SHA-1, HMAC and comparison without a side channel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace turnpike::crypto {

using Digest256 = std::array<std::uint8_t, 32>;
using Digest160 = std::array<std::uint8_t, 20>;

Digest256 sha256(std::string_view bytes);
// Where a protocol asks for it (RFC 6455 §4.2.2): it protects nothing.
Digest160 sha1(std::string_view bytes);
Digest256 hmac_sha256(std::string_view key, std::string_view bytes);

// SHA-256 over pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  // The piece and its length, so that ("ab", "c") and ("a", "bc") differ.
  void update_delimited(std::string_view bytes);
  // Once; the object is of no use afterwards.
  Digest256 finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Lower-case hexadecimal.
std::string hex(std::span<const std::uint8_t> bytes);

// Takes the same time whatever differs; only the length shows. For secrets.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

// Overwrites a secret in a way that no optimiser removes.
void wipe(void* memory, std::size_t size) noexcept;

}  // namespace turnpike::crypto
