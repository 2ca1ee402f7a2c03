#include <arpa/inet.h>

#include <utility>

#include "base/strings.h"
#include "tls/callbacks.h"
#include "tls/context.h"
#include "tls/setup.h"

namespace turnpike::tls {
namespace {

struct ClientState {
  std::string server_name;
  std::vector<ExpectedName> names;
};

bool is_literal_address(const std::string& name) noexcept {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

bool has_expected_name(const crypto::Certificate& leaf, const ClientState& state) {
  if (state.names.empty()) return leaf.matches_host(state.server_name);
  const crypto::SubjectAltNames names = leaf.names();
  for (const ExpectedName& expected : state.names) {
    if (expected.type == ExpectedName::Type::hostname) {
      if (leaf.matches_host(expected.value)) return true;
      continue;
    }
    for (const std::string& uri : names.uris) {
      if (uri == expected.value) return true;
    }
  }
  return false;
}

int verify_server(X509_STORE_CTX* context, void* argument) noexcept {
  if (X509_verify_cert(context) != 1) return 0;
  X509* const leaf = X509_STORE_CTX_get0_cert(context);
  const bool good = has_expected_name(crypto::Certificate(leaf), *static_cast<const ClientState*>(argument));
  ERR_clear_error();
  if (good) return 1;
  X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

int verify_nothing(X509_STORE_CTX* context, void*) noexcept {
  X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
  return 1;
}

}  // namespace

crypto::Parsed<std::shared_ptr<const ClientContext>> ClientContext::make(const ClientConfig& config) {
  if (config.verify && config.server_name.empty() && config.names.empty()) {
    return std::unexpected("no name to verify the upstream's certificate against");
  }
  if (config.verify && !config.trust)
    return std::unexpected("no CA certificate to verify the upstream's with");
  auto context = make_context(TLS_client_method(), config.min_version, config.max_version);
  if (!context) return std::unexpected(std::move(context.error()));
  auto alpn = alpn_list(config.alpn);
  if (!alpn) return std::unexpected(std::move(alpn.error()));
  SSL_CTX* const c = context->get();
  if (!alpn->empty() && SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(alpn->data()),
                                                static_cast<unsigned>(alpn->size())) != 0) {
    return std::unexpected("ALPN protocols cannot be set");
  }
  if (config.certificate) {
    if (auto error = use_key_pair(c, *config.certificate)) return std::unexpected(std::move(*error));
  }
  auto state = std::make_unique<ClientState>(lower_case(config.server_name), config.names);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  if (config.verify) {
    SSL_CTX_set1_cert_store(c, config.trust->store());
    SSL_CTX_set_cert_verify_callback(c, verify_server, state.get());
  } else {
    SSL_CTX_set_cert_verify_callback(c, verify_nothing, nullptr);
  }
  // Kept by SessionCache, not by OpenSSL.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(c, Callbacks::new_session);
  std::string sni = is_literal_address(state->server_name) ? std::string() : state->server_name;
  give_state(c, state.release());
  return std::shared_ptr<const ClientContext>(new ClientContext(context->release(), std::move(sni)));
}

ClientContext::~ClientContext() { SSL_CTX_free(context_); }

}  // namespace turnpike::tls
