// What an upstream costs a request: choose, borrow, release, report. Budget (docs: performance): 200 ns, no
// allocation.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "base/hash.h"
#include "io/pipe.h"
#include "io/socket.h"
#include "upstream/maglev.h"
#include "upstream/registry.h"
#include "upstream/worker_cluster.h"
#include "upstream/worker_clusters.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace turnpike::upstream {
namespace {

std::shared_ptr<const ClusterConfig> make(std::size_t endpoints, Balancing balancing, bool weighted) {
  ClusterConfig config;
  config.name = "bench";
  config.balancing = balancing;
  for (std::size_t i = 0; i < endpoints; ++i) {
    config.endpoints.push_back({"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1), 80,
                                weighted ? static_cast<std::uint32_t>(i % 7 + 1) : 1, true, ""});
  }
  return std::make_shared<const ClusterConfig>(config);
}

struct Worker {
  explicit Worker(Registry& registry, std::uint64_t seed) : random(seed), clusters(loop, random, registry) {}
  io::Loop loop;
  Random random;
  WorkerClusters clusters;
};

void choose_report(benchmark::State& state, Balancing balancing, bool weighted) {
  io::Loop control;
  Registry registry(control, {});
  Worker worker(registry, 1);
  const auto endpoints = static_cast<std::size_t>(state.range(0));
  PlanClusters plan = worker.clusters.adopt(registry.update({make(endpoints, balancing, weighted)}));
  Cluster& cluster = plan[0];
  std::uint64_t hash = 1;
  cluster.report(**cluster.choose({}), {.status = 200});
  const std::size_t before = allocations.load();
  for (auto _ : state) {
    hash = mix_hash(hash, 7);
    Endpoint* const endpoint = *cluster.choose({.hash = hash});
    cluster.report(*endpoint, {.status = 200});
  }
  state.counters["allocations"] = static_cast<double>(allocations.load() - before);
}
BENCHMARK_CAPTURE(choose_report, least_request, Balancing::least_request, false)->Arg(3)->Arg(1000);
BENCHMARK_CAPTURE(choose_report, least_request_weighted, Balancing::least_request, true)->Arg(3)->Arg(1000);
BENCHMARK_CAPTURE(choose_report, round_robin, Balancing::round_robin, false)->Arg(3)->Arg(1000);
BENCHMARK_CAPTURE(choose_report, round_robin_weighted, Balancing::round_robin, true)->Arg(3)->Arg(1000);
BENCHMARK_CAPTURE(choose_report, consistent_hash, Balancing::consistent_hash, true)->Arg(3)->Arg(1000);

template <class T>
io::Task<void> deliver(io::Task<T> task, std::optional<T>& to) {
  to.emplace(co_await std::move(task));
}

// All that a request does with its upstream when a connection is idle.
void choose_borrow_release_report(benchmark::State& state) {
  io::Loop control;
  Registry registry(control, {});
  Worker worker(registry, 1);
  const int listener = *io::listen_on(*io::Address::from_ip("127.0.0.1", 0), false);
  ClusterConfig config;
  config.name = "bench";
  config.endpoints.push_back({"127.0.0.1", io::local_address(listener).port(), 1, true, ""});
  {
    PlanClusters plan =
        worker.clusters.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
    Cluster& cluster = plan[0];
    Endpoint* const endpoint = *cluster.choose({});
    std::optional<Result<Lease>> opened;
    io::spawn(deliver(cluster.open(*endpoint, kNever), opened));
    while (!opened) worker.loop.turn(worker.loop.now() + std::chrono::milliseconds(1));
    (*opened)->release();
    cluster.report(*endpoint, {.status = 200});
    const std::size_t before = allocations.load();
    for (auto _ : state) {
      cluster.count_request();
      Endpoint* const chosen = *cluster.choose({});
      Lease lease = cluster.borrow(*chosen);
      benchmark::DoNotOptimize(lease.stream());
      lease.release();
      cluster.report(*chosen, {.status = 200});
    }
    state.counters["allocations"] = static_cast<double>(allocations.load() - before);
  }
  ::close(listener);
}
BENCHMARK(choose_borrow_release_report);

// A worker changes over to a plan in which nothing differs, and lets the old one go.
void adopt_unchanged(benchmark::State& state) {
  io::Loop control;
  Registry registry(control, {});
  Worker worker(registry, 1);
  const auto plan_of = [&] {
    std::vector<std::shared_ptr<const ClusterConfig>> configs;
    for (int i = 0; i < state.range(0); ++i) {
      ClusterConfig config = *make(2, Balancing::least_request, false);
      config.name = "cluster " + std::to_string(i);
      configs.push_back(std::make_shared<const ClusterConfig>(config));
    }
    return configs;
  };
  PlanClusters plan = worker.clusters.adopt(registry.update(plan_of()));
  const auto next = registry.update(plan_of());
  for (auto _ : state) plan = worker.clusters.adopt(next);
}
BENCHMARK(adopt_unchanged)->Arg(5000)->Unit(benchmark::kMicrosecond);

// The control thread's side of the same.
void update_unchanged(benchmark::State& state) {
  io::Loop control;
  Registry registry(control, {});
  std::vector<std::shared_ptr<const ClusterConfig>> configs;
  for (int i = 0; i < state.range(0); ++i) {
    ClusterConfig config = *make(2, Balancing::least_request, false);
    config.name = "cluster " + std::to_string(i);
    configs.push_back(std::make_shared<const ClusterConfig>(config));
  }
  registry.update(configs);
  for (auto _ : state) benchmark::DoNotOptimize(registry.update(configs));
}
BENCHMARK(update_unchanged)->Arg(5000)->Unit(benchmark::kMicrosecond);

void maglev_table(benchmark::State& state) {
  std::vector<MaglevEntry> entries;
  for (std::uint64_t i = 0; i < 100; ++i) entries.push_back({mix_hash(i, 1), 1});
  for (auto _ : state) benchmark::DoNotOptimize(build_maglev(entries, 65537));
}
BENCHMARK(maglev_table)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace turnpike::upstream
