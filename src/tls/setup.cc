#include "tls/setup.h"

#include <utility>

namespace turnpike::tls {
namespace {

// Ephemeral ECDH and AEAD only (RFC 9325 §4.2); AES-128 first, which costs least where the processor has AES.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256";
// No SHA-1; the order is that of cost.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:ECDSA+SHA512:"
    "RSA-PSS+SHA512:RSA+SHA512";
constexpr int kDeepestChain = 8;

int number_of(Version version) noexcept {
  return version == Version::tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

}  // namespace

crypto::Parsed<OwnedContext> make_context(const SSL_METHOD* method, Version min, Version max) {
  if (max < min) return std::unexpected("the lowest TLS version is above the highest");
  ERR_clear_error();
  OwnedContext context(SSL_CTX_new(method));
  SSL_CTX* const c = context.get();
  const bool good =
      c != nullptr && SSL_CTX_set_min_proto_version(c, number_of(min)) == 1 &&
      SSL_CTX_set_max_proto_version(c, number_of(max)) == 1 && SSL_CTX_set_cipher_list(c, kCiphers12) == 1 &&
      SSL_CTX_set_ciphersuites(c, kCiphers13) == 1 && SSL_CTX_set1_groups_list(c, kGroups) == 1 &&
      SSL_CTX_set1_sigalgs_list(c, kSignatures) == 1;
  if (!good) return std::unexpected("OpenSSL refuses its set-up: " + crypto::take_openssl_error());
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                             SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(
      c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Records that carry no data come back to TlsStream::read, which counts them.
  SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);
  // One read of the socket for a whole record, or several, instead of one for its header and one for the
  // rest.
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_verify_depth(c, kDeepestChain);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  return context;
}

std::optional<std::string> use_key_pair(SSL_CTX* context, const crypto::KeyPair& pair) {
  const crypto::Owned<STACK_OF(X509), [](STACK_OF(X509) * s) { sk_X509_free(s); }> chain(sk_X509_new_null());
  for (std::size_t i = 1; i < pair.chain.size(); ++i) sk_X509_push(chain.get(), pair.chain[i].get());
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(context, pair.leaf().get(), pair.key.get(), chain.get(), 1) == 1)
    return std::nullopt;
  return "certificate (" + pair.leaf().subject() + ") cannot be used: " + crypto::take_openssl_error();
}

crypto::Parsed<std::string> alpn_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) return std::unexpected("an ALPN protocol has 1 to 255 bytes");
    out += static_cast<char>(name.size());
    out += name;
  }
  return out;
}

std::string_view name_of_verify_error(long error) noexcept {
  switch (error) {
    case X509_V_OK:
      return "";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return "certificate is for another name";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is signed by an unknown authority";
    case X509_V_ERR_INVALID_PURPOSE:
      return "certificate is not meant for this use";
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return "certificate was not verified";
    default:
      return X509_verify_cert_error_string(error);
  }
}

}  // namespace turnpike::tls
