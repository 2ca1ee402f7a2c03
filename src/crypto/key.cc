#include "crypto/key.h"

#include <openssl/pem.h>

#include <new>
#include <utility>

#include "crypto/openssl.h"

namespace turnpike::crypto {
namespace {

// No question at a terminal that nobody sits at.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

PrivateKey::PrivateKey(evp_pkey_st* key) noexcept : key_(key, EVP_PKEY_free) {}

Parsed<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos)
    return std::unexpected("no PEM private key found");
  ERR_clear_error();
  bool asked = false;
  const OwnedBio bio = read_from(pem);
  OwnedKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  if (key == nullptr) {
    const std::string why = take_openssl_error();
    if (asked) {
      return std::unexpected(
          "the private key is encrypted: store it without a passphrase (openssl pkey -in key.pem -out "
          "plain.pem)");
    }
    return std::unexpected("the private key is damaged (" + why + ")");
  }
  return PrivateKey(key.release());
}

KeyType PrivateKey::type() const noexcept {
  switch (EVP_PKEY_get_base_id(key_.get())) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return KeyType::rsa;
    case EVP_PKEY_EC:
      return KeyType::ec;
    case EVP_PKEY_ED25519:
      return KeyType::ed25519;
    default:
      return KeyType::other;
  }
}

int PrivateKey::bits() const noexcept { return EVP_PKEY_get_bits(key_.get()); }

}  // namespace turnpike::crypto
