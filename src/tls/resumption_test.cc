#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "crypto/openssl.h"
#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

class ResumptionTest : public ::testing::Test {
 protected:
  ResumptionTest() {
    server.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com")}}};
    server.tickets = keys;
    client.server_name = "shop.example.com";
    client.trust = test_root().trust();
  }
  // A connection that reads what the server sends after the handshake: the ticket. True if it resumed.
  bool connect(const ServerContext& with) {
    pair = std::make_unique<TestPair>();
    pair->make_server(with);
    pair->make_client(*client_context(client), &sessions);
    EXPECT_TRUE(pair->shake());
    EXPECT_TRUE(pair->good()) << pair->client_error() << pair->server_error();
    EXPECT_EQ(transfer(*pair, *pair->server, *pair->client, "hello"), "hello");
    EXPECT_EQ(pair->client->resumed(), pair->server->resumed());
    return pair->server->resumed();
  }

  std::shared_ptr<TicketKeys> keys = std::make_shared<TicketKeys>();
  ServerConfig server;
  ClientConfig client;
  SessionCache sessions;
  std::unique_ptr<TestPair> pair;
};

TEST_F(ResumptionTest, AcrossContextsWithTheSameKeys) {
  for (const Version version : {Version::tls12, Version::tls13}) {
    client.max_version = version;
    EXPECT_FALSE(connect(*server_context(server)));
    EXPECT_EQ(sessions.size(), 1U);
    EXPECT_TRUE(connect(*server_context(server)));
    EXPECT_EQ(pair->server->sni(), "shop.example.com");
    EXPECT_EQ(pair->server->alpn(), "http/1.1");
    ASSERT_TRUE(pair->client->peer());
    EXPECT_TRUE(pair->client->peer()->verified);
    EXPECT_TRUE(connect(*server_context(server))) << "a resumed connection brings a new ticket";
    sessions.take("endpoint");
  }
}

TEST_F(ResumptionTest, NotWithOtherKeys) {
  EXPECT_FALSE(connect(*server_context(server)));
  server.tickets = std::make_shared<TicketKeys>();
  EXPECT_FALSE(connect(*server_context(server)));
  server.tickets = nullptr;
  EXPECT_FALSE(connect(*server_context(server)));
  EXPECT_EQ(sessions.size(), 0U) << "a server without keys gives no ticket";
}

TEST_F(ResumptionTest, KeysRotate) {
  EXPECT_FALSE(connect(*server_context(server)));
  keys->rotate();
  EXPECT_TRUE(connect(*server_context(server))) << "the previous key is still taken";
  keys->rotate();
  EXPECT_TRUE(connect(*server_context(server))) << "and was replaced by a ticket of the current one";
  keys->rotate();
  keys->rotate();
  EXPECT_FALSE(connect(*server_context(server)));
}

// A session is worth only what it was made under.
TEST_F(ResumptionTest, NotUnderAnotherClientValidation) {
  EXPECT_FALSE(connect(*server_context(server)));
  server.client_validation = ClientValidation::valid_only;
  server.client_trust = test_root().trust();
  client.certificate = certificate_for("client");
  EXPECT_FALSE(connect(*server_context(server)));
  EXPECT_TRUE(connect(*server_context(server)));
  ASSERT_TRUE(pair->server->peer()) << "the certificate is in the ticket";
  EXPECT_TRUE(pair->server->peer()->verified);
  EXPECT_EQ(pair->server->peer()->certificate.subject(), "CN=client");
  server.client_trust =
      *crypto::TrustBundle::from_pem(test_root().pem() + crypto::TestAuthority("Other").pem());
  EXPECT_FALSE(connect(*server_context(server))) << "other authorities";
  server.client_validation = ClientValidation::insecure_fallback;
  EXPECT_FALSE(connect(*server_context(server)));
}

