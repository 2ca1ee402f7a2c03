#include "upstream/pool.h"

#include <algorithm>

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;
using Opened = Outbox<Result<Lease>>;

class PoolTest : public UpstreamTest {
 protected:
  Endpoint& choose(Cluster& cluster) { return **cluster.choose({}); }
  void begin(Cluster& cluster, Endpoint& endpoint, Opened& opened, TimePoint deadline = kNever) {
    io::spawn(deliver(cluster.open(endpoint, deadline), opened));
  }
  // Opens and waits for the outcome.
  Result<Lease> open(Cluster& cluster, Endpoint& endpoint, TimePoint deadline = kNever) {
    Opened opened;
    begin(cluster, endpoint, opened, deadline);
    EXPECT_TRUE(io::run_until(loop, [&] { return opened.done(); }));
    return std::move(*opened.value);
  }
  bool until(auto done) { return io::run_until(loop, done); }
  EndpointTotals totals() const { return registry.status()[0].endpoints[0].totals; }

  TestServer server{loop};
};

TEST_F(PoolTest, ReusesTheConnectionUsedLast) {
  Cluster& cluster = use(config_of(server));
  Endpoint& endpoint = choose(cluster);
  EXPECT_FALSE(cluster.borrow(endpoint));
  Result<Lease> first = open(cluster, endpoint);
  Result<Lease> second = open(cluster, endpoint);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->reused());
  io::Stream* const last = &second->stream();
  first->release();
  second->release();
  EXPECT_EQ(endpoint.pool.idle(), 2U);
  Lease again = cluster.borrow(endpoint);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(&again.stream(), last);
  again.close();
  EXPECT_EQ(endpoint.pool.idle(), 1U);
  EXPECT_EQ(endpoint.shared.bound.open(), 1U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, RefusedConnectIsAnErrorThatMayBeRetried) {
  const ClusterConfig config = config_of(server);
  server.stop();
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  const Result<Lease> lease = open(cluster, endpoint);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().kind, ErrorKind::connect_refused);
  EXPECT_EQ(lease.error().retry, Retry::safe);
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  EXPECT_EQ(totals().connect_refused, 1U);
  // Many at once: each learns it, none hangs.
  std::vector<Opened> many(500);
  for (Opened& opened : many) begin(cluster, endpoint, opened);
  EXPECT_TRUE(until([&] { return std::ranges::all_of(many, &Opened::done); }));
  for (const Opened& opened : many) EXPECT_FALSE(*opened.value);
  EXPECT_TRUE(endpoint.pool.unused());
  cluster.report(endpoint, {.error = lease.error().kind});
}

