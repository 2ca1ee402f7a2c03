#include "upstream/balancer.h"

#include <cmath>
#include <map>
#include <set>

#include "base/hash.h"
#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using Counts = std::map<std::string, int>;

class BalancerTest : public UpstreamTest {
 protected:
  static ClusterConfig weighted(Balancing balancing, std::initializer_list<std::uint32_t> weights) {
    ClusterConfig config = config_of(weights.size());
    config.balancing = balancing;
    std::size_t i = 0;
    for (const std::uint32_t weight : weights) config.endpoints[i++].weight = weight;
    return config;
  }
  Counts draw(Cluster& cluster, int times, const Pick& pick = {}) {
    Counts counts;
    for (int i = 0; i < times; ++i) ++counts[choose_name(cluster, pick)];
    return counts;
  }
  static std::string at(std::size_t i) { return "10.0.0." + std::to_string(i + 1) + ":80"; }
  // Whether each count lies within five standard deviations of its share.
  static void expect_shares(const Counts& counts, int times, const std::vector<double>& weights) {
    double total = 0;
    for (const double w : weights) total += w;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double p = weights[i] / total;
      const auto found = counts.find(at(i));
      const int got = found == counts.end() ? 0 : found->second;
      EXPECT_NEAR(got, times * p, 5 * std::sqrt(times * p * (1 - p)) + 1e-9) << at(i);
    }
  }
};

TEST_F(BalancerTest, RoundRobinVisitsAllInTurn) {
  Cluster& cluster = use(weighted(Balancing::round_robin, {1, 1, 1}));
  for (int round = 0; round < 10; ++round) EXPECT_EQ(draw(cluster, 3).size(), 3U);
}

TEST_F(BalancerTest, WeightedRoundRobinIsExactAndSmooth) {
  Cluster& cluster = use(weighted(Balancing::round_robin, {5, 1, 1}));
  Counts counts;
  std::vector<std::string> sequence;
  for (int i = 0; i < 700; ++i) {
    sequence.push_back(choose_name(cluster));
    ++counts[sequence.back()];
  }
  EXPECT_NEAR(counts[at(0)], 500, 1);
  EXPECT_NEAR(counts[at(1)], 100, 1);
  EXPECT_NEAR(counts[at(2)], 100, 1);
  // Smooth: never more than its share of a round, rounded up, between two others'.
  int run = 0;
  for (const std::string& name : sequence) {
    run = name == at(0) ? run + 1 : 0;
    EXPECT_LE(run, 5);
  }
}

