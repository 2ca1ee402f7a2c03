#include <algorithm>

#include "crypto/test_certificates.h"
#include "tls/stream.h"
#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;
using Opened = Outbox<Result<Lease>>;

// A TLS server on loopback that answers whatever it reads with one HTTP response.
class TlsServer final : public io::Acceptor::Handler {
 public:
  TlsServer(io::Loop& loop, std::shared_ptr<const tls::ServerContext> context)
      : loop_(loop), context_(std::move(context)) {
    const auto fd = io::listen_on(*io::Address::from_ip("127.0.0.1", 0), false);
    if (!fd) throw std::runtime_error(fd.error().message);
    port = io::local_address(*fd).port();
    acceptor_ = std::make_unique<io::Acceptor>(loop, *fd, *this);
  }
  ~TlsServer() {
    for (io::Stream* const stream : std::vector(streams_)) stream->cancel();
  }
  std::uint16_t port;
  bool mute = false;  // never answers the handshake
  int handshakes = 0;
  int eofs = 0;

 private:
  void on_accept(int fd, const io::Address&) override { io::spawn(serve(fd)); }
  io::Task<void> serve(int fd) {
    auto socket = std::make_unique<io::SocketStream>(loop_, fd);
    if (mute) {
      streams_.push_back(socket.get());
      while (co_await socket->readable(kNever) == io::Wait::ready) {
        char bytes[512];
        if (const auto got = socket->read(bytes);
            got.status != io::IoStatus::ok && got.status != io::IoStatus::would_block)
          break;
      }
      std::erase(streams_, socket.get());
      co_return;
    }
    tls::TlsStream stream(std::move(socket), *context_);
    streams_.push_back(&stream);
    if (co_await stream.handshake(kNever)) {
      ++handshakes;
      while (co_await stream.readable(kNever) == io::Wait::ready) {
        char bytes[512];
        const io::IoResult got = stream.read(bytes);
        if (got.status == io::IoStatus::eof) ++eofs;
        if (got.status == io::IoStatus::ok) stream.write("HTTP/1.1 200 OK\r\n\r\n");
        if (got.status == io::IoStatus::eof || got.status == io::IoStatus::error) break;
      }
    }
    std::erase(streams_, &stream);
  }
  io::Loop& loop_;
  std::shared_ptr<const tls::ServerContext> context_;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::vector<io::Stream*> streams_;
};

const crypto::TestAuthority& root() {
  static const crypto::TestAuthority authority("Test Root");
  return authority;
}

std::shared_ptr<const tls::ServerContext> server_context() {
  crypto::TestCertificate wanted;
  wanted.common_name = "shop";
  wanted.names = {"DNS:shop.test"};
  tls::ServerConfig config;
  config.names = {{.hostname = "", .certificates = {root().issue(wanted).pair()}}};
  config.tickets = std::make_shared<const tls::TicketKeys>();
  return *tls::ServerContext::make(config);
}

class UpstreamTlsTest : public UpstreamTest {
 protected:
  ClusterConfig over_tls(const std::string& name) {
    tls::ClientConfig client;
    client.server_name = name;
    client.trust = root().trust();
    ClusterConfig config;
    config.name = "secure";
    config.endpoints.push_back({"127.0.0.1", server.port, 1, true, ""});
    config.tls = *tls::ClientContext::make(client);
    config.tls_identity = "sni=" + name;
    return config;
  }
  Result<Lease> open(Cluster& cluster, Endpoint& endpoint) {
    Opened opened;
    io::spawn(deliver(cluster.open(endpoint, kNever), opened));
    EXPECT_TRUE(io::run_until(loop, [&] { return opened.done(); }));
    return std::move(*opened.value);
  }
  TlsServer server{loop, server_context()};
};

