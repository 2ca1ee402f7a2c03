#include "upstream/multiplexed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mux/testing.h"
#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

// An HTTP/2 server for each connection that a TestServer accepts.
class Http2Server {
 public:
  struct Served {
    explicit Served(io::Loop& loop, int fd, const http::h2::Limits& limits)
        : stream(loop, fd), connection(stream, http::h2::Role::server, limits, mux::Timeouts{}, requests) {
      requests.connection = &connection;
    }
    io::SocketStream stream;
    mux::TestServer requests;
    mux::Connection connection;
    bool done = false;
  };

  Http2Server(io::Loop& loop, TestServer& listening) : loop_(loop), listening_(listening) {}

  // Takes what has been accepted meanwhile.
  void take() {
    for (; taken_ < listening_.accepted.size(); ++taken_) {
      all.push_back(std::make_unique<Served>(loop_, std::exchange(listening_.accepted[taken_], -1), limits));
      io::spawn(run(*all.back()));
    }
  }

  http::h2::Limits limits;
  std::vector<std::unique_ptr<Served>> all;

 private:
  static io::Task<void> run(Served& served) {
    co_await served.connection.run();
    served.done = true;
  }
  io::Loop& loop_;
  TestServer& listening_;
  std::size_t taken_ = 0;
};

class Multiplexed : public UpstreamTest {
 protected:
  Multiplexed() {
    ClusterConfig config = config_of(listening);
    config.protocol = Protocol::h2c;
    cluster = &use(config);
  }
  ~Multiplexed() override {
    leases.clear();
    for (auto& served : server.all) {
      served->requests.requests.clear();
      served->stream.cancel();
    }
    turns();
  }
  void turns() {
    for (int i = 0; i < 20; ++i) {
      server.take();
      settle();
    }
  }
  Endpoint& endpoint() {
    const auto chosen = cluster->choose({});
    cluster->report(**chosen, {.status = 200});
    return **chosen;
  }
  // Opens as many at once.
  void open(std::size_t count) {
    std::vector<std::unique_ptr<Outbox<Result<Lease>>>> boxes;
    for (std::size_t i = 0; i < count; ++i) {
      boxes.push_back(std::make_unique<Outbox<Result<Lease>>>());
      io::spawn(deliver(cluster->open(endpoint(), loop.now() + 5s), *boxes.back()));
    }
    turns();
    for (auto& box : boxes) {
      ASSERT_TRUE(box->done());
      ASSERT_TRUE(*box->value) << (*box->value).error().detail;
      leases.push_back(std::move(**box->value));
    }
  }
  bool ask(Lease& lease) {
    http::RequestHead head;
    head.method = http::Method::get;
    head.scheme = "http";
    head.authority = "a.test";
    head.path = "/";
    return lease.multiplexed()->send_request(head, true, arena);
  }

  TestServer listening{loop};
  Http2Server server{loop, listening};
  Cluster* cluster = nullptr;
  Arena arena;
  std::vector<Lease> leases;
};

TEST_F(Multiplexed, OneConnectionCarriesMany) {
  EXPECT_FALSE(cluster->borrow(endpoint()));
  open(20);
  EXPECT_EQ(server.all.size(), 1u);
  Lease another = cluster->borrow(endpoint());
  ASSERT_TRUE(another);
  EXPECT_NE(another.multiplexed(), nullptr);
  EXPECT_TRUE(another.reused());
  EXPECT_FALSE(leases.front().reused());
}

TEST_F(Multiplexed, AnotherOneWhenAllAreFull) {
  server.limits.concurrent_streams = 3;
  open(3);
  EXPECT_EQ(server.all.size(), 1u);
  EXPECT_FALSE(cluster->borrow(endpoint()));
  open(1);
  EXPECT_EQ(server.all.size(), 2u);
  leases.erase(leases.begin());
  EXPECT_TRUE(cluster->borrow(endpoint()));
}

TEST_F(Multiplexed, WhoWaitsGetsTheStreamThatEnds) {
  ClusterConfig config = config_of(listening);
  config.protocol = Protocol::h2c;
  config.pool.most_connections = 1;
  cluster = &use(config);
  server.limits.concurrent_streams = 1;
  open(1);
  Outbox<Result<Lease>> box;
  io::spawn(deliver(cluster->open(endpoint(), loop.now() + 5s), box));
  turns();
  EXPECT_FALSE(box.done());
  leases.clear();
  turns();
  ASSERT_TRUE(box.done());
  EXPECT_TRUE(*box.value);
  EXPECT_EQ(server.all.size(), 1u);
}

TEST_F(Multiplexed, GoodbyeMakesWayForAnotherConnection) {
  open(1);
  ASSERT_TRUE(ask(leases.front()));
  turns();
  server.all.front()->connection.drain();
  turns();
  EXPECT_FALSE(cluster->borrow(endpoint()));
  EXPECT_FALSE(leases.front().multiplexed()->peer_closed());  // it is served still
  open(1);
  EXPECT_EQ(server.all.size(), 2u);
}

TEST_F(Multiplexed, ALostConnectionTakesItsStreamsAlong) {
  open(2);
  ASSERT_TRUE(ask(leases.front()));
  turns();
  server.all.front()->stream.abort();
  turns();
  EXPECT_TRUE(leases.front().multiplexed()->peer_closed());
  EXPECT_FALSE(leases.front().multiplexed()->refused());
  EXPECT_FALSE(ask(leases.back()));  // it had not begun
  EXPECT_FALSE(cluster->borrow(endpoint()));
}

TEST_F(Multiplexed, AnIdleConnectionIsClosedAfterItsTime) {
  open(1);
  leases.clear();
  turns();
  EXPECT_FALSE(server.all.front()->done);
  for (int i = 0; i < 62; ++i) {
    loop.advance(1s);
    turns();
  }
  EXPECT_TRUE(server.all.front()->done);
  EXPECT_FALSE(cluster->borrow(endpoint()));
}

TEST_F(Multiplexed, WhoSpeaksNoHttp2IsAFailedConnect) {
  Outbox<Result<Lease>> box;
  io::spawn(deliver(cluster->open(endpoint(), loop.now() + 5s), box));
  for (int i = 0; i < 5; ++i) settle();
  ASSERT_EQ(listening.accepted.size(), 1u);
  listening.send(0, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 5; ++i) settle();
  ASSERT_TRUE(box.done());
  ASSERT_FALSE(*box.value);
  EXPECT_EQ(box.value->error().kind, ErrorKind::connect_failed);
  EXPECT_EQ(box.value->error().retry, Retry::safe);
  listening.close(0);
}

TEST_F(Multiplexed, WhoStaysSilentIsAConnectTimeout) {
  Outbox<Result<Lease>> box;
  io::spawn(deliver(cluster->open(endpoint(), loop.now() + 10s), box));
  for (int i = 0; i < 5; ++i) settle();
  pass(6s);
  ASSERT_TRUE(box.done());
  ASSERT_FALSE(*box.value);
  EXPECT_EQ(box.value->error().kind, ErrorKind::connect_timeout);
}

}  // namespace
}  // namespace turnpike::upstream