TEST_F(ResumptionTest, NotUnderAnotherName) {
  server.names = {{.hostname = "shop.example.com", .certificates = {certificate_for("shop.example.com")}},
                  {.hostname = "bank.example.com", .certificates = {certificate_for("bank.example.com")}}};
  const auto context = server_context(server);
  for (const Version version : {Version::tls12, Version::tls13}) {
    client.max_version = version;
    client.server_name = "shop.example.com";
    EXPECT_FALSE(connect(*context));
    client.server_name = "bank.example.com";
    EXPECT_FALSE(connect(*context)) << "the client shows shop's ticket";
    EXPECT_EQ(pair->server->sni(), "bank.example.com");
    EXPECT_EQ(pair->client->peer()->certificate.subject(), "CN=bank.example.com");
    EXPECT_TRUE(connect(*context));
    sessions.take("endpoint");
  }
}

TEST_F(ResumptionTest, AnExpiredClientCertificateDoesNotLiveOnInATicket) {
  server.client_validation = ClientValidation::insecure_fallback;
  server.client_trust = test_root().trust();
  client.certificate = test_root()
                           .issue({.common_name = "old",
                                   .valid_from = std::chrono::hours(-2),
                                   .valid_until = std::chrono::hours(-1)})
                           .pair();
  EXPECT_FALSE(connect(*server_context(server)));
  EXPECT_FALSE(connect(*server_context(server)));
}

TEST_F(ResumptionTest, ADamagedTicketIsAFullHandshake) {
  EXPECT_FALSE(connect(*server_context(server)));
  Session session = sessions.take("endpoint");
  std::string der(static_cast<std::size_t>(i2d_SSL_SESSION(session.get(), nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_SSL_SESSION(session.get(), &at);
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(session.get(), &ticket, &size);
  ASSERT_GT(size, 100U);
  const std::size_t where = der.find(std::string(reinterpret_cast<const char*>(ticket), size));
  ASSERT_NE(where, std::string::npos);
  der[where + 60] = static_cast<char>(der[where + 60] ^ 1);
  const auto* from = reinterpret_cast<const unsigned char*>(der.data());
  sessions.put("endpoint", Session(d2i_SSL_SESSION(nullptr, &from, static_cast<long>(der.size()))));
  EXPECT_FALSE(connect(*server_context(server)));
}

TEST(SessionCache, IsBounded) {
  SessionCache cache(2);
  const auto session = [] { return Session(SSL_SESSION_new()); };
  cache.put("a", session());
  cache.put("b", session());
  cache.put("a", session());
  cache.put("c", session());
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.take("b"), nullptr) << "the one longest untouched made room";
  EXPECT_NE(cache.take("a"), nullptr);
  EXPECT_EQ(cache.take("a"), nullptr) << "for one use";
  EXPECT_NE(cache.take("c"), nullptr);
  EXPECT_EQ(cache.size(), 0U);
  SessionCache none(0);
  none.put("a", session());
  EXPECT_EQ(none.size(), 0U);
}

TEST(TicketKeys, ASuccessorTakesTheTicketsOfItsPredecessor) {
  TicketKeys keys;
  EXPECT_FALSE(keys.previous());
  const TicketKey older = keys.current();
  keys.rotate();
  TicketKeys next;
  next.restore(keys.current(), keys.previous());
  const auto current = next.find(keys.current().name.data());
  ASSERT_TRUE(current);
  EXPECT_TRUE(current->is_current);
  EXPECT_EQ(current->key.mac, keys.current().mac);
  const auto previous = next.find(older.name.data());
  ASSERT_TRUE(previous);
  EXPECT_FALSE(previous->is_current);
}

TEST(TicketKeys, FindTheCurrentAndThePrevious) {
  TicketKeys keys;
  const TicketKey first = keys.current();
  EXPECT_TRUE(keys.find(first.name.data())->is_current);
  keys.rotate();
  EXPECT_FALSE(keys.find(first.name.data())->is_current);
  EXPECT_NE(keys.current().cipher, first.cipher);
  keys.rotate();
  EXPECT_FALSE(keys.find(first.name.data()));
  keys.rotate(first);
  EXPECT_TRUE(keys.find(first.name.data())->is_current);
}

}  // namespace
}  // namespace turnpike::tls