TEST_F(UpstreamTlsTest, OpensReusesAndResumes) {
  Cluster& cluster = use(over_tls("shop.test"));
  Endpoint& endpoint = **cluster.choose({});
  Result<Lease> lease = open(cluster, endpoint);
  ASSERT_TRUE(lease);
  lease->stream().write("GET");
  char bytes[64];
  io::IoResult got{};
  ASSERT_TRUE(io::run_until(loop, [&] {
    got = lease->stream().read(bytes);
    return got.status == io::IoStatus::ok;
  }));
  EXPECT_TRUE(std::string_view(bytes, got.bytes).starts_with("HTTP/1.1 200"));
  EXPECT_FALSE(static_cast<tls::TlsStream&>(lease->stream()).resumed());
  lease->release();
  settle();  // the server's tickets are no unsolicited bytes
  Lease again = cluster.borrow(endpoint);
  ASSERT_TRUE(again);
  Result<Lease> second = open(cluster, endpoint);
  ASSERT_TRUE(second);
  EXPECT_TRUE(static_cast<tls::TlsStream&>(second->stream()).resumed());
  again.release();
  second->release();
  // The end is said in order (close_notify).
  pass(61s);
  EXPECT_TRUE(io::run_until(loop, [&] { return server.eofs == 2; }));
  EXPECT_EQ(endpoint.pool.idle(), 0U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(UpstreamTlsTest, AWrongNameIsAnErrorBeforeAnythingIsSent) {
  Cluster& cluster = use(over_tls("bank.test"));
  Endpoint& endpoint = **cluster.choose({});
  const Result<Lease> lease = open(cluster, endpoint);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().kind, ErrorKind::upstream_tls);
  EXPECT_EQ(lease.error().retry, Retry::safe);
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  EXPECT_EQ(registry.status()[0].endpoints[0].totals.tls_failed, 1U);
  cluster.report(endpoint, {.error = lease.error().kind});
}

TEST_F(UpstreamTlsTest, AnotherNameIsAnotherPool) {
  Cluster& cluster = use(over_tls("shop.test"));
  Endpoint& endpoint = **cluster.choose({});
  open(cluster, endpoint)->release();
  cluster.report(endpoint, {.status = 200});
  EXPECT_EQ(endpoint.pool.idle(), 1U);
  Cluster& other = use(over_tls("bank.test"));
  EXPECT_NE(&other, &cluster);
  Endpoint& same_address = **other.choose({});
  EXPECT_FALSE(other.borrow(same_address));
  other.report(same_address, {.error = ErrorKind::cancelled});
}

TEST_F(UpstreamTlsTest, AHandshakeThatNeverEndsIsBrokenOff) {
  server.mute = true;
  ClusterConfig config = over_tls("shop.test");
  config.pool.connect_timeout = 2s;
  Cluster& cluster = use(config);
  Endpoint& endpoint = **cluster.choose({});
  Opened opened;
  io::spawn(deliver(cluster.open(endpoint, kNever), opened));
  pass(1s);
  EXPECT_FALSE(opened.done());
  pass(1100ms);
  ASSERT_TRUE(opened.done());
  EXPECT_EQ(opened.value->error().kind, ErrorKind::connect_timeout);
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  cluster.report(endpoint, {.error = ErrorKind::connect_timeout});
  // One that is under way when everything ends.
  Opened leaves;
  io::spawn(deliver(cluster.open(endpoint, loop.now() + 100ms), leaves));
  pass(200ms);
  EXPECT_EQ(endpoint.pool.connecting(), 1U);
}

TEST_F(UpstreamTlsTest, HealthChecksSpeakTlsToo) {
  ClusterConfig config = over_tls("shop.test");
  config.health.kind = ActiveHealthCheck::Kind::http;
  use(config);
  for (int i = 0; i < 40 && server.handshakes == 0; ++i) pass(50ms);
  for (int i = 0; i < 20; ++i) settle();
  EXPECT_EQ(server.handshakes, 1);
  EXPECT_FALSE(registry.status()[0].endpoints[0].unhealthy);

  ClusterConfig wrong = over_tls("bank.test");
  wrong.health.kind = ActiveHealthCheck::Kind::http;
  use(wrong);
  for (int i = 0; i < 40; ++i) pass(50ms);
  EXPECT_TRUE(registry.status()[0].endpoints[0].unhealthy);
}

}  // namespace
}  // namespace turnpike::upstream
