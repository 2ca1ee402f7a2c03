// What a look-up costs with few and with many routes, and what compiling costs. The ratio that matters is
// that of Find/10000 to Find/10 (performance.md: 1.1 of a whole request).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "route/table.h"
#include "route/test_request.h"

namespace turnpike::route {
namespace {

struct Routes {
  std::vector<std::string> texts;
  std::vector<Match> matches;
  std::vector<std::string> hosts;
  std::vector<std::unique_ptr<TestRequest>> requests;
};

// One host for each ten routes, prefixes with an exact path here and there.
Routes make_routes(std::uint32_t count) {
  Routes out;
  out.texts.reserve(std::size_t{count} * 3);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string& host = out.texts.emplace_back("service-" + std::to_string(i / 10) + ".example.com");
    const std::string& path = out.texts.emplace_back("/api/v1/orders-" + std::to_string(i));
    out.matches.push_back(
        match_of(host, i % 5 == 0 ? PathMatch::Kind::exact : PathMatch::Kind::prefix, path, i));
    out.hosts.push_back(host);
    const std::string& target = out.texts.emplace_back(i % 5 == 0 ? path : path + "/items/4711");
    out.requests.push_back(std::make_unique<TestRequest>(
        "GET", target, Pairs{{"user-agent", "bench"}, {"accept", "*/*"}, {"x-request-id", "1"}}));
  }
  return out;
}

// The same few requests again and again: what is compared is the work, not the caches.
void Find(benchmark::State& state) {
  const Routes routes = make_routes(static_cast<std::uint32_t>(state.range(0)));
  const auto table = Table::compile(routes.matches);
  Scratch scratch;
  // Every number is of another kind of path: 0, 5 are exact, the others prefixes.
  const std::size_t stride = routes.matches.size() / 10 | 1;
  std::size_t i = 0;
  for (auto _ : state) {
    i = i == 9 ? 0 : i + 1;
    const auto hit = table->find(routes.hosts[i * stride % routes.matches.size()],
                                 routes.requests[i * stride % routes.matches.size()]->head, scratch);
    benchmark::DoNotOptimize(hit);
  }
  state.counters["bytes/route"] =
      static_cast<double>(table->memory()) / static_cast<double>(routes.matches.size());
}
BENCHMARK(Find)->Arg(10)->Arg(1000)->Arg(10'000);

// Every route in turn, in an order that no prefetcher guesses.
void FindSpread(benchmark::State& state) {
  const Routes routes = make_routes(static_cast<std::uint32_t>(state.range(0)));
  const auto table = Table::compile(routes.matches);
  Scratch scratch;
  std::size_t i = 0;
  for (auto _ : state) {
    i = (i + 7919) % routes.matches.size();
    const auto hit = table->find(routes.hosts[i], routes.requests[i]->head, scratch);
    benchmark::DoNotOptimize(hit);
  }
}
BENCHMARK(FindSpread)->Arg(10)->Arg(1000)->Arg(10'000);

void Compile(benchmark::State& state) {
  const Routes routes = make_routes(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Table::compile(routes.matches));
}
BENCHMARK(Compile)->Arg(10)->Arg(5000)->Arg(10'000)->Unit(benchmark::kMillisecond);

// All routes under one host: what a cluster without hostnames looks like.
void FindOneHost(benchmark::State& state) {
  Routes routes = make_routes(static_cast<std::uint32_t>(state.range(0)));
  for (Match& match : routes.matches) match.host = {};
  const auto table = Table::compile(routes.matches);
  Scratch scratch;
  // Every number is of another kind of path: 0, 5 are exact, the others prefixes.
  const std::size_t stride = routes.matches.size() / 10 | 1;
  std::size_t i = 0;
  for (auto _ : state) {
    i = i == 9 ? 0 : i + 1;
    benchmark::DoNotOptimize(table->find(routes.hosts[i * stride % routes.matches.size()],
                                         routes.requests[i * stride % routes.matches.size()]->head, scratch));
  }
}
BENCHMARK(FindOneHost)->Arg(10)->Arg(10'000);

void FindRegex(benchmark::State& state) {
  const std::vector<Match> matches = {regex("/api/v[0-9]+/users/[^/]+", 1), prefix("/", 2)};
  const auto table = Table::compile(matches);
  const TestRequest request("GET", "/api/v12/users/4711");
  Scratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(table->find("a.com", request.head, scratch));
}
BENCHMARK(FindRegex);

void FindConditions(benchmark::State& state) {
  const std::vector<Match> matches = {with_header(prefix("/", 1), "x-version", "2"),
                                      with_query(prefix("/", 2), "v", "2"), prefix("/", 3)};
  const auto table = Table::compile(matches);
  const TestRequest request("GET", "/api?a=1&b=2&v=3",
                            {{"user-agent", "bench"}, {"accept", "*/*"}, {"x-version", "1"}});
  Scratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(table->find("a.com", request.head, scratch));
}
BENCHMARK(FindConditions);

}  // namespace
}  // namespace turnpike::route
