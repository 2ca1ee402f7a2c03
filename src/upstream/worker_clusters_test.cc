#include "upstream/worker_clusters.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;
using Configs = std::vector<std::shared_ptr<const ClusterConfig>>;

class WorkerClustersTest : public UpstreamTest {
 protected:
  static std::shared_ptr<const ClusterConfig> named(std::string name, std::size_t endpoints = 1) {
    ClusterConfig config = config_of(endpoints);
    config.name = std::move(name);
    return std::make_shared<const ClusterConfig>(config);
  }
};

TEST_F(WorkerClustersTest, WhatHasTheSameIdentityIsCarriedOver) {
  PlanClusters first = worker.adopt(registry.update({named("a"), named("b")}));
  Cluster* const a = &first[0];
  Cluster* const b = &first[1];
  EXPECT_NE(a, b);
  // Another plan, another order, one new.
  PlanClusters second = worker.adopt(registry.update({named("c"), named("b"), named("a")}));
  EXPECT_EQ(&second[1], b);
  EXPECT_EQ(&second[2], a);
  EXPECT_EQ(second.size(), 3U);
  // Protocol and TLS are part of the identity, balancing is not.
  ClusterConfig config = *named("a");
  config.balancing = Balancing::random;
  PlanClusters third = worker.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
  EXPECT_EQ(&third[0], a);
  EXPECT_EQ(third[0].config().balancing, Balancing::random);
  config.protocol = Protocol::h2c;
  PlanClusters fourth = worker.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
  EXPECT_NE(&fourth[0], a);
}

TEST_F(WorkerClustersTest, AnUnchangedConfigurationKeepsItsObject) {
  const auto before = registry.update({named("a")});
  const auto after = registry.update({named("a")});
  EXPECT_EQ(before->items[0].config, after->items[0].config);
  EXPECT_EQ(before->items[0].shared, after->items[0].shared);
  ClusterConfig config = *named("a");
  config.slow_start = 3s;
  EXPECT_NE(registry.update({std::make_shared<const ClusterConfig>(config)})->items[0].config,
            after->items[0].config);
}

TEST_F(WorkerClustersTest, TheSameIdentityTwiceInOnePlanIsOneCluster) {
  const auto assignment = registry.update({named("a", 1), named("a", 3)});
  PlanClusters both = worker.adopt(assignment);
  EXPECT_EQ(&both[0], &both[1]);
  EXPECT_EQ(registry.status().size(), 1U);
  EXPECT_EQ(registry.status()[0].endpoints.size(), 1U);
}

TEST_F(WorkerClustersTest, AClusterLivesAsLongAsAPlanHasIt) {
  std::weak_ptr<SharedCluster> shared;
  PlanClusters old;
  {
    const auto assignment = registry.update({named("a"), named("b")});
    shared = assignment->items[0].shared;
    old = worker.adopt(assignment);
  }
  PlanClusters now = worker.adopt(registry.update({named("b")}));
  // An exchange of the old plan goes on, and may even retry.
  Endpoint* const endpoint = *old[0].choose({});
  settle();
  EXPECT_EQ(name_of(*endpoint), "10.0.0.1:80");
  old[0].report(*endpoint, {.status = 200});
  EXPECT_FALSE(shared.expired());
  old = PlanClusters();
  pass(20s);
  EXPECT_TRUE(shared.expired());
  EXPECT_EQ(registry.status().size(), 1U);
}

TEST_F(WorkerClustersTest, PlacesAreUsedAgainOnlyWhenNobodyHasThem) {
  PlanClusters old = worker.adopt(registry.update({named("a")}));
  PlanClusters next = worker.adopt(registry.update({named("b")}));
  const auto third = registry.update({named("c")});
  EXPECT_NE(third->items[0].slot, 0U);  // the old plan still has it
  PlanClusters now = worker.adopt(third);
  EXPECT_EQ(choose_name(old[0]), "10.0.0.1:80");
  old = PlanClusters();
  pass(20s);
  EXPECT_EQ(registry.update({named("c"), named("d")})->items[1].slot, 0U);
}

TEST_F(WorkerClustersTest, EndpointsFollowEvenWithoutANewPlan) {
  Cluster& cluster = use(config_of(3));
  const auto names = [&] {
    std::set<std::string> all;
    for (int i = 0; i < 100; ++i) all.insert(choose_name(cluster));
    return all;
  };
  EXPECT_EQ(names().size(), 3U);
  ClusterConfig config = config_of(2);
  registry.update({std::make_shared<const ClusterConfig>(config)});
  EXPECT_EQ(names().size(), 3U);
  settle();
  EXPECT_EQ(names().size(), 2U);
}

