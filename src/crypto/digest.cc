#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>
#include <new>

namespace turnpike::crypto {
namespace {

// Fetched once: looking an algorithm up by name takes locks in OpenSSL 3.0.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  return algorithm;
}

void check(int ok) {
  if (ok != 1) throw std::bad_alloc();  // the algorithm is there: only memory can be missing
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr ? 1 : 0);
  check(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr));
}

void Sha256::update(std::string_view bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

void Sha256::update_delimited(std::string_view bytes) {
  std::uint8_t size[8];
  for (unsigned i = 0; i < 8; ++i)
    size[i] = static_cast<std::uint8_t>(std::uint64_t{bytes.size()} >> (8 * i));
  update({reinterpret_cast<const char*>(size), sizeof size});
  update(bytes);
}

Digest256 Sha256::finish() {
  Digest256 out;
  check(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr));
  return out;
}

Digest256 sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

Digest160 sha1(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  Digest160 out;
  unsigned size = 0;
  check(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, algorithm, nullptr));
  return out;
}

Digest256 hmac_sha256(std::string_view key, std::string_view bytes) {
  Digest256 out;
  unsigned size = 0;
  // HMAC() takes an int; a longer key stands for its digest (RFC 2104 §2) anyway.
  const Digest256 short_key = key.size() > INT_MAX ? sha256(key) : Digest256{};
  if (key.size() > INT_MAX) key = {reinterpret_cast<const char*>(short_key.data()), short_key.size()};
  check(HMAC(sha256_algorithm(), key.data() == nullptr ? "" : key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size) != nullptr
            ? 1
            : 0);
  return out;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(void* memory, std::size_t size) noexcept { OPENSSL_cleanse(memory, size); }

}  // namespace turnpike::crypto
