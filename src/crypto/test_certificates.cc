#include "crypto/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <cstdlib>

#include "crypto/openssl.h"
#include "crypto/secure_random.h"

namespace turnpike::crypto {
namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "test certificates: %s: %s\n", what, take_openssl_error().c_str());
  std::abort();
}

OwnedKey make_key(KeyType type) {
  EVP_PKEY* key = type == KeyType::rsa       ? EVP_RSA_gen(2048)
                  : type == KeyType::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                             : EVP_EC_gen("P-256");
  require(key != nullptr, "key");
  return OwnedKey(key);
}

std::string pem_of(EVP_PKEY* key) {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

struct Made {
  std::string certificate_pem;
  std::string key_pem;
};

// Self-signed without an issuer.
Made make(const TestCertificate& wanted, X509* issuer, EVP_PKEY* issuer_key) {
  const OwnedKey key = make_key(wanted.key);
  const OwnedX509 certificate(X509_new());
  X509* const x = certificate.get();
  X509_set_version(x, 2);
  const std::uint64_t serial = random_seed() >> 1;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial);
  X509_gmtime_adj(X509_getm_notBefore(x), static_cast<long>(wanted.valid_from.count()));
  X509_gmtime_adj(X509_getm_notAfter(x), static_cast<long>(wanted.valid_until.count()));
  X509_set_pubkey(x, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1, -1, 0);
  X509* const signer = issuer != nullptr ? issuer : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  add_extension(x, signer, NID_basic_constraints, wanted.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(x, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) add_extension(x, signer, NID_authority_key_identifier, "keyid:always");
  add_extension(x, signer, NID_key_usage,
                wanted.ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  std::string names;
  for (const std::string& name : wanted.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(x, signer, NID_subject_alt_name, names);
  EVP_PKEY* const signing = issuer_key != nullptr ? issuer_key : key.get();
  const bool plain = EVP_PKEY_get_base_id(signing) == EVP_PKEY_ED25519;
  require(X509_sign(x, signing, plain ? nullptr : EVP_sha256()) > 0, "sign");
  return {Certificate(x).pem(), pem_of(key.get())};
}

}  // namespace

KeyPair TestIdentity::pair() const {
  auto pair = KeyPair::from_pem(chain_pem, key_pem);
  require(pair.has_value(), pair ? "" : pair.error().c_str());
  return std::move(*pair);
}

TestAuthority::TestAuthority(const std::string& common_name) {
  Made made = make({.common_name = common_name, .ca = true}, nullptr, nullptr);
  pem_ = std::move(made.certificate_pem);
  key_pem_ = std::move(made.key_pem);
}

TestIdentity TestAuthority::issue(const TestCertificate& wanted) const {
  const auto mine = Certificate::all_from_pem(pem_);
  const auto key = PrivateKey::from_pem(key_pem_);
  require(mine && key, "authority");
  Made made = make(wanted, mine->front().get(), key->get());
  return {made.certificate_pem + chain_, std::move(made.key_pem)};
}

TestAuthority TestAuthority::intermediate(const std::string& common_name) const {
  const TestIdentity identity = issue({.common_name = common_name, .ca = true});
  TestAuthority out;
  out.pem_ = identity.chain_pem.substr(0, identity.chain_pem.size() - chain_.size());
  out.chain_ = identity.chain_pem;
  out.key_pem_ = identity.key_pem;
  return out;
}

TrustBundle TestAuthority::trust() const {
  auto bundle = TrustBundle::from_pem(pem_);
  require(bundle.has_value(), "trust");
  return std::move(*bundle);
}

}  // namespace turnpike::crypto
