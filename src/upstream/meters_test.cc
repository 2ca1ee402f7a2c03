#include "upstream/meters.h"

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetersTest : public testing::Test {
 protected:
  MetersTest() { loop.use_virtual_time(); }
  io::Loop loop;
  observe::Registry metrics{1};
  const observe::Families families = observe::define_families(metrics);
  Random random{1};
};

TEST_F(MetersTest, WhatOperatorsSee) {
  Registry registry(loop, {.workers = 1, .metrics = &metrics, .endpoint_metrics = &families.endpoint});
  WorkerClusters worker(loop, random, registry, &metrics.worker(0));
  TestServer server(loop);
  ClusterConfig config;
  config.name = "default/shop:80";
  config.endpoints = {{"127.0.0.1", server.port(), 1, true, ""}, {"10.0.0.1", 80, 1, false, ""}};
  config.retry_budget = {.percent = 0, .min_per_second = 0};
  PlanClusters plan = worker.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
  Cluster& cluster = plan[0];
  Outbox<Result<Lease>> opened;
  Endpoint* endpoint = *cluster.choose({});
  io::spawn(deliver(cluster.open(*endpoint, kNever), opened));
  ASSERT_TRUE(io::run_until(loop, [&] { return opened.done(); }));
  (*opened.value)->release();
  cluster.report(*endpoint, {.status = 204, .latency = std::chrono::milliseconds(3)});
  endpoint = *cluster.choose({});
  Lease lease = cluster.borrow(*endpoint);
  cluster.report(*endpoint, {.error = ErrorKind::upstream_reset});
  cluster.may_retry();

  const std::string text = metrics.render();
  const std::string labels =
      "{upstream=\"default/shop:80\",endpoint=\"127.0.0.1:" + std::to_string(server.port()) + "\"";
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_requests_total" + labels + ",status_class=\"2xx\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("turnpike_upstream_failures_total" + labels + ",reason=\"upstream_reset\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_connects_total" + labels + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_reused_connections_total" + labels + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_active_connections" + labels + "} 1\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_endpoint_healthy" + labels + "} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "turnpike_upstream_endpoint_healthy{upstream=\"default/shop:80\",endpoint=\"10.0.0.1:80\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_retries_denied_total{upstream=\"default/shop:80\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_upstream_endpoints{upstream=\"default/shop:80\"} 2\n"));
  lease.release();
  EXPECT_THAT(metrics.render(), HasSubstr("turnpike_upstream_idle_connections" + labels + "} 1\n"));
}

TEST_F(MetersTest, RenderingGoesOnWithoutTheRegistry) {
  {
    Registry registry(loop, {.workers = 1, .metrics = &metrics, .endpoint_metrics = &families.endpoint});
    ClusterConfig config;
    config.name = "gone";
    config.endpoints = {{"10.0.0.1", 80, 1, true, ""}};
    registry.update({std::make_shared<const ClusterConfig>(config)});
    EXPECT_THAT(metrics.render(), HasSubstr("turnpike_upstream_endpoints{upstream=\"gone\"} 1\n"));
  }
  metrics.render();
}

}  // namespace
}  // namespace turnpike::upstream
