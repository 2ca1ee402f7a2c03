#include "upstream/name_watch.h"

#include <algorithm>
#include <set>

#include "upstream/scripted_resolver.h"
#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;

class NameTest : public testing::Test {
 protected:
  NameTest() { loop.use_virtual_time(); }
  Cluster& use(const ClusterConfig& config) {
    auto next = worker.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
    plan = std::move(next);
    settle();
    return plan[0];
  }
  void settle() {
    for (int i = 0; i < 5; ++i) loop.turn(loop.now());
  }
  void pass(Duration time) {
    loop.advance(time);
    settle();
  }
  void answer(const std::string& name, const DnsAnswer& what) {
    ASSERT_TRUE(resolver.answer(name, what)) << name;
    settle();
  }
  std::set<std::string> endpoints() {
    std::set<std::string> names;
    for (int i = 0; i < 100; ++i) {
      const auto chosen = plan[0].choose({});
      if (!chosen) return {std::string(name_of(chosen.error().kind))};
      names.emplace(name_of(**chosen));
      plan[0].report(**chosen, {.status = 200});
    }
    return names;
  }
  static ClusterConfig by_name(const std::string& name) {
    ClusterConfig config;
    config.name = "named";
    config.balancing = Balancing::round_robin;
    config.endpoints.push_back({name, 9001, 1, true, ""});
    return config;
  }
  using Names = std::set<std::string>;

  io::Loop loop;
  RecordedEvents events;
  ScriptedResolver resolver;
  Random random{3};
  Registry registry{loop, {.workers = 1, .seed = 5, .resolver = &resolver, .events = &events}};
  WorkerClusters worker{loop, random, registry};
  PlanClusters plan;
};

TEST_F(NameTest, LiteralsAndNamesStandSideBySide) {
  ClusterConfig config = by_name("payments.internal");
  config.endpoints.push_back({"127.0.0.1", 9001, 1, true, ""});
  use(config);
  EXPECT_FALSE(registry.settled());
  EXPECT_EQ(endpoints(), Names{"127.0.0.1:9001"});
  answer("payments.internal", resolver.ok({"10.0.0.7", "fd00::7", "127.0.0.1"}, 30s));
  EXPECT_TRUE(registry.settled());
  // 127.0.0.1 is there twice: one endpoint with twice the weight.
  EXPECT_EQ(endpoints(), (Names{"10.0.0.7:9001", "127.0.0.1:9001", "[fd00::7]:9001"}));
  const ClusterStatus status = registry.status()[0];
  for (const EndpointStatus& endpoint : status.endpoints) {
    EXPECT_EQ(endpoint.weight, endpoint.address == "127.0.0.1:9001" ? 2U : 1U);
  }
  EXPECT_EQ(events.all, std::vector<std::string>{"name resolved payments.internal"});
}

TEST_F(NameTest, AsksAgainWhenTheTtlHasPassedAndNotBefore) {
  use(by_name("a.test"));
  answer("a.test", resolver.ok({"10.0.0.1"}, 30s));
  EXPECT_TRUE(resolver.queries.empty());
  pass(29900ms);
  EXPECT_TRUE(resolver.queries.empty());
  pass(3200ms);  // up to a tenth later
  EXPECT_EQ(resolver.queries.size(), 1U);
  answer("a.test", resolver.ok({"10.0.0.2"}, 30s));
  EXPECT_EQ(endpoints(), Names{"10.0.0.2:9001"});
}

TEST_F(NameTest, TtlsAreBounded) {
  ClusterConfig config = by_name("a.test");
  config.dns.shortest_ttl = 2s;
  config.dns.longest_ttl = 60s;
  use(config);
  answer("a.test", resolver.ok({"10.0.0.1"}, 0s));
  pass(1900ms);
  EXPECT_TRUE(resolver.queries.empty());
  pass(400ms);
  answer("a.test", resolver.ok({"10.0.0.1"}, 24h));
  pass(59s);
  EXPECT_TRUE(resolver.queries.empty());
  pass(8s);
  EXPECT_EQ(resolver.queries.size(), 1U);
}