TEST_F(PoolTest, AnIdleConnectionThatThePeerClosesGoes) {
  Cluster& cluster = use(config_of(server));
  Endpoint& endpoint = choose(cluster);
  open(cluster, endpoint)->release();
  ASSERT_TRUE(until([&] { return server.accepted.size() == 1; }));
  EXPECT_EQ(endpoint.pool.idle(), 1U);
  server.close(0);
  EXPECT_TRUE(until([&] { return endpoint.pool.idle() == 0; }));
  EXPECT_FALSE(cluster.borrow(endpoint));
  EXPECT_EQ(totals().closed_by_peer, 1U);
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, UnsolicitedBytesAreNeverTakenForAResponse) {
  Cluster& cluster = use(config_of(server));
  Endpoint& endpoint = choose(cluster);
  // While it is idle ...
  open(cluster, endpoint)->release();
  ASSERT_TRUE(until([&] { return server.accepted.size() == 1; }));
  server.send(0, "HTTP/1.1 200 OK\r\n\r\n");
  const auto gone = [&] {
    Lease lease = cluster.borrow(endpoint);
    const bool none = !lease;
    lease.release();
    return none;
  };
  ASSERT_TRUE(until(gone));
  EXPECT_EQ(totals().unsolicited, 1U);
  // ... and after the response, before it is given back.
  Result<Lease> lease = open(cluster, endpoint);
  ASSERT_TRUE(until([&] { return server.accepted.size() == 2; }));
  server.send(1, "x");
  ASSERT_TRUE(until([&] { return lease->stream().ready(io::Direction::read); }));
  lease->release();
  EXPECT_EQ(endpoint.pool.idle(), 0U);
  EXPECT_EQ(totals().unsolicited, 2U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, IdleOnesAgeAndTheirNumberIsBounded) {
  ClusterConfig config = config_of(server);
  config.pool.most_idle = 3;
  config.pool.idle_timeout = 60s;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  std::vector<Result<Lease>> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(open(cluster, endpoint));
  for (int i = 0; i < 3; ++i) leases[static_cast<std::size_t>(i)]->release();
  pass(40s);
  cluster.borrow(endpoint).release();  // the youngest becomes younger
  leases[3]->release();
  leases[4]->release();
  EXPECT_EQ(endpoint.pool.idle(), 3U);
  pass(30s);
  EXPECT_EQ(endpoint.pool.idle(), 1U);
  pass(31s);
  EXPECT_EQ(endpoint.pool.idle(), 0U);
  EXPECT_EQ(totals().idle_timeouts, 3U);
  EXPECT_EQ(totals().idle, 0U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, AConnectionServesOnlySoManyRequests) {
  ClusterConfig config = config_of(server);
  config.pool.most_requests = 2;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  open(cluster, endpoint)->release();
  cluster.borrow(endpoint).release();
  EXPECT_EQ(endpoint.pool.idle(), 0U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, BeyondTheBoundRequestsWaitInOrder) {
  ClusterConfig config = config_of(server);
  config.pool.most_connections = 2;
  config.pool.most_pending = 3;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  Result<Lease> a = open(cluster, endpoint);
  Result<Lease> b = open(cluster, endpoint);
  ASSERT_TRUE(a && b);
  std::vector<Opened> waiting(4);
  for (Opened& opened : waiting) begin(cluster, endpoint, opened);
  settle();
  // The fourth is one too many.
  ASSERT_TRUE(waiting[3].done());
  EXPECT_EQ(waiting[3].value->error().kind, ErrorKind::upstream_overflow);
  EXPECT_EQ(waiting[3].value->error().retry, Retry::safe);
  EXPECT_FALSE(waiting[0].done() || waiting[1].done() || waiting[2].done());
  io::Stream* const stream = &a->stream();
  a->release();
  settle();
  ASSERT_TRUE(waiting[0].done());
  EXPECT_EQ(&(*waiting[0].value)->stream(), stream);
  EXPECT_TRUE((*waiting[0].value)->reused());
  EXPECT_FALSE(waiting[1].done());
  // One that is closed makes room for a new one.
  b->close();
  ASSERT_TRUE(until([&] { return waiting[1].done(); }));
  EXPECT_FALSE((*waiting[1].value)->reused());
  EXPECT_FALSE(waiting[2].done());
  (*waiting[1].value)->release();
  settle();
  ASSERT_TRUE(waiting[2].done());
  EXPECT_EQ(endpoint.shared.bound.open(), 2U);
  waiting.clear();
  settle();
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, WaitingEndsWithTheDeadlineOrACancel) {
  ClusterConfig config = config_of(server);
  config.pool.most_connections = 1;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  Result<Lease> held = open(cluster, endpoint);
  Opened late;
  Opened cancelled;
  OpenCancel cancel;
  begin(cluster, endpoint, late, loop.now() + 1s);
  io::spawn(deliver(cluster.open(endpoint, kNever, cancel), cancelled));
  settle();
  cancel.cancel();
  settle();
  ASSERT_TRUE(cancelled.done());
  EXPECT_EQ(cancelled.value->error().kind, ErrorKind::cancelled);
  cancel.cancel();  // harmless
  EXPECT_FALSE(late.done());
  pass(1100ms);
  ASSERT_TRUE(late.done());
  EXPECT_EQ(late.value->error().kind, ErrorKind::upstream_overflow);
  EXPECT_EQ(totals().wait_timeouts, 1U);
  EXPECT_EQ(totals().pending, 0U);
  // The permit that nobody waits for any more is not lost.
  held->close();
  settle();
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  ASSERT_TRUE(open(cluster, endpoint));
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, TakesTheFirstConnectionThatComesBackOrIsMade) {
  Cluster& cluster = use(config_of(server));
  Endpoint& endpoint = choose(cluster);
  Result<Lease> first = open(cluster, endpoint);
  Opened opened;
  begin(cluster, endpoint, opened);
  first->release();  // before the new one stands
  loop.turn(loop.now());
  ASSERT_TRUE(until([&] { return opened.done(); }));
  EXPECT_TRUE((*opened.value)->reused());
  // The new one goes to the pool.
  EXPECT_TRUE(until([&] { return endpoint.pool.idle() == 1; }));
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, ABlackHoleTimesOut) {
  // A listener whose queue is full does not answer.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  io::Address any = *io::Address::from_ip("127.0.0.1", 0);
  ASSERT_EQ(::bind(fd, any.data(), any.size()), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  const io::Address address = io::local_address(fd);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    (void)::connect(fillers.back(), address.data(), address.size());
  }
  ClusterConfig config;
  config.name = "hole";
  config.endpoints.push_back({"127.0.0.1", address.port(), 1, true, ""});
  config.pool.connect_timeout = 2s;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  Opened patient;
  Opened hasty;
  begin(cluster, endpoint, patient);
  begin(cluster, endpoint, hasty, loop.now() + 500ms);
  pass(600ms);
  ASSERT_TRUE(hasty.done());
  EXPECT_EQ(hasty.value->error().kind, ErrorKind::connect_timeout);
  EXPECT_FALSE(patient.done());
  pass(1500ms);
  ASSERT_TRUE(patient.done());
  EXPECT_EQ(patient.value->error().kind, ErrorKind::connect_timeout);
  EXPECT_EQ(endpoint.pool.connecting(), 0U);
  EXPECT_EQ(endpoint.shared.bound.open(), 0U);
  cluster.report(endpoint, {.error = ErrorKind::connect_timeout});
  // A connect that nobody waits for any more is broken off when everything ends (a leak would show).
  Opened leaves;
  begin(cluster, endpoint, leaves, loop.now() + 100ms);
  pass(200ms);
  EXPECT_TRUE(leaves.done());
  EXPECT_EQ(endpoint.pool.connecting(), 1U);
  for (const int filler : fillers) ::close(filler);
  ::close(fd);
}

TEST_F(PoolTest, OpenMeansANewOneEvenWhereSomeAreIdle) {
  ClusterConfig config = config_of(server);
  config.pool.most_connections = 2;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  Result<Lease> a = open(cluster, endpoint);
  a->release();
  // After a failure on an idle connection the others are suspect as well.
  Result<Lease> b = open(cluster, endpoint);
  EXPECT_FALSE(b->reused());
  EXPECT_EQ(endpoint.pool.idle(), 1U);
  // At the bound an idle one makes room.
  Result<Lease> c = open(cluster, endpoint);
  EXPECT_FALSE(c->reused());
  EXPECT_EQ(endpoint.pool.idle(), 0U);
  EXPECT_EQ(endpoint.shared.bound.open(), 2U);
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, ABusyPoolAtItsBoundReusesWhatItHas) {
  ClusterConfig config = config_of(server);
  config.pool.most_connections = 2;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  std::vector<Opened> requests(200);
  for (Opened& request : requests) begin(cluster, endpoint, request);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(until([&] { return requests[i].done(); })) << i;
    ASSERT_TRUE(*requests[i].value) << i;
    (*requests[i].value)->release();
  }
  settle();
  EXPECT_LE(totals().opened, 4U);
  EXPECT_TRUE(endpoint.pool.unused());
  cluster.report(endpoint, {.status = 200});
}

TEST_F(PoolTest, AHigherBoundLetsThoseWaitingIn) {
  ClusterConfig config = config_of(server);
  config.pool.most_connections = 1;
  Cluster& cluster = use(config);
  Endpoint& endpoint = choose(cluster);
  Result<Lease> held = open(cluster, endpoint);
  Opened waiting;
  begin(cluster, endpoint, waiting);
  settle();
  EXPECT_FALSE(waiting.done());
  config.pool.most_connections = 2;
  EXPECT_EQ(&use(config), &cluster);
  EXPECT_TRUE(until([&] { return waiting.done(); }));
  cluster.report(endpoint, {.status = 200});
}

}  // namespace
}  // namespace turnpike::upstream
