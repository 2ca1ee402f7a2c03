#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <ctime>
#include <new>

#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace turnpike::crypto {
namespace {

std::string text_of_name(const X509_NAME* name) {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr) throw std::bad_alloc();
  // XN_FLAG_RFC2253 without its escaping of letters outside of ASCII.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

WallTime time_of(const ASN1_TIME* time) noexcept {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string text_of_ip(const ASN1_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(bytes);
  if (size != 4 && size != 16) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

bool has_name_of_host(X509* certificate, const std::string& host) noexcept {
  unsigned char address[16];
  if (::inet_pton(AF_INET, host.c_str(), address) == 1) return X509_check_ip(certificate, address, 4, 0) == 1;
  if (::inet_pton(AF_INET6, host.c_str(), address) == 1)
    return X509_check_ip(certificate, address, 16, 0) == 1;
  constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  return !host.empty() && X509_check_host(certificate, host.data(), host.size(), kFlags, nullptr) == 1;
}

}  // namespace

std::string text_of(WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

Certificate::Certificate(x509_st* certificate) noexcept : certificate_(certificate, X509_free) {
  X509_up_ref(certificate);
}

Parsed<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem) {
  std::vector<Certificate> all;
  ERR_clear_error();
  const OwnedBio bio = read_from(pem);
  for (;;) {
    const OwnedX509 certificate(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    // Its extensions are read and kept now, on this thread, and found faulty now.
    if (X509_check_purpose(certificate.get(), -1, 0) != 1) {
      ERR_clear_error();
      return std::unexpected("certificate " + std::to_string(all.size() + 1) +
                             " is damaged: it has an invalid extension");
    }
    all.emplace_back(certificate.get());
  }
  const unsigned long code = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  const std::string why = take_openssl_error();
  if (!at_end)
    return std::unexpected("certificate " + std::to_string(all.size() + 1) + " is damaged: " + why);
  if (all.empty()) return std::unexpected("no PEM certificate found");
  return all;
}

std::string Certificate::subject() const { return text_of_name(X509_get_subject_name(get())); }
std::string Certificate::issuer() const { return text_of_name(X509_get_issuer_name(get())); }

SubjectAltNames Certificate::names() const {
  SubjectAltNames out;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(get(), NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type == GEN_DNS) out.dns.push_back(text_of(value));
    if (type == GEN_URI) out.uris.push_back(text_of(value));
    if (type == GEN_EMAIL) out.emails.push_back(text_of(value));
    if (type == GEN_IPADD) out.ips.push_back(text_of_ip(value));
  }
  return out;
}

WallTime Certificate::not_before() const noexcept { return time_of(X509_get0_notBefore(get())); }
WallTime Certificate::not_after() const noexcept { return time_of(X509_get0_notAfter(get())); }

std::string Certificate::fingerprint() const {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(get(), EVP_sha256(), bytes, &size) != 1) throw std::bad_alloc();
  return hex({bytes, size});
}

bool Certificate::is_ca() const noexcept { return X509_check_ca(get()) > 0; }
bool Certificate::is_self_issued() const noexcept {
  return (X509_get_extension_flags(get()) & EXFLAG_SI) != 0;
}

bool Certificate::matches_key(const PrivateKey& key) const noexcept {
  const bool matches = X509_check_private_key(get(), key.get()) == 1;
  ERR_clear_error();
  return matches;
}

bool Certificate::matches_host(std::string_view host) const noexcept {
  return has_name_of_host(get(), std::string(host));
}

std::optional<std::string> Certificate::validity_problem(WallTime now) const {
  if (now > not_after()) return "certificate expired on " + text_of(not_after());
  if (now < not_before()) return "certificate is not valid before " + text_of(not_before());
  return std::nullopt;
}

std::string Certificate::pem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), get()) != 1) throw std::bad_alloc();
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Parsed<KeyPair> KeyPair::from_pem(std::string_view chain_pem, std::string_view key_pem) {
  auto chain = Certificate::all_from_pem(chain_pem);
  if (!chain) return std::unexpected(std::move(chain.error()));
  auto key = PrivateKey::from_pem(key_pem);
  if (!key) return std::unexpected(std::move(key.error()));
  if (!chain->front().matches_key(*key)) {
    for (std::size_t i = 1; i < chain->size(); ++i) {
      if ((*chain)[i].matches_key(*key)) {
        return std::unexpected("the private key matches certificate " + std::to_string(i + 1) +
                               ", not the first: put the server's own first");
      }
    }
    return std::unexpected("private key does not match certificate (" + chain->front().subject() + ")");
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (X509_check_issued((*chain)[i].get(), (*chain)[i - 1].get()) != X509_V_OK) {
      return std::unexpected("certificate " + std::to_string(i + 1) + " of the chain (" +
                             (*chain)[i].subject() + ") has not issued the one before it (" +
                             (*chain)[i - 1].subject() + ")");
    }
  }
  return KeyPair{std::move(*chain), std::move(*key)};
}

TrustBundle::TrustBundle(std::vector<Certificate> certificates)
    : certificates_(std::make_shared<const std::vector<Certificate>>(std::move(certificates))),
      store_(X509_STORE_new(), X509_STORE_free) {
  if (store_ == nullptr) throw std::bad_alloc();
  // Whatever the user put into the bundle is trusted as such, also an intermediate or a single leaf.
  X509_STORE_set_flags(store_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  Sha256 digest;
  for (const Certificate& certificate : *certificates_) {
    X509_STORE_add_cert(store_.get(), certificate.get());  // twice the same is no error
    digest.update(certificate.fingerprint());
  }
  digest_ = hex(digest.finish());
  ERR_clear_error();
}

Parsed<TrustBundle> TrustBundle::from_pem(std::string_view pem) {
  auto all = Certificate::all_from_pem(pem);
  if (!all) return std::unexpected(std::move(all.error()));
  return TrustBundle(std::move(*all));
}

}  // namespace turnpike::crypto
