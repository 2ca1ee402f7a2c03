// What OpenSSL calls while a stream works. Internal to tls/.
#pragma once

#include <openssl/ssl.h>

#include <string_view>

#include "tls/stream.h"

namespace turnpike::tls {

struct Callbacks {
  static TlsStream& stream_of(const SSL* ssl) noexcept {
    return *static_cast<TlsStream*>(SSL_get_app_data(ssl));
  }
  // The name in the ClientHello, lower case already.
  static void set_sni(const SSL* ssl, std::string name) { stream_of(ssl).sni_ = std::move(name); }
  // The transport: a BIO over the inner stream.
  static int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept;
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* put) noexcept;
  static long bio_control(BIO* bio, int command, long number, void* pointer) noexcept;
  // A server gave us a session (clients).
  static int new_session(SSL* ssl, SSL_SESSION* session) noexcept;
};

}  // namespace turnpike::tls
