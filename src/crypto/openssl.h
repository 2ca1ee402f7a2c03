// RAII for OpenSSL's objects and its error queue. For .cc files of crypto/ and tls/ only: no header of ours
// includes it.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace turnpike::crypto {

template <auto F>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    F(object);
  }
};
template <class T, auto F>
using Owned = std::unique_ptr<T, Freed<F>>;

using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedX509 = Owned<X509, X509_free>;

// A BIO that reads `text`, which must outlive it.
OwnedBio read_from(std::string_view text);

// Why the last call of OpenSSL failed, in its words; empties the queue.
std::string take_openssl_error();

}  // namespace turnpike::crypto
