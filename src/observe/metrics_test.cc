#include "observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "observe/families.h"

namespace turnpike::observe {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Example {
  explicit Example(unsigned workers = 2, const RegistryLimits& limits = {}) : registry(workers, limits) {
    group = registry.group({"listener", "route"});
    static constexpr std::string_view kKinds[] = {"good", "bad"};
    requests = registry.counter(
        group, {.name = "tests_total", .help = "Tests.", .variant_label = "kind", .variants = kKinds});
    active = registry.gauge(group, {.name = "active_tests", .help = "Now."});
    duration = registry.histogram(group, {.name = "test_duration_seconds", .help = "How long."});
  }
  Block block(unsigned worker, Series series) { return registry.worker(worker).block(series); }

  Registry registry;
  Group group;
  Counter requests;
  Gauge active;
  Histogram duration;
};

TEST(Metrics, SumsOverWorkers) {
  Example e;
  Lease lease = e.registry.lease();
  const Series series = lease.series(e.group, {"http", "a/b"});
  e.block(0, series).add(e.requests.of(0), 2);
  e.block(1, series).add(e.requests.of(0));
  e.block(1, series).add(e.requests.of(1), 5);
  e.block(0, series).add(e.active, 3);
  e.block(1, series).add(e.active, -4);
  const std::string text = e.registry.render();
  EXPECT_THAT(text, HasSubstr("# HELP turnpike_tests_total Tests.\n# TYPE turnpike_tests_total counter\n"
                              "turnpike_tests_total{listener=\"http\",route=\"a/b\",kind=\"good\"} 3\n"
                              "turnpike_tests_total{listener=\"http\",route=\"a/b\",kind=\"bad\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_active_tests{listener=\"http\",route=\"a/b\"} -1\n"));
  // Nothing was observed yet.
  EXPECT_THAT(text, Not(HasSubstr("turnpike_test_duration_seconds")));
}

TEST(Metrics, BucketsAreUpperBounds) {
  EXPECT_EQ(bucket_of(-1ns), 0U);
  EXPECT_EQ(bucket_of(0ns), 0U);
  EXPECT_EQ(bucket_of(62'500ns), 0U);
  EXPECT_EQ(bucket_of(62'501ns), 1U);
  EXPECT_EQ(bucket_of(125'000ns), 1U);
  EXPECT_EQ(bucket_of(125'001ns), 2U);
  EXPECT_EQ(bucket_of(1ms), 4U);
  EXPECT_EQ(bucket_of(1ms + 1ns), 5U);
  EXPECT_EQ(bucket_of(65'536ms), kBuckets - 2);
  EXPECT_EQ(bucket_of(65'536ms + 1ns), kBuckets - 1);
  EXPECT_EQ(bucket_of(Duration::max()), kBuckets - 1);
  for (unsigned i = 0; i + 2 < kBuckets; ++i) {
    EXPECT_EQ(bucket_of(Duration(62'500LL << i)), i);
    EXPECT_EQ(bucket_of(Duration((62'500LL << i) + 1)), i + 1);
  }
}

TEST(Metrics, HistogramsAreCumulative) {
  Example e;
  Lease lease = e.registry.lease();
  const Series series = lease.series(e.group, {"l", "r"});
  e.block(0, series).observe(e.duration, 10us);
  e.block(1, series).observe(e.duration, 1500us);
  e.block(1, series).observe(e.duration, 100s);
  const std::string text = e.registry.render();
  const std::string labels = "{listener=\"l\",route=\"r\",le=\"";
  EXPECT_THAT(text, HasSubstr("turnpike_test_duration_seconds_bucket" + labels + "6.25e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket" + labels + "0.000125\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket" + labels + "0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket" + labels + "0.002\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket" + labels + "65.536\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket" + labels + "+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_test_duration_seconds_sum{listener=\"l\",route=\"r\"} 100.00151\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_test_duration_seconds_count{listener=\"l\",route=\"r\"} 3\n"));
}

TEST(Metrics, TheSameLabelsAreTheSameCells) {
  Example e;
  std::optional<Lease> old(e.registry.lease());
  const Series before = old->series(e.group, {"l", "r"});
  e.block(0, before).add(e.requests.of(0), 7);
  Lease next = e.registry.lease();
  const Series after = next.series(e.group, {"l", "r"});
  EXPECT_EQ(before.cell, after.cell);
  old.reset();
  e.registry.expire(TimePoint(1h));
  e.registry.expire(TimePoint(9h));
  EXPECT_THAT(e.registry.render(), HasSubstr("kind=\"good\"} 7\n"));
  EXPECT_NE(next.series(e.group, {"l", "other route"}).cell, after.cell);
  EXPECT_NE(next.series(e.group, {"l\",route=\"r", ""}).cell, after.cell);
}

TEST(Metrics, RetiredSeriesAreKeptForAWhileAndThenForgotten) {
  Example e(1, {.keep_retired = 10min});
  const std::size_t own = e.registry.series();
  std::uint32_t cell = 0;
  {
    Lease lease = e.registry.lease();
    const Series series = lease.series(e.group, {"l", "r"});
    cell = series.cell;
    e.block(0, series).add(e.requests.of(0), 7);
    e.registry.expire(TimePoint(1h));
  }
  e.registry.expire(TimePoint(2h));
  e.registry.expire(TimePoint(2h + 9min));
  EXPECT_THAT(e.registry.render(), HasSubstr("kind=\"good\"} 7\n"));
  e.registry.expire(TimePoint(2h + 10min));
  EXPECT_THAT(e.registry.render(), Not(HasSubstr("turnpike_tests_total")));
  EXPECT_EQ(e.registry.series(), own);
  // The cells serve the next series, from zero.
  Lease lease = e.registry.lease();
  const Series reused = lease.series(e.group, {"x", "y"});
  EXPECT_EQ(reused.cell, cell);
  EXPECT_EQ(e.block(0, reused).value(e.requests.of(0)), 0U);
}

TEST(Metrics, ARetiredSeriesThatComesBackGoesOn) {
  Example e(1, {.keep_retired = 10min});
  {
    Lease lease = e.registry.lease();
    e.block(0, lease.series(e.group, {"l", "r"})).add(e.requests.of(0), 7);
  }
  e.registry.expire(TimePoint(1h));
  {
    Lease lease = e.registry.lease();
    e.block(0, lease.series(e.group, {"l", "r"})).add(e.requests.of(0));
  }
  // The time counts anew.
  e.registry.expire(TimePoint(1h + 11min));
  e.registry.expire(TimePoint(1h + 12min));
  EXPECT_THAT(e.registry.render(), HasSubstr("kind=\"good\"} 8\n"));
}

TEST(Metrics, TooManySeriesShareOne) {
  Example e(1, {.series_per_group = 3});
  Lease lease = e.registry.lease();
  std::vector<std::uint32_t> cells;
  cells.reserve(6);
  for (int i = 0; i < 6; ++i) cells.push_back(lease.series(e.group, {"l", std::to_string(i)}).cell);
  EXPECT_NE(cells[2], cells[3]);
  EXPECT_EQ(cells[3], cells[4]);
  EXPECT_EQ(cells[4], cells[5]);
  e.block(0, {cells[5]}).add(e.requests.of(1), 9);
  const std::string text = e.registry.render();
  EXPECT_THAT(text, HasSubstr("{listener=\"other\",route=\"other\",kind=\"bad\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("turnpike_metrics_overflow_total 3\n"));
  EXPECT_EQ(lease.series(e.group, {"l", "0"}).cell, cells[0]);
}

TEST(Metrics, LabelsAreEscaped) {
  Example e(1);
  Lease lease = e.registry.lease();
  lease.series(e.group, {"a\"b\\c\nd", "\xff\xc3\xa9"});
  lease.series(e.group, {std::string(5000, 'x'), ""});
  const std::string text = e.registry.render();
  EXPECT_THAT(text, HasSubstr("{listener=\"a\\\"b\\\\c\\nd\",route=\"\xef\xbf\xbd\xc3\xa9\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(257, 'x'))));
}

TEST(Metrics, TheOrderDoesNotDependOnHistory) {
  const auto text_of = [](const std::vector<std::string>& routes) {
    Example e(1);
    Lease lease = e.registry.lease();
    for (const std::string& route : routes)
      e.block(0, lease.series(e.group, {"l", route})).add(e.requests.of(0));
    return e.registry.render();
  };
  EXPECT_EQ(text_of({"a", "b", "c"}), text_of({"c", "a", "b"}));
}

TEST(Metrics, DefinitionsAreChecked) {
  Example e;
  const auto counter = [&](std::string_view name) {
    e.registry.counter(e.group, {.name = name, .help = ""});
  };
  EXPECT_THROW(counter("tests_total"), std::logic_error);
  EXPECT_THROW(counter("more_tests"), std::logic_error);
  EXPECT_THROW(counter("more-tests_total"), std::logic_error);
  EXPECT_THROW(e.registry.group({"0label"}), std::logic_error);
  Lease lease = e.registry.lease();
  lease.series(e.group, {"l", "r"});
  EXPECT_THROW(counter("late_total"), std::logic_error);
}

TEST(Metrics, TheDefaultSeriesIsASink) {
  Example e;
  Block block = e.block(0, {});
  block.add(e.requests.of(1), 5);
  block.observe(e.duration, 1s);
  const std::string text = e.registry.render();
  EXPECT_THAT(text, Not(HasSubstr("turnpike_tests_total")));
  EXPECT_THAT(text, HasSubstr("turnpike_metrics_overflow_total 0\n"));
}

TEST(Metrics, VariantsOutOfRangeCountAsTheLast) {
  Example e;
  EXPECT_EQ(e.requests.of(1).offset, e.requests.of(99).offset);
}

TEST(Metrics, ManySeriesSpanChunks) {
  Example e(1);
  Lease lease = e.registry.lease();
  std::vector<Series> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(lease.series(e.group, {"l", std::to_string(i)}));
    e.block(0, all.back()).observe(e.duration, Duration(i));
    e.block(0, all.back()).add(e.requests.of(0), static_cast<std::uint64_t>(i));
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(e.block(0, all[static_cast<std::size_t>(i)]).value(e.requests.of(0)),
              static_cast<std::uint64_t>(i));
  }
}

TEST(Metrics, OpenMetricsNamesFamiliesWithoutTheirSuffix) {
  Example e(1);
  Lease lease = e.registry.lease();
  e.block(0, lease.series(e.group, {"l", "r"})).add(e.requests.of(0));
  const std::string text = e.registry.render(Registry::Format::openmetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE turnpike_tests counter\nturnpike_tests_total{"));
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

// Leases are dropped and metrics rendered while a worker counts.
TEST(Metrics, RenderingRunsBesideTheWorkers) {
  Example e(1);
  Lease lease = e.registry.lease();
  const Series series = lease.series(e.group, {"l", "r"});
  std::thread worker([&] {
    for (int i = 0; i < 100'000; ++i) {
      Block block = e.block(0, series);
      block.add(e.requests.of(0));
      block.observe(e.duration, Duration(i));
      if (i % 1000 == 0) Lease gone = e.registry.lease();
    }
  });
  for (int i = 0; i < 50; ++i) {
    e.registry.render();
    Lease other = e.registry.lease();
    other.series(e.group, {"l", std::to_string(i)});
    std::thread([moved = std::move(other)] {}).join();
  }
  worker.join();
  EXPECT_THAT(e.registry.render(), HasSubstr("kind=\"good\"} 100000\n"));
}

TEST(Families, AreAllThereAndFollowTheConventions) {
  Registry registry(1);
  const Families families = define_families(registry);
  Lease lease = registry.lease();
  Block route =
      registry.worker(0).block(lease.series(families.route.group, {"default/shop/http", "default/pay"}));
  route.add(families.route.requests.of(status_class(204)));
  route.add(families.route.requests.of(status_class(0)));
  route.observe(families.route.duration, 3ms);
  Block listener = registry.worker(0).block(lease.series(families.listener.group, {"default/shop/http"}));
  listener.add(families.listener.responses.of(reason(ErrorKind::connect_refused)));
  Block endpoint =
      registry.worker(0).block(lease.series(families.endpoint.group, {"default/pay:9001", "127.0.0.1:9001"}));
  endpoint.add(families.endpoint.failures.of(reason(ErrorKind::internal)));
  const std::string text = registry.render();
  for (const char* line : {
           "turnpike_requests_total{listener=\"default/shop/http\",route=\"default/"
           "pay\",status_class=\"2xx\"} 1\n",
           "status_class=\"none\"} 1\n",
           "turnpike_gateway_responses_total{listener=\"default/shop/http\",reason=\"connect_refused\"} 1\n",
           "turnpike_upstream_failures_total{upstream=\"default/"
           "pay:9001\",endpoint=\"127.0.0.1:9001\",reason=\"internal\"} 1\n",
           "turnpike_config_reloads_total{result=\"failed\"} 0\n",
           "turnpike_access_log_dropped_total 0\n",
           "# TYPE process_resident_memory_bytes gauge\n",
           "turnpike_build_info{version=",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  // The process has memory, descriptors and a start.
  for (const char* name : {"process_resident_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_threads", "process_start_time_seconds", "process_cpu_seconds_total"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " "));
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + name + " 0\n"))) << name;
  }
}

TEST(Families, StatusClasses) {
  EXPECT_EQ(status_class(100), 0U);
  EXPECT_EQ(status_class(404), 3U);
  EXPECT_EQ(status_class(599), 4U);
  for (unsigned odd : {0U, 99U, 600U, 999U})
    EXPECT_EQ(status_class(odd), static_cast<unsigned>(StatusClass::none));
}

}  // namespace
}  // namespace turnpike::observe
