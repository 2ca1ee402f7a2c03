#include "upstream/outlier.h"

#include <set>

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;

class OutlierTest : public UpstreamTest {
 protected:
  static ClusterConfig outliers_of(std::size_t endpoints) {
    ClusterConfig config = config_of(endpoints);
    config.balancing = Balancing::round_robin;
    config.panic_percent = 0;
    return config;
  }
  // Sends `count` requests to the endpoint (as long as it is chosen at all), which answers them so.
  void answer(Cluster& cluster, const std::string& name, const Outcome& outcome, int count) {
    for (int i = 0; i < count; ++i) {
      for (int tries = 0; tries < 1000; ++tries) {
        Endpoint* const endpoint = *cluster.choose({});
        const bool found = name_of(*endpoint) == name;
        cluster.report(*endpoint, found ? outcome : Outcome{.error = ErrorKind::cancelled});
        if (found) break;
      }
    }
    settle();
  }
  std::set<std::string> in_use(Cluster& cluster) {
    std::set<std::string> names;
    for (int i = 0; i < 100; ++i) {
      const auto chosen = cluster.choose({});
      if (!chosen) break;
      names.emplace(name_of(**chosen));
      cluster.report(**chosen, {.error = ErrorKind::cancelled});
    }
    return names;
  }
  const std::string first = "10.0.0.1:80";
  const std::string second = "10.0.0.2:80";
};

TEST(Judge, WhatCountsAsAGatewayError) {
  for (const unsigned status : {502U, 503U, 504U}) {
    EXPECT_EQ(judge({.status = static_cast<std::uint16_t>(status)}), Judgement::gateway_error);
  }
  for (const ErrorKind kind :
       {ErrorKind::connect_refused, ErrorKind::connect_timeout, ErrorKind::connect_failed,
        ErrorKind::upstream_reset, ErrorKind::upstream_timeout, ErrorKind::upstream_tls,
        ErrorKind::upstream_bad_response, ErrorKind::request_timeout}) {
    EXPECT_EQ(judge({.error = kind}), Judgement::gateway_error) << name_of(kind);
  }
  EXPECT_EQ(judge({.status = 500}), Judgement::server_error);
  EXPECT_EQ(judge({.status = 404}), Judgement::success);
  EXPECT_EQ(judge({.status = 200}), Judgement::success);
  for (const ErrorKind kind :
       {ErrorKind::cancelled, ErrorKind::client_closed, ErrorKind::upstream_overflow}) {
    EXPECT_EQ(judge({.error = kind}), Judgement::neutral) << name_of(kind);
  }
}

TEST_F(OutlierTest, EjectsAfterFiveInARowAndTakesItBack) {
  Cluster& cluster = use(outliers_of(3));
  answer(cluster, first, {.status = 503}, 4);
  answer(cluster, first, {.status = 200}, 1);  // breaks the row
  answer(cluster, first, {.error = ErrorKind::upstream_reset}, 4);
  EXPECT_EQ(in_use(cluster).size(), 3U);
  answer(cluster, first, {.error = ErrorKind::connect_refused}, 1);
  EXPECT_FALSE(in_use(cluster).contains(first));
  ASSERT_EQ(events.all.size(), 1U);
  EXPECT_EQ(events.all[0], "endpoint ejected " + first);
  EXPECT_EQ(events.durations[0], 10s);
  EXPECT_TRUE(registry.status()[0].endpoints[0].ejected);
  pass(8s);
  EXPECT_FALSE(in_use(cluster).contains(first));
  pass(4s);  // at most a tenth of jitter
  EXPECT_TRUE(in_use(cluster).contains(first));
  EXPECT_EQ(events.all.back(), "endpoint back after its ejection " + first);
  EXPECT_EQ(registry.status()[0].endpoints[0].ejections, 1U);
}

TEST_F(OutlierTest, NeutralOutcomesNeitherCountNorBreakTheRow) {
  Cluster& cluster = use(outliers_of(2));
  answer(cluster, first, {.status = 502}, 3);
  answer(cluster, first, {.error = ErrorKind::cancelled}, 10);
  EXPECT_EQ(in_use(cluster).size(), 2U);
  answer(cluster, first, {.status = 502}, 2);
  EXPECT_EQ(in_use(cluster), std::set<std::string>{second});
}