TEST_F(BalancerTest, RandomAndQuietLeastRequestFollowTheWeights) {
  for (const Balancing balancing : {Balancing::random, Balancing::least_request}) {
    Cluster& cluster = use(weighted(balancing, {1, 1, 1, 1}));
    expect_shares(draw(cluster, 20'000), 20'000, {1, 1, 1, 1});
    Cluster& other = use(weighted(balancing, {10, 5, 1, 4}));
    expect_shares(draw(other, 20'000), 20'000, {10, 5, 1, 4});
  }
}

TEST_F(BalancerTest, LeastRequestAvoidsTheBusy) {
  Cluster& cluster = use(weighted(Balancing::least_request, {1, 1, 1}));
  // Every request to the first endpoint hangs.
  std::vector<Endpoint*> hanging;
  int to_first = 0;
  for (int i = 0; i < 3'000; ++i) {
    Endpoint* const endpoint = *cluster.choose({});
    if (name_of(*endpoint) == at(0)) {
      hanging.push_back(endpoint);
      ++to_first;
    } else {
      cluster.report(*endpoint, {.status = 200});
    }
  }
  EXPECT_LE(to_first, 3);
  for (Endpoint* const endpoint : hanging) cluster.report(*endpoint, {.status = 200});
}

TEST_F(BalancerTest, LeastRequestKeepsLoadEvenWhileRequestsPileUp) {
  Cluster& cluster = use(weighted(Balancing::least_request, {1, 1, 1, 1, 1, 1, 1, 1}));
  std::map<Endpoint*, unsigned> load;
  for (int i = 0; i < 8'000; ++i) ++load[*cluster.choose({})];
  for (const auto& [endpoint, count] : load) EXPECT_NEAR(count, 1000, 10);
  for (const auto& [endpoint, count] : load) {
    for (unsigned i = 0; i < count; ++i) cluster.report(*endpoint, {.status = 200});
    EXPECT_EQ(endpoint->shared.active.load(), 0U);
  }
}

TEST_F(BalancerTest, LeastRequestHeavyOneCarriesMoreUnderLoad) {
  Cluster& cluster = use(weighted(Balancing::least_request, {8, 1, 1}));
  std::map<std::string, std::vector<Endpoint*>> load;
  for (int i = 0; i < 1'000; ++i) {
    Endpoint* const endpoint = *cluster.choose({});
    load[std::string(name_of(*endpoint))].push_back(endpoint);
  }
  EXPECT_NEAR(static_cast<double>(load[at(0)].size()), 800, 40);
  for (const auto& [name, endpoints] : load) {
    for (Endpoint* const endpoint : endpoints) cluster.report(*endpoint, {.status = 200});
  }
}

TEST_F(BalancerTest, WeightZeroAndNotReadyGetNothing) {
  for (const Balancing balancing :
       {Balancing::round_robin, Balancing::least_request, Balancing::random, Balancing::consistent_hash}) {
    ClusterConfig config = weighted(balancing, {0, 1, 1});
    config.endpoints[1].ready = false;
    Cluster& cluster = use(config);
    for (std::uint64_t i = 0; i < 200; ++i) EXPECT_EQ(choose_name(cluster, {.hash = mix_hash(i, 1)}), at(2));
    config.endpoints[2].weight = 0;
    EXPECT_EQ(choose_name(use(config)), "no_healthy_endpoint");
  }
  EXPECT_EQ(choose_name(use(config_of(0))), "no_endpoint");
}

TEST_F(BalancerTest, TriedOnesAreAvoidedWhileOthersAreLeft) {
  for (const Balancing balancing :
       {Balancing::round_robin, Balancing::least_request, Balancing::random, Balancing::consistent_hash}) {
    // A heavy one that has been tried would be drawn again and again.
    Cluster& cluster = use(weighted(balancing, {1'000'000, 1, 1}));
    for (std::uint64_t n = 0; n < 50; ++n) {
      std::vector<const Endpoint*> tried;
      std::set<const Endpoint*> distinct;
      for (int i = 0; i < 3; ++i) {
        Endpoint* const endpoint = *cluster.choose({.hash = mix_hash(n, 3), .tried = tried});
        tried.push_back(endpoint);
        distinct.insert(endpoint);
        cluster.report(*endpoint, {.status = 200});
      }
      EXPECT_EQ(distinct.size(), 3U);
      EXPECT_TRUE(cluster.choose({.tried = tried}));  // all tried: any
      cluster.report(const_cast<Endpoint&>(*tried[0]), {.status = 200});
    }
  }
}

TEST_F(BalancerTest, StickyTokenLeadsBackUnlessItCannot) {
  ClusterConfig config = weighted(Balancing::random, {1, 1, 1, 1, 1, 1});
  Cluster& cluster = use(config);
  Endpoint* const endpoint = *cluster.choose({});
  cluster.report(*endpoint, {.status = 200});
  const std::string token(cluster.token(*endpoint));
  const std::string name(name_of(*endpoint));
  EXPECT_EQ(token.size(), 16U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(choose_name(cluster, {.sticky = token}), name);
  // Forged, broken and foreign ones are as good as none.
  for (const std::string_view bad :
       {"", "0", "zzzzzzzzzzzzzzzz", "0000000000000000", "00000000000000000000"}) {
    EXPECT_GT(draw(cluster, 200, {.sticky = bad}).size(), 3U);
  }
  // Tried already: another one.
  const Endpoint* const tried[] = {endpoint};
  EXPECT_NE(choose_name(cluster, {.tried = tried, .sticky = token}), name);
  // Unready: another one; ready again: back.
  for (EndpointConfig& e : config.endpoints) e.ready = e.address + ":80" != name;
  Cluster& same = use(config);
  EXPECT_EQ(&same, &cluster);
  EXPECT_FALSE(draw(same, 200, {.sticky = token}).contains(name));
  for (EndpointConfig& e : config.endpoints) e.ready = true;
  EXPECT_EQ(choose_name(use(config), {.sticky = token}), name);
}

TEST_F(BalancerTest, ConsistentHashStaysWithTheKey) {
  Cluster& cluster = use(weighted(Balancing::consistent_hash, {1, 1, 1, 1, 1}));
  std::map<std::uint64_t, std::string> first;
  Counts counts;
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    const std::string name = choose_name(cluster, {.hash = hash_bytes(std::to_string(key))});
    first[key] = name;
    ++counts[name];
  }
  expect_shares(counts, 10'000, {1, 1, 1, 1, 1});
  // The same endpoints in another order: nothing moves. One less: only its keys move, or little more.
  ClusterConfig config = weighted(Balancing::consistent_hash, {1, 1, 1, 1, 1});
  std::swap(config.endpoints[0], config.endpoints[3]);
  Cluster& reordered = use(config);
  for (const auto& [key, name] : first) {
    ASSERT_EQ(choose_name(reordered, {.hash = hash_bytes(std::to_string(key))}), name);
  }
  config.endpoints.pop_back();
  Cluster& less = use(config);
  int moved = 0;
  for (const auto& [key, name] : first) {
    const std::string now = choose_name(less, {.hash = hash_bytes(std::to_string(key))});
    if (name != at(4)) moved += now != name;
  }
  EXPECT_LT(moved, 10'000 * 5 / 100);
}

TEST_F(BalancerTest, ConsistentHashSpreadsTheKeysOfAnUnhealthyOne) {
  ClusterConfig config = weighted(Balancing::consistent_hash, {1, 1, 1, 1, 1});
  config.outliers.consecutive_gateway_errors = 1;
  Cluster& cluster = use(config);
  std::map<std::uint64_t, std::string> before;
  for (std::uint64_t key = 0; key < 5'000; ++key) {
    before[key] = choose_name(cluster, {.hash = hash_bytes(std::to_string(key))});
  }
  std::uint64_t key = 0;
  while (before[key] != at(2)) ++key;
  Endpoint* const endpoint = *cluster.choose({.hash = hash_bytes(std::to_string(key))});
  cluster.report(*endpoint, {.status = 503});
  Counts heirs;
  for (const auto& [k, name] : before) {
    const std::string now = choose_name(cluster, {.hash = hash_bytes(std::to_string(k))});
    if (name == at(2)) {
      ++heirs[now];
    } else {
      ASSERT_EQ(now, name);  // the keys of the others stay
    }
  }
  EXPECT_FALSE(heirs.contains(at(2)));
  EXPECT_EQ(heirs.size(), 4U);
  for (const auto& [name, count] : heirs) EXPECT_NEAR(count, 250, 75) << name;
}

TEST_F(BalancerTest, ANewEndpointStartsSlowly) {
  ClusterConfig config = weighted(Balancing::random, {1, 1});
  config.slow_start = std::chrono::seconds(100);
  use(config);
  choose_name(plan[0]);
  config.endpoints.push_back({"10.0.0.3", 80, 1, true, ""});
  Cluster& cluster = use(config);
  const auto share = [&] { return draw(cluster, 20'000)[at(2)] / 20'000.0; };
  EXPECT_NEAR(share(), 0.1 / 2.1, 0.01);
  pass(std::chrono::seconds(25));
  EXPECT_NEAR(share(), 0.25 / 2.25, 0.015);
  pass(std::chrono::seconds(25));
  EXPECT_NEAR(share(), 0.5 / 2.5, 0.015);
  pass(std::chrono::seconds(60));
  EXPECT_NEAR(share(), 1.0 / 3, 0.015);
}

}  // namespace
}  // namespace turnpike::upstream
