#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "crypto/certificate.h"

namespace turnpike::crypto {

// The bundle is read whole: OpenSSL's default store would read files while a worker verifies.
Parsed<TrustBundle> TrustBundle::system() {
  constexpr const char* kPlaces[] = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/etc/ssl/cert.pem",
  };
  const auto read = [](const char* path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  if (const char* chosen = std::getenv("SSL_CERT_FILE"); chosen != nullptr && *chosen != '\0') {
    auto bundle = from_pem(read(chosen));
    if (!bundle) return std::unexpected(std::string(chosen) + " (SSL_CERT_FILE): " + bundle.error());
    return bundle;
  }
  for (const char* place : kPlaces) {
    const std::string text = read(place);
    if (text.empty()) continue;
    auto bundle = from_pem(text);
    if (!bundle) return std::unexpected(std::string(place) + ": " + bundle.error());
    return bundle;
  }
  return std::unexpected(
      "this machine has no bundle of trusted certificates: install ca-certificates, or set SSL_CERT_FILE");
}

}  // namespace turnpike::crypto
