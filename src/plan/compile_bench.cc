// What a change costs: 5,000 HTTPRoutes, each with a Service and an EndpointSlice of its own, compiled again
// as a whole (the goal: 15 ms), and what the plan holds (the goal: 12 MB beside the resources).
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "plan/compile.h"
#include "resource/loader.h"

namespace turnpike::plan {
namespace {

std::string configuration(int routes, bool hosts) {
  std::string out = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners: [{name: http, port: 8080, protocol: HTTP}]
)";
  for (int i = 0; i < routes; ++i) {
    const std::string n = std::to_string(i);
    out += R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route-)" +
           n + R"(}
spec:
  parentRefs: [{name: gw}]
)" + (hosts ? "  hostnames: [host-" + n + ".example.com]\n" : "") +
           R"(  rules:
  - matches: [{path: {type: PathPrefix, value: /service-)" +
           n + R"(}}]
    timeouts: {request: 2s}
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Route, value: "r"}]}}]
    backendRefs: [{name: service-)" +
           n + R"(, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: service-)" +
           n + R"(}
spec: {ports: [{name: http, port: 80, targetPort: 9000}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: service-)" +
           n + R"(-1, labels: {kubernetes.io/service-name: service-)" + n + R"(}}
addressType: IPv4
ports: [{name: http, port: 9000}]
endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]
)";
  }
  return out;
}

std::shared_ptr<const resource::Store> store_of(int routes, bool hosts) {
  auto loaded = resource::load_text(configuration(routes, hosts));
  if (!loaded.ok()) throw std::runtime_error(loaded.diagnostics.front().text());
  return loaded.store;
}

std::size_t heap() { return mallinfo2().uordblks; }

void compile_again(benchmark::State& state, bool statuses, bool metrics) {
  const auto store = store_of(static_cast<int>(state.range(0)), state.range(1) != 0);
  observe::Registry registry(2);
  const observe::Families families = observe::define_families(registry);
  CompileOptions options;
  options.statuses = statuses;
  options.workers = 2;
  if (metrics) {
    options.metrics = &registry;
    options.families = &families;
  }
  Compiler compiler;
  Compiled kept = compiler.compile(store, options);
  while (state.KeepRunning()) {
    Compiled next = compiler.compile(store, options);
    benchmark::DoNotOptimize(next.plan.get());
    kept = std::move(next);
  }
  kept = {};
  const std::size_t before = heap();
  kept = compiler.compile(store, options);
  state.counters["plan_bytes"] = static_cast<double>(heap() - before);
}

void compile(benchmark::State& state) { compile_again(state, false, false); }
void compile_with_metrics(benchmark::State& state) { compile_again(state, false, true); }
void compile_with_statuses(benchmark::State& state) { compile_again(state, true, false); }

BENCHMARK(compile)->Args({10, 0})->Args({5000, 0})->Args({5000, 1})->Unit(benchmark::kMillisecond);
BENCHMARK(compile_with_metrics)->Args({5000, 0})->Unit(benchmark::kMillisecond);
BENCHMARK(compile_with_statuses)->Args({5000, 0})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace turnpike::plan
