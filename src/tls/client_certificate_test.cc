#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

// Gateway API frontend validation (GEP-91).
class ClientCertificateTest : public ::testing::TestWithParam<Version> {
 protected:
  ClientCertificateTest() {
    server.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com")}}};
    server.client_trust = test_root().trust();
    client.server_name = "shop.example.com";
    client.trust = test_root().trust();
    client.max_version = GetParam();
  }
  TestPair& run() {
    pair = std::make_unique<TestPair>();
    pair->make_server(*server_context(server));
    pair->make_client(*client_context(client));
    EXPECT_TRUE(pair->shake());
    return *pair;
  }
  ServerConfig server;
  ClientConfig client;
  std::unique_ptr<TestPair> pair;
};

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificateTest, ::testing::Values(Version::tls12, Version::tls13));

TEST_P(ClientCertificateTest, Valid) {
  server.client_validation = ClientValidation::valid_only;
  client.certificate =
      test_root().issue({.common_name = "ledger", .names = {"URI:spiffe://campus/ledger"}}).pair();
  ASSERT_TRUE(run().good()) << pair->server_error();
  const auto peer = pair->server->peer();
  ASSERT_TRUE(peer);
  EXPECT_TRUE(peer->verified);
  EXPECT_EQ(peer->problem, "");
  EXPECT_EQ(peer->certificate.subject(), "CN=ledger");
  EXPECT_EQ(peer->certificate.names().uris, std::vector<std::string>{"spiffe://campus/ledger"});
  EXPECT_EQ(peer->certificate.fingerprint(), client.certificate->leaf().fingerprint());
}

TEST_P(ClientCertificateTest, Missing) {
  server.client_validation = ClientValidation::valid_only;
  EXPECT_EQ(run().server_error(), "the client showed no certificate");
  server.client_validation = ClientValidation::insecure_fallback;
  ASSERT_TRUE(run().good()) << pair->server_error();
  EXPECT_FALSE(pair->server->peer());
}

TEST_P(ClientCertificateTest, OfAnotherAuthority) {
  client.certificate = crypto::TestAuthority("Stranger").issue({.common_name = "ledger"}).pair();
  server.client_validation = ClientValidation::valid_only;
  EXPECT_EQ(run().server_error(), "certificate is signed by an unknown authority");
  server.client_validation = ClientValidation::insecure_fallback;
  ASSERT_TRUE(run().good()) << pair->server_error();
  ASSERT_TRUE(pair->server->peer());
  EXPECT_FALSE(pair->server->peer()->verified);
  EXPECT_EQ(pair->server->peer()->problem, "certificate is signed by an unknown authority");
}

TEST_P(ClientCertificateTest, Expired) {
  client.certificate = test_root()
                           .issue({.common_name = "old",
                                   .valid_from = std::chrono::hours(-2),
                                   .valid_until = std::chrono::hours(-1)})
                           .pair();
  server.client_validation = ClientValidation::valid_only;
  EXPECT_EQ(run().server_error(), "certificate has expired");
  server.client_validation = ClientValidation::insecure_fallback;
  ASSERT_TRUE(run().good());
  EXPECT_EQ(pair->server->peer()->problem, "certificate has expired");
}

TEST_P(ClientCertificateTest, NotAskedFor) {
  client.certificate = certificate_for("ledger");
  ASSERT_TRUE(run().good());
  EXPECT_FALSE(pair->server->peer());
}

// In TLS 1.3 the client is done before the server has looked at its certificate: the refusal comes with the
// first read.
TEST_P(ClientCertificateTest, RefusalReachesTheClient) {
  server.client_validation = ClientValidation::valid_only;
  run();
  char buffer[10];
  if (*pair->connected) {
    EXPECT_EQ(pair->client->read(buffer).status, io::IoStatus::error);
    EXPECT_EQ(pair->client->failure(), "tlsv13 alert certificate required");
  } else {
    EXPECT_EQ(pair->client_error(), "sslv3 alert handshake failure");
  }
}

}  // namespace
}  // namespace turnpike::tls