TEST_F(NameTest, TheLastGoodAnswerOutlivesFailures) {
  use(by_name("a.test"));
  EXPECT_EQ(endpoints(), Names{"upstream_dns"});
  answer("a.test", resolver.failed());
  EXPECT_TRUE(registry.settled());
  EXPECT_EQ(endpoints(), Names{"upstream_dns"});
  pass(2s);
  answer("a.test", resolver.ok({"10.0.0.1"}, 5s));
  for (int i = 0; i < 20; ++i) {
    pass(40s);
    ASSERT_EQ(resolver.queries.size(), 1U) << i;
    answer("a.test", resolver.failed());
    EXPECT_EQ(endpoints(), Names{"10.0.0.1:9001"});
  }
  EXPECT_TRUE(registry.status()[0].names[0].failing);
  EXPECT_TRUE(registry.status()[0].names[0].resolved);
  EXPECT_EQ(registry.status()[0].names[0].failures, 21U);
  pass(40s);
  answer("a.test", resolver.ok({"10.0.0.1"}, 5s));
  EXPECT_FALSE(registry.status()[0].names[0].failing);
  // Each change of mind is told once.
  EXPECT_EQ(events.all, (std::vector<std::string>{"name not resolved a.test", "name resolved a.test",
                                                  "name not resolved a.test", "name resolved a.test"}));
}

TEST_F(NameTest, FailuresAreAskedAgainMoreAndMoreSlowly) {
  use(by_name("a.test"));
  std::vector<Duration> pauses;
  for (int i = 0; i < 9; ++i) {
    answer("a.test", resolver.failed());
    Duration waited{};
    while (resolver.queries.empty()) {
      pass(100ms);
      waited += 100ms;
    }
    pauses.push_back(waited);
  }
  EXPECT_LE(pauses[0], 1100ms);
  EXPECT_GE(pauses[3], 4s);
  EXPECT_LE(pauses[8], 30100ms);
  EXPECT_GE(pauses[8], 15s);
}

TEST_F(NameTest, NoSuchNameIsBelievedTheThirdTime) {
  use(by_name("a.test"));
  answer("a.test", resolver.ok({"10.0.0.1"}, 5s));
  pass(6s);
  answer("a.test", resolver.not_found());
  EXPECT_EQ(endpoints(), Names{"10.0.0.1:9001"});
  pass(40s);
  answer("a.test", resolver.failed());  // breaks the row
  pass(40s);
  answer("a.test", resolver.not_found());
  pass(40s);
  answer("a.test", resolver.not_found());
  EXPECT_EQ(endpoints(), Names{"10.0.0.1:9001"});
  pass(40s);
  answer("a.test", resolver.not_found());
  EXPECT_EQ(endpoints(), Names{"upstream_dns"});
  EXPECT_EQ(events.all.back(), "name has no address any more a.test");
  pass(40s);
  answer("a.test", resolver.ok({"10.0.0.2"}, 5s));
  EXPECT_EQ(endpoints(), Names{"10.0.0.2:9001"});
}

TEST_F(NameTest, AnEmptyAnswerIsNoAnswer) {
  use(by_name("a.test"));
  answer("a.test", resolver.ok({"10.0.0.1"}, 5s));
  pass(6s);
  answer("a.test", resolver.ok({}, 5s));
  EXPECT_EQ(endpoints(), Names{"10.0.0.1:9001"});
}

