// Certificates made up on the spot, for tests of crypto/, tls/ and what stands on them. Nothing else may use
// this.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace turnpike::crypto {

struct TestCertificate {
  std::string common_name;
  std::vector<std::string>
      names;  // subject alternative names: "DNS:a.example.com", "URI:spiffe://x/y", "IP:127.0.0.1"
  KeyType key = KeyType::ec;  // P-256, RSA-2048 or Ed25519
  bool ca = false;
  std::chrono::seconds valid_from{-3600};  // from now
  std::chrono::seconds valid_until{86400};
};

struct TestIdentity {
  std::string chain_pem;  // the leaf and intermediates, without the root
  std::string key_pem;
  KeyPair pair() const;  // aborts the test program when they do not fit
};

// A root, or an intermediate of one, with its key. Copies share it.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& common_name);
  TestAuthority intermediate(const std::string& common_name) const;
  TestIdentity issue(const TestCertificate& wanted) const;
  const std::string& pem() const noexcept { return pem_; }
  TrustBundle trust() const;

 private:
  TestAuthority() = default;
  std::string pem_;    // of its own certificate
  std::string chain_;  // what goes after a leaf
  std::string key_pem_;
};

}  // namespace turnpike::crypto
