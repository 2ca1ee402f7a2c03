#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "crypto/openssl.h"
#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

using crypto::KeyType;
using ::testing::HasSubstr;

class HandshakeTest : public ::testing::Test {
 protected:
  HandshakeTest() {
    server.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com")}}};
    client.server_name = "shop.example.com";
    client.trust = test_root().trust();
  }
  // Runs one handshake of the configurations as they are.
  TestPair& run(SessionCache* sessions = nullptr, io::PipeOptions options = {}) {
    pair = std::make_unique<TestPair>(options);
    pair->make_server(*server_context(server));
    pair->make_client(*client_context(client), sessions);
    EXPECT_TRUE(pair->shake()) << "the handshake does not end";
    return *pair;
  }
  ServerConfig server;
  ClientConfig client;
  std::unique_ptr<TestPair> pair;
};

TEST_F(HandshakeTest, Tls13) {
  TestPair& p = run();
  ASSERT_TRUE(p.good()) << p.client_error() << p.server_error();
  for (const TlsStream* stream : {p.client.get(), p.server.get()}) {
    EXPECT_EQ(stream->protocol(), "TLSv1.3");
    EXPECT_EQ(stream->cipher(), "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(stream->alpn(), "http/1.1");
    EXPECT_EQ(stream->sni(), "shop.example.com");
    EXPECT_FALSE(stream->resumed());
  }
  ASSERT_TRUE(p.client->peer());
  EXPECT_TRUE(p.client->peer()->verified);
  EXPECT_EQ(p.client->peer()->certificate.subject(), "CN=shop.example.com");
  EXPECT_FALSE(p.server->peer());
  EXPECT_EQ(transfer(p, *p.client, *p.server, "GET / HTTP/1.1\r\n\r\n"), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(transfer(p, *p.server, *p.client, "HTTP/1.1 200 OK\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_F(HandshakeTest, Tls12) {
  client.max_version = Version::tls12;
  TestPair& p = run();
  ASSERT_TRUE(p.good()) << p.client_error() << p.server_error();
  EXPECT_EQ(p.server->protocol(), "TLSv1.2");
  EXPECT_EQ(p.server->cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(transfer(p, *p.client, *p.server, "hello"), "hello");
}

TEST_F(HandshakeTest, NoCommonVersion) {
  client.max_version = Version::tls12;
  server.min_version = Version::tls13;
  TestPair& p = run();
  EXPECT_FALSE(*p.served);
  EXPECT_EQ(p.served->error().kind, ErrorKind::client_tls);
  EXPECT_EQ(p.server_error(), "unsupported protocol");
  EXPECT_EQ(p.client_error(), "tlsv1 alert protocol version");
  EXPECT_EQ(p.connected->error().kind, ErrorKind::upstream_tls);
  EXPECT_EQ(p.connected->error().retry, Retry::safe);
}

TEST_F(HandshakeTest, EveryKindOfKey) {
  for (const KeyType key : {KeyType::ec, KeyType::rsa, KeyType::ed25519}) {
    for (const Version version : {Version::tls12, Version::tls13}) {
      server.names = {{.certificates = {certificate_for("shop.example.com", key)}}};
      client.max_version = version;
      EXPECT_TRUE(run().good()) << static_cast<int>(key) << pair->client_error() << pair->server_error();
    }
  }
}

// RSA and EC for the same name: which one is shown depends on what the client can verify.
TEST_F(HandshakeTest, RsaBesideEc) {
  server.names = {{.certificates = {certificate_for("shop.example.com", KeyType::rsa),
                                    certificate_for("shop.example.com", KeyType::ec)}}};
  TestPair& p = run();
  ASSERT_TRUE(p.good());
  const auto context = client_context(client);
  for (const auto& [algorithms, type] :
       {std::pair("ECDSA+SHA256", EVP_PKEY_EC), std::pair("RSA-PSS+SHA256", EVP_PKEY_RSA)}) {
    SSL_CTX_set1_sigalgs_list(context->get(), algorithms);
    TestPair narrow;
    narrow.make_server(*server_context(server));
    narrow.make_client(*context);
    ASSERT_TRUE(narrow.shake());
    // The test's root signs with EC, so an RSA-only client may refuse the chain's signature; what was shown
    // counts.
    ASSERT_TRUE(narrow.client->peer()) << narrow.server_error();
    const EVP_PKEY* key = X509_get0_pubkey(narrow.client->peer()->certificate.get());
    EXPECT_EQ(EVP_PKEY_get_base_id(key), type) << algorithms;
  }
}

TEST_F(HandshakeTest, WrongAuthority) {
  client.trust = crypto::TestAuthority("Another Root").trust();
  TestPair& p = run();
  EXPECT_EQ(p.client_error(), "certificate is signed by an unknown authority");
  EXPECT_EQ(p.server_error(), "tlsv1 alert unknown ca");
}

TEST_F(HandshakeTest, ExpiredCertificate) {
  server.names[0].certificates = {test_root()
                                      .issue({.common_name = "shop",
                                              .names = {"DNS:shop.example.com"},
                                              .valid_from = std::chrono::hours(-2),
                                              .valid_until = std::chrono::hours(-1)})
                                      .pair()};
  EXPECT_EQ(run().client_error(), "certificate has expired");
}

TEST_F(HandshakeTest, CertificateOfAnotherHost) {
  client.server_name = "other.example.com";
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  client.server_name = "127.0.0.1";
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  EXPECT_EQ(pair->server->sni(), "") << "a literal address is not sent (RFC 6066 §3)";
  client.verify = false;
  EXPECT_TRUE(run().good());
  ASSERT_TRUE(pair->client->peer());
  EXPECT_FALSE(pair->client->peer()->verified);
}

TEST_F(HandshakeTest, LiteralAddressIsVerified) {
  server.names[0].certificates = {test_root().issue({.common_name = "x", .names = {"IP:127.0.0.1"}}).pair()};
  client.server_name = "127.0.0.1";
  EXPECT_TRUE(run().good()) << pair->client_error();
}

// BackendTLSPolicy: subjectAltNames take the place of the host name.
TEST_F(HandshakeTest, ExpectedNamesReplaceTheHost) {
  using Type = ExpectedName::Type;
  server.names[0].certificates = {
      test_root()
          .issue({.common_name = "x", .names = {"DNS:*.campus.internal", "URI:spiffe://campus/shop"}})
          .pair()};
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  client.names = {{Type::uri, "spiffe://campus/shop"}};
  EXPECT_TRUE(run().good()) << pair->client_error();
  EXPECT_EQ(pair->server->sni(), "shop.example.com");
  client.names = {{Type::uri, "spiffe://campus/Shop"}, {Type::uri, "spiffe://campus/shop/"}};
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  client.names = {{Type::hostname, "nobody.internal"}, {Type::hostname, "a.campus.internal"}};
  EXPECT_TRUE(run().good()) << pair->client_error();
  client.names = {{Type::hostname, "a.b.campus.internal"}};
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  // And a certificate for the host is not enough any more.
  server.names[0].certificates = {certificate_for("shop.example.com")};
  EXPECT_EQ(run().client_error(), "certificate is for another name");
}

TEST_F(HandshakeTest, ChainWithIntermediate) {
  const crypto::TestAuthority middle = test_root().intermediate("Middle");
  const crypto::TestIdentity leaf = middle.issue({.common_name = "x", .names = {"DNS:shop.example.com"}});
  server.names[0].certificates = {leaf.pair()};
  EXPECT_TRUE(run().good()) << pair->client_error();
  // The intermediate alone may be what is trusted.
  client.trust = middle.trust();
  EXPECT_TRUE(run().good()) << pair->client_error();
  client.trust = test_root().trust();
  crypto::KeyPair alone = leaf.pair();
  alone.chain.pop_back();
  server.names[0].certificates = {alone};
  EXPECT_EQ(run().client_error(), "certificate is signed by an unknown authority");
}

TEST_F(HandshakeTest, Alpn) {
  server.alpn = {"h2", "http/1.1"};
  client.alpn = {"http/1.1", "h2"};
  EXPECT_EQ(run().server->alpn(), "h2") << "our order counts";
  client.alpn = {};
  EXPECT_EQ(run().server->alpn(), "");
  EXPECT_TRUE(pair->good());
  client.alpn = {"spdy/3"};
  EXPECT_EQ(run().server_error(), "no common ALPN protocol");
  EXPECT_EQ(pair->client_error(), "tlsv1 alert no application protocol");
  server.alpn = {};
  EXPECT_TRUE(run().good());
  EXPECT_EQ(pair->client->alpn(), "");
}

TEST_F(HandshakeTest, UnknownName) {
  server.names = {{.hostname = "shop.example.com", .certificates = {certificate_for("shop.example.com")}}};
  client.server_name = "other.example.com";
  EXPECT_EQ(run().client_error(), "certificate is for another name");
  server.unknown_name = UnknownName::refuse;
  EXPECT_EQ(run().client_error(), "tlsv1 unrecognized name");
  EXPECT_EQ(pair->server_error(), "no certificate for the name asked for");
  EXPECT_EQ(pair->server->sni(), "other.example.com") << "for the log";
}

TEST_F(HandshakeTest, ByteByByte) {
  for (const Version version : {Version::tls12, Version::tls13}) {
    client.max_version = version;
    TestPair& p = run(nullptr, {.capacity = 64, .most_per_call = 1});
    ASSERT_TRUE(p.good()) << p.client_error() << p.server_error();
    const std::string text(3000, 'x');
    EXPECT_EQ(transfer(p, *p.client, *p.server, text), text);
    EXPECT_EQ(transfer(p, *p.server, *p.client, text), text);
  }
}

TEST_F(HandshakeTest, ContextsMayDieBeforeTheConnection) {
  server.names.push_back({.hostname = "b.example.com", .certificates = {certificate_for("b.example.com")}});
  client.server_name = "b.example.com";
  server.tickets = std::make_shared<TicketKeys>();
  TestPair p;
  p.make_server(*server_context(server));  // dropped at once
  p.make_client(*client_context(client));
  server = {};
  ASSERT_TRUE(p.shake());
  EXPECT_TRUE(p.good()) << p.client_error() << p.server_error();
}

// --- what does not come to a handshake

class BrokenHandshakeTest : public HandshakeTest {
 protected:
  // Sends raw bytes to a server.
  std::string_view send(std::string_view bytes, bool then_close) {
    pair = std::make_unique<TestPair>();
    pair->make_server(*server_context(server));
    io::spawn(shake_hands(*pair->server, pair->loop->now() + std::chrono::seconds(5), pair->served));
    pair->client_end->write(bytes);
    if (then_close) pair->client_end->shutdown_write();
    for (int i = 0; i < 10 && !pair->served; ++i) pair->loop->turn(pair->loop->now());
    return pair->server_error();
  }
};

TEST_F(BrokenHandshakeTest, PlainHttp) {
  EXPECT_EQ(send("GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n", false), "plain HTTP sent to a TLS port");
  EXPECT_EQ(pair->served->error().kind, ErrorKind::client_tls);
  EXPECT_EQ(pair->served->error().source, ErrorSource::client);
}

TEST_F(BrokenHandshakeTest, Garbage) {
  EXPECT_FALSE(send(std::string(100, '\0'), false).empty());
  EXPECT_FALSE(send(std::string(100, '\x80'), false).empty());
  EXPECT_FALSE(send("\x16\x03\x01\xff\xff" + std::string(200, 'x'), false).empty());
  EXPECT_FALSE(send(std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10), true).empty());
  EXPECT_EQ(pair->server->read({}).status, io::IoStatus::would_block);
  char buffer[10];
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::error);
  EXPECT_EQ(pair->server->write("x").status, io::IoStatus::error);
}

TEST_F(BrokenHandshakeTest, Truncated) {
  EXPECT_EQ(send("", true), "closed by the peer during the handshake");
  EXPECT_EQ(send(std::string("\x16\x03\x01", 3), true), "closed by the peer during the handshake");
}

TEST_F(BrokenHandshakeTest, Silence) {
  EXPECT_EQ(send("", false), "");
  EXPECT_FALSE(pair->served);
  pair->loop->advance(std::chrono::seconds(6));
  EXPECT_EQ(pair->server_error(), "the handshake took too long");
  EXPECT_EQ(pair->served->error().kind, ErrorKind::client_tls);
}

TEST_F(BrokenHandshakeTest, SilentServerIsAConnectTimeout) {
  TestPair p;
  p.make_client(*client_context(client));
  io::spawn(shake_hands(*p.client, p.loop->now() + std::chrono::seconds(1), p.connected));
  p.loop->advance(std::chrono::seconds(2));
  ASSERT_TRUE(p.connected && !*p.connected);
  EXPECT_EQ(p.connected->error().kind, ErrorKind::connect_timeout);
  EXPECT_EQ(p.connected->error().retry, Retry::safe);
}

TEST_F(BrokenHandshakeTest, PlainServer) {
  TestPair p;
  p.make_client(*client_context(client));
  p.server_end->write("HTTP/1.1 400 Bad Request\r\n\r\n");
  io::spawn(shake_hands(*p.client, kNever, p.connected));
  p.loop->turn(p.loop->now());
  EXPECT_EQ(p.client_error(), "the peer does not speak TLS");
}

TEST_F(BrokenHandshakeTest, Cancelled) {
  EXPECT_EQ(send("", false), "");
  pair->server->cancel();
  ASSERT_TRUE(pair->served && !*pair->served);
  EXPECT_EQ(pair->served->error().kind, ErrorKind::cancelled);
}

// Each prefix of a real ClientHello, cut off: an error and nothing worse.
TEST_F(BrokenHandshakeTest, EveryPrefixOfAClientHello) {
  TestPair p;
  p.make_client(*client_context(client));
  io::spawn(shake_hands(*p.client, kNever, p.connected));
  std::string hello(4096, '\0');
  hello.resize(p.server_end->read(hello).bytes);
  ASSERT_GT(hello.size(), 100U);
  p.client->abort();
  p.loop->turn(p.loop->now());
  const auto context = server_context(server);
  for (std::size_t size = 0; size < hello.size(); size += 3) {
    TestPair cut;
    cut.make_server(*context);
    io::spawn(shake_hands(*cut.server, kNever, cut.served));
    cut.client_end->write(std::string_view(hello).substr(0, size));
    cut.client_end->shutdown_write();
    ASSERT_TRUE(io::run_until(*cut.loop, [&] { return cut.served.has_value(); })) << size;
    EXPECT_EQ(cut.server_error(), "closed by the peer during the handshake");
  }
}

TEST(ServerContext, ConfigurationErrors) {
  const auto error = [](const ServerConfig& config) {
    const auto made = ServerContext::make(config);
    return made ? std::string() : made.error();
  };
  ServerConfig config;
  EXPECT_EQ(error(config), "a TLS listener needs at least one certificate");
  config.names = {{.hostname = "a.example.com"}};
  EXPECT_EQ(error(config), "no certificate for a.example.com");
  config.names[0].certificates = {certificate_for("a.example.com")};
  EXPECT_EQ(error(config), "");
  config.client_validation = ClientValidation::valid_only;
  EXPECT_THAT(error(config), HasSubstr("no CA certificate is given"));
  config.client_validation = ClientValidation::none;
  config.min_version = Version::tls13;
  config.max_version = Version::tls12;
  EXPECT_THAT(error(config), HasSubstr("lowest TLS version"));
  config = {.names = config.names, .alpn = {""}};
  EXPECT_THAT(error(config), HasSubstr("ALPN"));
}

TEST(ClientContext, ConfigurationErrors) {
  const auto error = [](const ClientConfig& config) {
    const auto made = ClientContext::make(config);
    return made ? std::string() : made.error();
  };
  EXPECT_THAT(error({.server_name = "a"}), HasSubstr("no CA certificate"));
  EXPECT_THAT(error({.trust = test_root().trust()}), HasSubstr("no name"));
  EXPECT_EQ(error({.verify = false}), "");
}

}  // namespace
}  // namespace turnpike::tls