TEST_F(OutlierTest, EjectionsGrowInARowAndAreForgotten) {
  ClusterConfig config = outliers_of(2);
  config.outliers.longest_ejection = 25s;
  Cluster& cluster = use(config);
  for (int i = 0; i < 4; ++i) {
    answer(cluster, first, {.status = 503}, 5);
    pass(28s);
  }
  std::vector<Duration> times;
  for (std::size_t i = 0; i < events.all.size(); ++i) {
    if (events.all[i].starts_with("endpoint ejected")) times.push_back(events.durations[i]);
  }
  // The first lasts 10 s, and the next comes 18 s after its end: still in the same row.
  EXPECT_EQ(times, (std::vector<Duration>{10s, 20s, 25s, 25s}));
  pass(10min);
  answer(cluster, first, {.status = 503}, 5);
  EXPECT_EQ(events.durations.back(), 10s);
}

TEST_F(OutlierTest, NeverMoreThanTheShareAndNeverTheOnlyOne) {
  Cluster& cluster = use(outliers_of(4));
  for (const char* name : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"})
    answer(cluster, name, {.status = 503}, 6);
  EXPECT_EQ(in_use(cluster).size(), 2U);

  // With a smaller set fewer may stay out.
  Cluster& pair = use(outliers_of(2));
  EXPECT_EQ(in_use(pair).size(), 1U);
  pass(1min);
  answer(pair, second, {.status = 503}, 9);
  EXPECT_EQ(in_use(pair).size(), 1U);

  Cluster& single = use(outliers_of(1));
  answer(single, first, {.status = 503}, 50);
  EXPECT_EQ(in_use(single).size(), 1U);
}

TEST_F(OutlierTest, PanicUsesAllWhenTooFewAreLeft) {
  ClusterConfig config = outliers_of(4);
  config.outliers.most_ejected_percent = 100;
  config.panic_percent = 50;
  Cluster& cluster = use(config);
  answer(cluster, first, {.status = 503}, 5);
  answer(cluster, second, {.status = 503}, 5);
  EXPECT_EQ(in_use(cluster).size(), 2U);  // half is not below half
  answer(cluster, "10.0.0.3:80", {.status = 503}, 5);
  EXPECT_EQ(in_use(cluster).size(), 4U);
  EXPECT_GT(registry.status()[0].totals.panic, 0U);

  config.panic_percent = 0;
  EXPECT_EQ(in_use(use(config)).size(), 1U);
}

TEST_F(OutlierTest, Consecutive5xxWhereAsked) {
  ClusterConfig config = outliers_of(2);
  Cluster& cluster = use(config);
  answer(cluster, first, {.status = 500}, 50);
  EXPECT_EQ(in_use(cluster).size(), 2U);
  config.outliers.consecutive_5xx = 3;
  Cluster& strict = use(config);
  EXPECT_EQ(&strict, &cluster);
  answer(strict, first, {.status = 500}, 1);
  answer(strict, first, {.status = 503}, 1);
  answer(strict, first, {.status = 501}, 1);
  EXPECT_EQ(in_use(strict), std::set<std::string>{second});
}

TEST_F(OutlierTest, DisabledMeansNever) {
  ClusterConfig config = outliers_of(2);
  config.outliers.enabled = false;
  Cluster& cluster = use(config);
  answer(cluster, first, {.status = 503}, 50);
  EXPECT_EQ(in_use(cluster).size(), 2U);
}

TEST_F(OutlierTest, AnEjectedEndpointThatLeavesMakesRoom) {
  ClusterConfig config = outliers_of(3);
  Cluster& cluster = use(config);
  answer(cluster, first, {.status = 503}, 5);  // one of three is all that may be
  answer(cluster, second, {.status = 503}, 5);
  EXPECT_EQ(in_use(cluster).size(), 2U);
  config.endpoints.erase(config.endpoints.begin());
  Cluster& same = use(config);
  answer(same, second, {.status = 503}, 1);
  EXPECT_EQ(in_use(same), std::set<std::string>{"10.0.0.3:80"});
  // Health survives a change of the others.
  config.endpoints.push_back({"10.0.0.9", 80, 1, true, ""});
  EXPECT_FALSE(in_use(use(config)).contains(second));
}

TEST_F(OutlierTest, TimesAreBounded) {
  const OutlierDetection config{.base_ejection = 10s, .longest_ejection = 300s};
  EXPECT_EQ(ejection_time(config, 1), 10s);
  EXPECT_EQ(ejection_time(config, 3), 30s);
  EXPECT_EQ(ejection_time(config, 30), 300s);
  EXPECT_EQ(ejection_time(config, 4'000'000'000U), 300s);
  EXPECT_EQ(ejection_time({.base_ejection = 500s, .longest_ejection = 300s}, 2), 500s);
}

}  // namespace
}  // namespace turnpike::upstream