TEST_F(WorkerClustersTest, AnEndpointThatLeavesEndsGently) {
  TestServer server(loop);
  ClusterConfig config = config_of(server);
  Cluster& cluster = use(config);
  Outbox<Result<Lease>> opened;
  Endpoint* const endpoint = *cluster.choose({});
  io::spawn(deliver(cluster.open(*endpoint, kNever), opened));
  ASSERT_TRUE(io::run_until(loop, [&] { return opened.done(); }));
  Outbox<Result<Lease>> other;
  io::spawn(deliver(cluster.open(*endpoint, kNever), other));
  ASSERT_TRUE(io::run_until(loop, [&] { return other.done(); }));
  (*other.value)->release();
  const std::shared_ptr<SharedEndpoint> shared = endpoint->shared.shared_from_this();

  config.endpoints = {{"10.0.0.1", 80, 1, true, ""}};
  EXPECT_EQ(choose_name(use(config)), "10.0.0.1:80");
  EXPECT_EQ(shared->bound.open(), 1U);  // the idle one is closed, the other goes on
  pass(30s);
  EXPECT_EQ(name_of(*endpoint), server.port() == 0 ? "" : "127.0.0.1:" + std::to_string(server.port()));
  (*opened.value)->release();
  EXPECT_EQ(shared->bound.open(), 0U);
  cluster.report(*endpoint, {.status = 200});
  // Its name may still be logged; some seconds later it is gone.
  EXPECT_EQ(name_of(*endpoint).size(), shared->name().size());
  pass(20s);
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(WorkerClustersTest, AnEndpointThatComesBackInTimeKeepsItsPool) {
  TestServer server(loop);
  ClusterConfig config = config_of(server);
  Cluster& cluster = use(config);
  Endpoint* const endpoint = *cluster.choose({});
  // Still in use while it is away; the registry makes a new endpoint of the address when it is back.
  use(config_of(1));
  Cluster& same = use(config);
  EXPECT_EQ(&same, &cluster);
  Endpoint* const now = *same.choose({});
  EXPECT_EQ(name_of(*now), name_of(*endpoint));
  cluster.report(*endpoint, {.status = 200});
  cluster.report(*now, {.status = 200});
}

// A worker on a thread of its own, told what to do by messages.
class WorkerThread {
 public:
  WorkerThread(Registry& registry, std::uint64_t seed) : random_(seed), clusters_(loop_, random_, registry) {
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~WorkerThread() {
    do_now([this] { plan_ = PlanClusters(); });
    loop_.stop();
    thread_.join();
  }
  // Runs f on the worker's thread and waits for its end.
  void do_now(std::function<void()> f) {
    std::mutex mutex;
    std::condition_variable condition;
    bool done = false;
    loop_.post([&] {
      f();
      const std::scoped_lock lock(mutex);
      done = true;
      condition.notify_one();
    });
    std::unique_lock lock(mutex);
    condition.wait(lock, [&] { return done; });
  }
  void adopt(std::shared_ptr<const Assignment> assignment) {
    do_now([&] { plan_ = clusters_.adopt(std::move(assignment)); });
  }
  Cluster& cluster() { return plan_[0]; }
  io::Loop& loop() { return loop_; }

 private:
  io::Loop loop_;
  Random random_;
  WorkerClusters clusters_;
  PlanClusters plan_;
  std::thread thread_;
};

// One request: borrow or open, hold the connection for some turns of the loop, give it back.
io::Task<void> request(Cluster& cluster, io::Loop& loop, std::atomic<int>& served, std::atomic<int>& errors) {
  const Result<Endpoint*> endpoint = cluster.choose({});
  if (!endpoint) {
    ++errors;
    co_return;
  }
  Lease lease = cluster.borrow(**endpoint);
  if (!lease) {
    Result<Lease> opened = co_await cluster.open(**endpoint, loop.now() + 5s);
    if (!opened) {
      ++errors;
      cluster.report(**endpoint, {.error = opened.error().kind});
      co_return;
    }
    lease = std::move(*opened);
  }
  co_await loop.yield();
  co_await loop.yield();
  if (served.load() % 10 == 0) {
    lease.close();
  } else {
    lease.release();
  }
  cluster.report(**endpoint, {.status = 200});
  ++served;
}

TEST(CrossWorker, TheBoundHoldsAndNobodyStarves) {
  io::Loop control;  // and the server's
  Registry registry(control, {.workers = 2});
  TestServer server(control);
  ClusterConfig config;
  config.name = "shared";
  config.endpoints.push_back({"127.0.0.1", server.port(), 1, true, ""});
  config.pool.most_connections = 3;
  const auto assignment = registry.update({std::make_shared<const ClusterConfig>(config)});
  std::atomic<int> served[2] = {0, 0};
  std::atomic<int> errors = 0;
  {
    WorkerThread a(registry, 1);
    WorkerThread b(registry, 2);
    a.adopt(assignment);
    b.adopt(assignment);
    WorkerThread* const workers[] = {&a, &b};
    for (int round = 0; round < 20; ++round) {
      for (int w = 0; w < 2; ++w) {
        workers[w]->do_now([&, w] {
          for (int i = 0; i < 20; ++i) {
            io::spawn(request(workers[w]->cluster(), workers[w]->loop(), served[w], errors));
          }
        });
      }
      ASSERT_TRUE(io::run_until(control, [&] {
        EXPECT_LE(registry.status()[0].endpoints[0].open_connections, 3U);
        return served[0] + errors >= (round + 1) * 20 && served[0] + served[1] + errors == (round + 1) * 40;
      }));
    }
    EXPECT_EQ(errors, 0);
    EXPECT_EQ(registry.status()[0].endpoints[0].active_requests, 0U);
  }
  EXPECT_EQ(registry.status()[0].endpoints[0].open_connections, 0U);
}

TEST(CrossWorker, AnIdleConnectionIsGivenUpForAnotherWorker) {
  io::Loop control;
  Registry registry(control, {.workers = 2});
  TestServer server(control);
  ClusterConfig config;
  config.name = "shared";
  config.endpoints.push_back({"127.0.0.1", server.port(), 1, true, ""});
  config.pool.most_connections = 1;
  const auto assignment = registry.update({std::make_shared<const ClusterConfig>(config)});
  std::atomic<int> served = 1;  // no request closes its connection
  std::atomic<int> errors = 0;
  {
    WorkerThread a(registry, 1);
    WorkerThread b(registry, 2);
    a.adopt(assignment);
    b.adopt(assignment);
    for (int i = 0; i < 6; ++i) {
      WorkerThread& worker = i % 2 == 0 ? a : b;
      worker.do_now([&] { io::spawn(request(worker.cluster(), worker.loop(), served, errors)); });
      ASSERT_TRUE(io::run_until(control, [&] { return served == i + 2 || errors > 0; }));
    }
    EXPECT_EQ(errors, 0);
    EXPECT_EQ(registry.status()[0].endpoints[0].totals.given_up, 5U);
    EXPECT_EQ(registry.status()[0].endpoints[0].totals.opened, 6U);
  }
}

TEST(CrossWorker, EjectionAndEndpointsReachAllWorkersUnderLoad) {
  io::Loop control;
  RecordedEvents events;
  Registry registry(control, {.workers = 2, .events = &events});
  ClusterConfig config;
  config.name = "changing";
  const auto with = [&](std::size_t count) {
    config.endpoints.clear();
    for (std::size_t i = 0; i < count; ++i)
      config.endpoints.push_back({"10.0.0." + std::to_string(i + 1), 80, 1, true, ""});
    return std::make_shared<const ClusterConfig>(config);
  };
  const auto assignment = registry.update({with(4)});
  WorkerThread a(registry, 1);
  WorkerThread b(registry, 2);
  a.adopt(assignment);
  b.adopt(assignment);
  std::atomic<int> rounds = 0;
  const auto load = [&](WorkerThread& worker) {
    for (int i = 0; i < 50; ++i) {
      const auto endpoint = worker.cluster().choose({});
      ASSERT_TRUE(endpoint);
      const bool bad = name_of(**endpoint) == "10.0.0.2:80";
      worker.cluster().report(**endpoint, {.status = static_cast<std::uint16_t>(bad ? 503 : 200)});
    }
    ++rounds;
  };
  for (std::size_t i = 0; i < 60; ++i) {
    a.loop().post([&] { load(a); });
    b.loop().post([&] { load(b); });
    if (i % 2 == 0) registry.update({with(3 + i % 5)});
    control.turn(control.now());
  }
  ASSERT_TRUE(io::run_until(control, [&] { return rounds == 120 && !events.all.empty(); }));
  EXPECT_EQ(events.all[0], "endpoint ejected 10.0.0.2:80");
  for (WorkerThread* const worker : {&a, &b}) {
    worker->do_now([&] {
      for (int i = 0; i < 100; ++i) {
        Endpoint* const endpoint = *worker->cluster().choose({});
        EXPECT_NE(name_of(*endpoint), "10.0.0.2:80");
        worker->cluster().report(*endpoint, {.status = 200});
      }
    });
  }
}

}  // namespace
}  // namespace turnpike::upstream
