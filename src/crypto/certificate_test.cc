#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/test_certificates.h"

namespace turnpike::crypto {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const TestAuthority& authority() {
  static const TestAuthority root("Test Root");
  return root;
}

TEST(Certificate, TellsWhatStandsInIt) {
  const TestIdentity identity =
      authority().issue({.common_name = "shop",
                         .names = {"DNS:shop.example.com", "DNS:*.shop.example.com",
                                   "URI:spiffe://campus/shop", "IP:10.0.0.1", "IP:::1"}});
  const KeyPair pair = identity.pair();
  const Certificate& leaf = pair.leaf();
  EXPECT_EQ(leaf.subject(), "CN=shop");
  EXPECT_EQ(leaf.issuer(), "CN=Test Root");
  EXPECT_THAT(leaf.names().dns, ElementsAre("shop.example.com", "*.shop.example.com"));
  EXPECT_THAT(leaf.names().uris, ElementsAre("spiffe://campus/shop"));
  EXPECT_THAT(leaf.names().ips, ElementsAre("10.0.0.1", "::1"));
  EXPECT_EQ(leaf.fingerprint().size(), 64U);
  EXPECT_NE(leaf.fingerprint(), authority().trust().certificates()[0].fingerprint());
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_FALSE(leaf.is_self_issued());
  EXPECT_TRUE(authority().trust().certificates()[0].is_ca());
  EXPECT_TRUE(authority().trust().certificates()[0].is_self_issued());
  const auto again = Certificate::all_from_pem(leaf.pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->front().fingerprint(), leaf.fingerprint());
}

TEST(Certificate, MatchesHosts) {
  const KeyPair pair =
      authority()
          .issue({.common_name = "named.example.com",
                  .names = {"DNS:a.example.com", "DNS:*.b.example.com", "IP:127.0.0.1", "IP:::1"}})
          .pair();
  for (const char* host : {"a.example.com", "A.Example.COM", "x.b.example.com", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(pair.leaf().matches_host(host)) << host;
  }
  for (const char* host : {"b.example.com", "x.y.b.example.com", "named.example.com", "127.0.0.2", "",
                           "example.com", "a.example.com.evil.org", "*.b.example.com.", "::2"}) {
    EXPECT_FALSE(pair.leaf().matches_host(host)) << host;
  }
  EXPECT_FALSE(pair.leaf().matches_host(std::string_view("a.example.com\0.evil.org", 23)));
}

TEST(Certificate, SaysWhenItIsNotValid) {
  const WallTime now = std::chrono::system_clock::now();
  const KeyPair good = authority().issue({.common_name = "x"}).pair();
  EXPECT_FALSE(good.leaf().validity_problem(now));
  EXPECT_THAT(good.leaf().validity_problem(now + hours(25)).value_or(""),
              StartsWith("certificate expired on 20"));
  EXPECT_THAT(good.leaf().validity_problem(now - hours(2)).value_or(""),
              StartsWith("certificate is not valid before"));
  EXPECT_NEAR(std::chrono::duration<double>(good.leaf().not_after() - now).count(), 86400, 10);
  EXPECT_NEAR(std::chrono::duration<double>(now - good.leaf().not_before()).count(), 3600, 10);
}

TEST(Certificate, TimeIsPrintedInUtc) {
  EXPECT_EQ(text_of(WallTime(std::chrono::seconds(86399))), "1970-01-01 23:59:59 UTC");
}

std::string error_of(std::string_view pem) {
  const auto all = Certificate::all_from_pem(pem);
  return all ? "" : all.error();
}

TEST(Certificate, PemErrorsTeach) {
  const TestIdentity identity = authority().issue({.common_name = "x"});
  EXPECT_EQ(error_of(""), "no PEM certificate found");
  EXPECT_EQ(error_of("hello"), "no PEM certificate found");
  EXPECT_EQ(error_of(identity.key_pem), "no PEM certificate found");
  EXPECT_EQ(error_of(identity.key_pem + identity.chain_pem), "");
  EXPECT_EQ(error_of("text before\n" + identity.chain_pem + "and after"), "");
  std::string damaged = identity.chain_pem;
  damaged[100] = '!';
  EXPECT_THAT(error_of(damaged), StartsWith("certificate 1 is damaged: "));
  EXPECT_THAT(error_of(identity.chain_pem + damaged), StartsWith("certificate 2 is damaged: "));
  EXPECT_THAT(error_of(identity.chain_pem.substr(0, 200)), StartsWith("certificate 1 is damaged: "));
  EXPECT_THAT(error_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
              StartsWith("certificate 1 is damaged: "));
}

TEST(PrivateKey, KnowsItsType) {
  const std::pair<KeyType, int> kinds[] = {{KeyType::rsa, 2048}, {KeyType::ec, 256}, {KeyType::ed25519, 256}};
  for (const auto& [type, bits] : kinds) {
    const KeyPair pair = authority().issue({.common_name = "x", .key = type}).pair();
    EXPECT_EQ(pair.key.type(), type);
    EXPECT_GE(pair.key.bits(), bits - 3);
    EXPECT_LE(pair.key.bits(), bits);
  }
}

std::string pair_error(std::string_view chain, std::string_view key) {
  const auto pair = KeyPair::from_pem(chain, key);
  return pair ? "" : pair.error();
}

TEST(KeyPair, ErrorsTeach) {
  const TestIdentity one = authority().issue({.common_name = "one"});
  const TestIdentity two = authority().issue({.common_name = "two", .key = KeyType::rsa});
  EXPECT_EQ(pair_error(one.chain_pem, one.key_pem), "");
  EXPECT_EQ(pair_error(two.chain_pem, one.key_pem), "private key does not match certificate (CN=two)");
  EXPECT_EQ(pair_error(one.chain_pem, ""), "no PEM private key found");
  EXPECT_EQ(pair_error(one.chain_pem, one.chain_pem), "no PEM private key found");
  EXPECT_THAT(pair_error(two.chain_pem + one.chain_pem, one.key_pem),
              HasSubstr("put the server's own first"));
  EXPECT_THAT(pair_error(one.chain_pem + two.chain_pem, one.key_pem),
              HasSubstr("has not issued the one before it"));
  std::string damaged = one.key_pem;
  damaged.replace(60, 4, "####");
  EXPECT_THAT(pair_error(one.chain_pem, damaged), StartsWith("the private key is damaged"));
  // openssl genpkey -algorithm ed25519 -aes128 -pass pass:x
  const char encrypted[] =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh5/SaJYAEplAICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJJ1AlVuSnfDmBoLZguZmRwEQPue\n"
      "0MrKI5Al2eN55XYZpxUlBq0LZeZ2vqaiZTxqvWAPDeprQWA/Umf/TjB9ZfIxZzil\n"
      "Y8uSAR2Dm4DiAyy58HQ=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_THAT(pair_error(one.chain_pem, encrypted), StartsWith("the private key is encrypted"));
}

TEST(KeyPair, KeepsIntermediates) {
  const TestAuthority middle = authority().intermediate("Middle");
  const KeyPair pair = middle.issue({.common_name = "leaf"}).pair();
  ASSERT_EQ(pair.chain.size(), 2U);
  EXPECT_EQ(pair.chain[1].subject(), "CN=Middle");
  EXPECT_EQ(pair.chain[0].issuer(), "CN=Middle");
}

TEST(TrustBundle, DigestStandsForTheCertificates) {
  const TestAuthority other("Other");
  EXPECT_EQ(authority().trust().digest(), authority().trust().digest());
  EXPECT_NE(authority().trust().digest(), other.trust().digest());
  const auto both = TrustBundle::from_pem(authority().pem() + other.pem() + other.pem());
  ASSERT_TRUE(both) << both.error();
  EXPECT_EQ(both->certificates().size(), 3U);
  EXPECT_FALSE(TrustBundle::from_pem(""));
}

TEST(TrustBundle, SystemHonoursTheEnvironment) {
  ::setenv("SSL_CERT_FILE", "/nowhere/ca.pem", 1);
  const auto none = TrustBundle::system();
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error(), StartsWith("/nowhere/ca.pem (SSL_CERT_FILE)"));
  if (const auto bundle = TrustBundle::system()) EXPECT_GT(bundle->certificates().size(), 10U);
}

}  // namespace
}  // namespace turnpike::crypto
