#include "upstream/pool.h"

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using Opened = Outbox<Result<Lease>>;

class PoolTest : public UpstreamTest {
 protected:
  Endpoint& choose(Cluster& cluster) { return **cluster.choose({}); }
  // Opens and waits for the outcome.
  Result<Lease> open(Cluster& cluster, Endpoint& endpoint, TimePoint deadline = kNever) {
    Opened opened;
    io::spawn(deliver(cluster.open(endpoint, deadline), opened));
    EXPECT_TRUE(io::run_until(loop, [&] { return opened.done(); }));
    return std::move(*opened.value);
  }
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
  cluster.report(endpoint, {.error = lease.error().kind});
}

}  // namespace
}  // namespace turnpike::upstream
