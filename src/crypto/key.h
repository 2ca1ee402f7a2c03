// A private key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/parsed.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace turnpike::crypto {

enum class KeyType : std::uint8_t { rsa, ec, ed25519, other };

// Immutable; copies share the key. Safe to use from several threads.
class PrivateKey {
 public:
  // PKCS#8, PKCS#1 (RSA) and SEC 1 (EC); the first key in the text counts. Errors: "no PEM private key
  // found", "the private key is encrypted …", "the private key is damaged …".
  static Parsed<PrivateKey> from_pem(std::string_view pem);

  KeyType type() const noexcept;
  // Of the modulus or the curve: 2048, 256.
  int bits() const noexcept;
  evp_pkey_st* get() const noexcept { return key_.get(); }

 private:
  explicit PrivateKey(evp_pkey_st* key) noexcept;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace turnpike::crypto
