// What all TLS connections of a listener, or to an upstream, have in common. Made at configuration, immutable
// then.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"
#include "tls/tickets.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace turnpike::tls {

enum class Version : std::uint8_t { tls12, tls13 };

// What to do with a client that asks for a name (SNI) that no ServerName serves.
enum class UnknownName : std::uint8_t {
  default_certificate,  // show the first certificate; the client will judge, and the host of the request be
                        // checked
  refuse,               // the alert unrecognized_name
};

// The certificates for a listener's hostname.
struct ServerName {
  // "a.example.com", "*.example.com" (any number of labels, as Gateway API has it) or "" (every name, and
  // none).
  std::string hostname;
  // At least one. Among several that whose names cover the SNI is shown (an exact name before a wildcard, the
  // first if none does); of those that do, RSA and EC side by side, that which the client can verify.
  std::vector<crypto::KeyPair> certificates;
};

// Gateway API frontend validation (GEP-91).
enum class ClientValidation : std::uint8_t {
  none,               // no certificate is asked for
  valid_only,         // AllowValidOnly: without a valid one the handshake fails
  insecure_fallback,  // AllowInsecureFallback: asked for, but one that is missing or invalid is let pass,
                      // marked so
};

struct ServerConfig {
  std::vector<ServerName> names;  // at least one; the first is the default
  UnknownName unknown_name = UnknownName::default_certificate;
  Version min_version = Version::tls12;
  Version max_version = Version::tls13;
  // In our order of preference; empty: none is negotiated. A client that offers ALPN but none of these is
  // refused (RFC 7301 §3.2).
  std::vector<std::string> alpn{"http/1.1"};
  ClientValidation client_validation = ClientValidation::none;
  std::optional<crypto::TrustBundle> client_trust;  // needed unless `none`
  std::shared_ptr<const TicketKeys> tickets;        // null: no resumption
};

// Shared by all workers and by its connections: it may be dropped while connections made from it go on.
class ServerContext {
 public:
  // Errors are sentences for the user.
  static crypto::Parsed<std::shared_ptr<const ServerContext>> make(const ServerConfig& config);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  ssl_ctx_st* get() const noexcept { return context_; }
  // Equal where clients are asked for the same certificates: a connection made under other rules has not
  // shown what these ask for.
  std::uint64_t client_rules() const noexcept { return client_rules_; }

 private:
  ServerContext(ssl_ctx_st* context, std::uint64_t client_rules) noexcept
      : context_(context), client_rules_(client_rules) {}
  ssl_ctx_st* context_;
  std::uint64_t client_rules_;
};

// BackendTLSPolicy spec.validation.subjectAltNames.
struct ExpectedName {
  enum class Type : std::uint8_t { hostname, uri } type = Type::hostname;
  std::string value;
};

struct ClientConfig {
  // For SNI, and what the certificate must be for unless `names` says otherwise. A literal address is
  // verified but not sent. Empty only with verification off.
  std::string server_name;
  std::optional<crypto::TrustBundle>
      trust;  // needed to verify; TrustBundle::system() for what the machine trusts
  // When not empty the certificate must have at least one of these instead of server_name.
  std::vector<ExpectedName> names;
  // Off only where the user wrote so (principle 7).
  bool verify = true;
  std::optional<crypto::KeyPair> certificate;  // shown if the server asks
  std::vector<std::string> alpn{"http/1.1"};
  Version min_version = Version::tls12;
  Version max_version = Version::tls13;
};

class ClientContext {
 public:
  static crypto::Parsed<std::shared_ptr<const ClientContext>> make(const ClientConfig& config);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  ssl_ctx_st* get() const noexcept { return context_; }
  // Sent in the ClientHello; empty for none.
  const std::string& sni() const noexcept { return sni_; }

 private:
  ClientContext(ssl_ctx_st* context, std::string sni) noexcept : context_(context), sni_(std::move(sni)) {}
  ssl_ctx_st* context_;
  std::string sni_;
};

}  // namespace turnpike::tls