TEST_F(NameTest, SrvBringsPortsAndWeights) {
  ClusterConfig config;
  config.name = "srv";
  config.dns = {.name = "_http._tcp.shop.test", .srv = true, .port = 1};
  use(config);
  ASSERT_EQ(resolver.queries.begin()->second.kind, DnsKind::srv);
  DnsAnswer srv{.status = DnsAnswer::Status::ok, .records = {}, .ttl = 10s};
  srv.records = {{*io::Address::from_ip("10.0.0.2", 8002), 30},
                 {*io::Address::from_ip("10.0.0.1", 8001), 10}};
  answer("_http._tcp.shop.test", srv);
  EXPECT_EQ(endpoints(), (Names{"10.0.0.1:8001", "10.0.0.2:8002"}));
  EXPECT_EQ(registry.status()[0].endpoints[1].weight, 30U);
}

TEST_F(NameTest, ClustersShareANameAndItIsForgottenWithTheLast) {
  ClusterConfig a = by_name("shared.test");
  ClusterConfig b = by_name("shared.test");
  b.name = "other";
  const auto of = [](const ClusterConfig& config) { return std::make_shared<const ClusterConfig>(config); };
  auto both = registry.update({of(a), of(b)});
  EXPECT_EQ(resolver.asked.size(), 1U);
  answer("shared.test", resolver.ok({"10.0.0.1"}, 5s));
  EXPECT_EQ(registry.status()[0].endpoints.size(), 1U);
  EXPECT_EQ(registry.status()[1].endpoints.size(), 1U);
  registry.update({of(b)});
  pass(6s);
  EXPECT_EQ(resolver.asked.size(), 2U);
  registry.update({});  // while it asks
  EXPECT_TRUE(resolver.queries.empty());
  pass(1min);
  EXPECT_EQ(resolver.asked.size(), 2U);
}

TEST_F(NameTest, EndpointsOfANameKeepTheirHealth) {
  ClusterConfig config = by_name("a.test");
  config.outliers.consecutive_gateway_errors = 1;
  config.panic_percent = 0;
  Cluster& cluster = use(config);
  answer("a.test", resolver.ok({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, 5s));
  for (int i = 0; i < 3; ++i) {
    Endpoint* const endpoint = *cluster.choose({});
    cluster.report(*endpoint,
                   {.status = static_cast<std::uint16_t>(name_of(*endpoint) == "10.0.0.2:9001" ? 503 : 200)});
  }
  settle();
  EXPECT_EQ(endpoints(), (Names{"10.0.0.1:9001", "10.0.0.3:9001"}));
  pass(6s);
  answer("a.test", resolver.ok({"10.0.0.2", "10.0.0.3", "10.0.0.4"}, 5s));
  EXPECT_EQ(endpoints(), (Names{"10.0.0.3:9001", "10.0.0.4:9001"}));
}

TEST_F(NameTest, OnlySoManyQueriesAtOnce) {
  std::vector<std::shared_ptr<const ClusterConfig>> configs;
  for (int i = 0; i < 1000; ++i) {
    ClusterConfig config = by_name("n" + std::to_string(i) + ".test");
    config.name += std::to_string(i);
    configs.push_back(std::make_shared<const ClusterConfig>(config));
  }
  registry.update(configs);
  int answered = 0;
  while (!resolver.queries.empty()) {
    ASSERT_LE(resolver.queries.size(), NameTable::kMostQueries);
    answer(resolver.queries.begin()->second.name, resolver.ok({"10.0.0.1"}, 5min));
    ++answered;
    if (answered % 100 == 0) pass(5ms);
  }
  EXPECT_EQ(answered, 1000);
  EXPECT_TRUE(registry.settled());
  registry.update({});
  EXPECT_EQ(registry.names().queries_running, 0U);
}

TEST_F(NameTest, HugeAnswersAreCut) {
  use(by_name("a.test"));
  DnsAnswer huge{.status = DnsAnswer::Status::ok, .records = {}, .ttl = 5s};
  for (int i = 0; i < 5000; ++i) {
    huge.records.push_back(
        {*io::Address::from_ip("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), 0), 1});
  }
  answer("a.test", huge);
  EXPECT_EQ(registry.status()[0].endpoints.size(), NameWatch::kMostRecords);
}

}  // namespace
}  // namespace turnpike::upstream
