// 5,000 routes in one file: what reading them costs at first, after an edit of one, and in memory.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "resource/document_split.h"
#include "resource/loader.h"
#include "resource/yaml.h"

namespace turnpike::resource {
namespace {

std::string route(int number, int revision) {
  const std::string n = std::to_string(number);
  return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: route-" + n +
         "\n  namespace: shop\n  labels: {team: payments}\nspec:\n  parentRefs:\n  - name: shop\n    "
         "sectionName: http\n"
         "  hostnames:\n  - host" +
         n +
         ".example.com\n  rules:\n  - matches:\n    - path:\n        type: PathPrefix\n"
         "        value: /api/v" +
         std::to_string(revision) + "/items-" + n +
         "\n      headers:\n"
         "      - name: X-Version\n        value: \"2\"\n    timeouts:\n      request: 10s\n    "
         "backendRefs:\n"
         "    - name: backend-" +
         std::to_string(number % 100) +
         "\n      port: 8080\n      weight: 90\n"
         "    - name: canary-" +
         std::to_string(number % 100) + "\n      port: 8080\n      weight: 10\n";
}

std::string file_of(int routes, int edited, int revision) {
  std::string text;
  for (int i = 0; i < routes; ++i) text += route(i, i == edited ? revision : 1);
  return text;
}

Loaded load(Loader& loader, const std::string& text) {
  const NamedText named{"routes.yaml", text};
  return loader.load(std::span(&named, 1));
}

void cold(benchmark::State& state) {
  const std::string text = file_of(static_cast<int>(state.range(0)), -1, 1);
  for (auto _ : state) {
    Loader loader;
    benchmark::DoNotOptimize(load(loader, text));
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(cold)->Arg(10)->Arg(5000)->Unit(benchmark::kMillisecond);

void after_one_edit(benchmark::State& state) {
  const int routes = static_cast<int>(state.range(0));
  const std::string texts[2] = {file_of(routes, routes / 2, 2), file_of(routes, routes / 2, 33)};
  Loader loader;
  std::shared_ptr<const Store> before = load(loader, texts[0]).store;
  int turn = 0;
  for (auto _ : state) {
    Loaded loaded = load(loader, texts[++turn % 2]);
    before = std::move(loaded.store);  // as when a new snapshot takes the place of the old one
  }
}
BENCHMARK(after_one_edit)->Arg(10)->Arg(5000)->Unit(benchmark::kMillisecond);

void split_only(benchmark::State& state) {
  const std::string text = file_of(5000, -1, 1);
  for (auto _ : state) benchmark::DoNotOptimize(split_documents(text));
}
BENCHMARK(split_only)->Unit(benchmark::kMillisecond);

void parse_one(benchmark::State& state) {
  const std::string text = route(1, 1);
  for (auto _ : state) {
    Document document;
    benchmark::DoNotOptimize(document.parse(text));
  }
}
BENCHMARK(parse_one)->Unit(benchmark::kMicrosecond);

void decode_one(benchmark::State& state) {
  const std::string text = route(1, 1);
  Document document;
  (void)document.parse(text);
  for (auto _ : state) benchmark::DoNotOptimize(decode_document(*document.root(), {}));
}
BENCHMARK(decode_one)->Unit(benchmark::kMicrosecond);

void resident_bytes_per_route(benchmark::State& state) {
  const std::string text = file_of(5000, -1, 1);
  double bytes = 0;
  for (auto _ : state) {
    malloc_trim(0);
    const std::size_t before = mallinfo2().uordblks;
    Loader loader;
    const Loaded loaded = load(loader, text);
    bytes = static_cast<double>(mallinfo2().uordblks - before) / 5000;
    benchmark::DoNotOptimize(loaded);
  }
  state.counters["bytes_per_route"] = bytes;
}
BENCHMARK(resident_bytes_per_route)->Iterations(1);

}  // namespace
}  // namespace turnpike::resource
