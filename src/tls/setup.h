// What server and client contexts share when they are made. Internal to tls/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/openssl.h"
#include "tls/context.h"

namespace turnpike::tls {

using OwnedContext = crypto::Owned<SSL_CTX, SSL_CTX_free>;

// With our versions, groups, ciphers and modes; none of the certificates.
crypto::Parsed<OwnedContext> make_context(const SSL_METHOD* method, Version min, Version max);
// Nothing, or the error.
std::optional<std::string> use_key_pair(SSL_CTX* context, const crypto::KeyPair& pair);
// RFC 7301 §3.1: each name with its length before it.
crypto::Parsed<std::string> alpn_list(const std::vector<std::string>& names);

// Lets the context own what its callbacks use: it dies with the last connection.
template <class State>
void give_state(SSL_CTX* context, State* state) {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* owned, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<State*>(owned); });
  SSL_CTX_set_ex_data(context, index, state);
}

// X509_V_ERR_* in our words.
std::string_view name_of_verify_error(long error) noexcept;

}  // namespace turnpike::tls
