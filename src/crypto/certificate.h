// X.509 certificates: chains with their key, and bundles of trusted ones.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/key.h"
#include "crypto/parsed.h"

struct x509_st;        // OpenSSL's X509
struct x509_store_st;  // OpenSSL's X509_STORE

namespace turnpike::crypto {

using WallTime = std::chrono::system_clock::time_point;

// "2026-11-23 05:51:07 UTC".
std::string text_of(WallTime time);

// RFC 5280 §4.2.1.6, as text: addresses as "10.0.0.1" or "::1", names as they stand in the certificate.
struct SubjectAltNames {
  std::vector<std::string> dns;
  std::vector<std::string> uris;
  std::vector<std::string> ips;
  std::vector<std::string> emails;
};

// Immutable; copies share the certificate.
class Certificate {
 public:
  // All certificates of the text in their order, at least one. Errors: "no PEM certificate found",
  // "certificate 2 is damaged: …". Other blocks (keys) are passed over.
  static Parsed<std::vector<Certificate>> all_from_pem(std::string_view pem);
  // Takes a new reference.
  explicit Certificate(x509_st* certificate) noexcept;

  std::string subject() const;  // RFC 2253: "CN=shop,O=Example"
  std::string issuer() const;
  SubjectAltNames names() const;
  WallTime not_before() const noexcept;
  WallTime not_after() const noexcept;
  // SHA-256 over the DER form, 64 lower-case hex digits.
  std::string fingerprint() const;
  bool is_ca() const noexcept;
  bool is_self_issued() const noexcept;
  bool matches_key(const PrivateKey& key) const noexcept;
  // By RFC 6125: names of type DNS (a wildcard stands for one whole label on the left) or IP; never the
  // subject.
  bool matches_host(std::string_view host) const noexcept;
  // "certificate expired on …", "certificate is not valid before …"; nothing when `now` lies between.
  std::optional<std::string> validity_problem(WallTime now) const;
  // PEM, for logs and tests.
  std::string pem() const;

  x509_st* get() const noexcept { return certificate_.get(); }

 private:
  std::shared_ptr<x509_st> certificate_;
};

// What proves an identity: a private key, its certificate and the certificates up to (mostly without) the
// root.
struct KeyPair {
  std::vector<Certificate> chain;  // the leaf first
  PrivateKey key;

  const Certificate& leaf() const noexcept { return chain.front(); }
  // Errors of both parts, "private key does not match certificate", "certificate 2 of the chain has not
  // issued the one before it". Expiry is no error here: see Certificate::validity_problem.
  static Parsed<KeyPair> from_pem(std::string_view chain_pem, std::string_view key_pem);
};

// Certificates that others are verified against. Immutable; copies share it.
class TrustBundle {
 public:
  static Parsed<TrustBundle> from_pem(std::string_view pem);
  // What the machine trusts: $SSL_CERT_FILE, or the bundle of the distribution. Reads a file; keep the
  // result.
  static Parsed<TrustBundle> system();

  std::span<const Certificate> certificates() const noexcept { return *certificates_; }
  // SHA-256 over the certificates, hex: equal bundles have equal digests.
  const std::string& digest() const noexcept { return digest_; }
  x509_store_st* store() const noexcept { return store_.get(); }

 private:
  explicit TrustBundle(std::vector<Certificate> certificates);
  std::shared_ptr<const std::vector<Certificate>> certificates_;
  std::shared_ptr<x509_store_st> store_;
  std::string digest_;
};

}  // namespace turnpike::crypto
