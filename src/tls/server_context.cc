#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>
#include <utility>

#include "base/hash.h"
#include "crypto/digest.h"
#include "l4/server_name.h"
#include "tls/callbacks.h"
#include "tls/context.h"
#include "tls/server_names.h"
#include "tls/setup.h"

namespace turnpike::tls {
namespace {

// How long a client may resume: both keys of TicketKeys cover it.
constexpr long kSessionSeconds = 3600L * TicketKeys::kRotateHours;
// More names of authorities would only swell each handshake: clients then choose by themselves.
constexpr std::size_t kMostAuthoritiesNamed = 16;

struct ServerState {
  explicit ServerState(const ServerConfig& config)
      : names(config.names), unknown_name(config.unknown_name), tickets(config.tickets) {}
  ServerNames names;
  std::vector<SSL_CTX*> contexts;    // by set; the first is the one that owns this state
  std::vector<OwnedContext> others;  // owns all but the first
  UnknownName unknown_name;
  std::string alpn;
  std::shared_ptr<const TicketKeys> tickets;
};

// The host name of the ClientHello; nothing if it is malformed.
std::optional<std::string> requested_name(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return std::string();
  l4::ServerName name;
  if (!name.read({reinterpret_cast<const char*>(data), size})) return std::nullopt;
  return std::string(name.text());
}

// Before the session ticket is looked at, so that it is judged by the context of the name that was asked for.
int on_client_hello(SSL* ssl, int* alert, void* argument) noexcept {
  const auto& state = *static_cast<const ServerState*>(argument);
  std::optional<std::string> name = requested_name(ssl);
  if (!name) {
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    return SSL_CLIENT_HELLO_ERROR;
  }
  std::optional<std::size_t> set = state.names.find(*name);
  Callbacks::set_sni(ssl, std::move(*name));
  if (!set && state.unknown_name == UnknownName::refuse) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;
  }
  SSL_CTX* const context = state.contexts[set.value_or(0)];
  if (context != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, context) == nullptr) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// Only so that the server says that it used the name.
int on_server_name(SSL* ssl, int*, void*) noexcept {
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr ? SSL_TLSEXT_ERR_OK
                                                                       : SSL_TLSEXT_ERR_NOACK;
}

int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned size, void* argument) noexcept {
  const std::string& ours = static_cast<const ServerState*>(argument)->alpn;
  unsigned char* chosen = nullptr;
  const int how =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, size);
  if (how != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

const EVP_CIPHER* ticket_cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

bool set_mac(EVP_MAC_CTX* mac, TicketKey& key) noexcept {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// Encrypts (to_make) or decrypts a ticket. 1: done; 2: done, make a new one; 0: the key is unknown; -1:
// failed.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int to_make) noexcept {
  const auto& keys = *static_cast<const TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (to_make == 1) {
    TicketKey key = keys.current();
    std::memcpy(name, key.name.data(), key.name.size());
    const bool good = RAND_bytes(iv, EVP_CIPHER_get_iv_length(ticket_cipher())) == 1 &&
                      EVP_EncryptInit_ex2(cipher, ticket_cipher(), key.cipher.data(), iv, nullptr) == 1 &&
                      set_mac(mac, key);
    crypto::wipe(&key, sizeof key);
    return good ? 1 : -1;
  }
  std::optional<TicketKeys::Found> found = keys.find(name);
  if (!found) return 0;
  const bool good = set_mac(mac, found->key) &&
                    EVP_DecryptInit_ex2(cipher, ticket_cipher(), found->key.cipher.data(), iv, nullptr) == 1;
  crypto::wipe(&found->key, sizeof found->key);
  if (!good) return -1;
  // A ticket of TLS 1.3 is for one use (RFC 8446 §C.4): the client needs a new one each time.
  return found->is_current && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

// A client's certificate that has expired since is not to live on in its ticket.
SSL_TICKET_RETURN on_session(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                             SSL_TICKET_STATUS status, void*) noexcept {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

// The result stays with the connection: TlsStream::peer tells it.
int verify_but_let_pass(X509_STORE_CTX* context, void*) noexcept {
  X509_verify_cert(context);
  ERR_clear_error();
  return 1;
}

void set_client_validation(SSL_CTX* context, const ServerConfig& config) {
  if (config.client_validation == ClientValidation::none) return;
  SSL_CTX_set1_cert_store(context, config.client_trust->store());
  const auto authorities = config.client_trust->certificates();
  if (authorities.size() <= kMostAuthoritiesNamed) {
    for (const crypto::Certificate& authority : authorities) SSL_CTX_add_client_CA(context, authority.get());
  }
  if (config.client_validation == ClientValidation::insecure_fallback) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, verify_but_let_pass, nullptr);
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
}

std::string rules_for_clients(const ServerConfig& config) {
  return std::to_string(static_cast<int>(config.client_validation)) + " " +
         (config.client_trust ? config.client_trust->digest() : std::string());
}

// A ticket is good only where the same certificates are shown and the same clients are let in (RFC 9525 and
// the "virtual host confusion" attacks): all that goes into this.
crypto::Digest256 session_context(const ServerConfig& config, const ServerNames::SetRef& set) {
  crypto::Sha256 digest;
  digest.update_delimited(rules_for_clients(config));
  for (const std::size_t i : set.certificates) {
    digest.update_delimited(config.names[set.name].certificates[i].leaf().fingerprint());
  }
  return digest.finish();
}

crypto::Parsed<OwnedContext> make_one(const ServerConfig& config, const ServerNames::SetRef& set,
                                      ServerState& state) {
  auto context = make_context(TLS_server_method(), config.min_version, config.max_version);
  if (!context) return context;
  SSL_CTX* const c = context->get();
  for (const std::size_t i : set.certificates) {
    if (auto error = use_key_pair(c, config.names[set.name].certificates[i]))
      return std::unexpected(std::move(*error));
  }
  const crypto::Digest256 id = session_context(config, set);
  SSL_CTX_set_session_id_context(c, id.data(), static_cast<unsigned>(id.size()));
  SSL_CTX_set_client_hello_cb(c, on_client_hello, &state);
  SSL_CTX_set_tlsext_servername_callback(c, on_server_name);
  if (!state.alpn.empty()) SSL_CTX_set_alpn_select_cb(c, on_alpn, &state);
  if (config.tickets != nullptr) {
    SSL_CTX_set_app_data(c, const_cast<TicketKeys*>(config.tickets.get()));
    SSL_CTX_set_tlsext_ticket_key_evp_cb(c, on_ticket);
    SSL_CTX_set_session_ticket_cb(c, nullptr, on_session, nullptr);
    SSL_CTX_set_num_tickets(c, 1);
    SSL_CTX_set_timeout(c, kSessionSeconds);
  } else {
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(c, 0);
  }
  set_client_validation(c, config);
  return context;
}

}  // namespace

crypto::Parsed<std::shared_ptr<const ServerContext>> ServerContext::make(const ServerConfig& config) {
  if (config.names.empty()) return std::unexpected("a TLS listener needs at least one certificate");
  for (const ServerName& name : config.names) {
    if (name.certificates.empty()) {
      return std::unexpected("no certificate for " +
                             (name.hostname.empty() ? "the listener" : name.hostname));
    }
  }
  if (config.client_validation != ClientValidation::none && !config.client_trust) {
    return std::unexpected("clients' certificates cannot be verified: no CA certificate is given");
  }
  auto alpn = alpn_list(config.alpn);
  if (!alpn) return std::unexpected(std::move(alpn.error()));
  auto state = std::make_unique<ServerState>(config);
  state->alpn = std::move(*alpn);
  OwnedContext first;
  for (const ServerNames::SetRef& set : state->names.sets()) {
    auto context = make_one(config, set, *state);
    if (!context) return std::unexpected(std::move(context.error()));
    state->contexts.push_back(context->get());
    if (first == nullptr) {
      first = std::move(*context);
    } else {
      state->others.push_back(std::move(*context));
    }
  }
  give_state(first.get(), state.release());
  return std::shared_ptr<const ServerContext>(
      new ServerContext(first.release(), hash_bytes(rules_for_clients(config))));
}

ServerContext::~ServerContext() { SSL_CTX_free(context_); }

}  // namespace turnpike::tls
