// What a request pays for being seen: its counters and its line in the access log.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "observe/access_log.h"
#include "observe/escape.h"
#include "observe/families.h"
#include "observe/trace.h"

namespace turnpike::observe {
namespace {

AccessRecord example() {
  AccessRecord r;
  r.start = std::chrono::steady_clock::now();
  r.duration = std::chrono::microseconds(1234);
  r.upstream_duration = std::chrono::microseconds(1100);
  r.method = "GET";
  r.authority = "shop.example.com";
  r.path = "/payments/4711/items";
  r.query = "page=2";
  r.protocol = "HTTP/1.1";
  r.status = 200;
  r.attempts = 1;
  r.bytes_out = 4096;
  r.listener = "default/shop/http";
  r.route = "default/payments";
  r.rule = "0";
  r.upstream = "default/payments:9001";
  r.endpoint = "127.0.0.1:9001";
  r.client = "127.0.0.1:54321";
  r.request_id = "0af76519-16cd-43dd-8448-eb211c80319c";
  r.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  r.user_agent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
  return r;
}

void CounterAdd(benchmark::State& state) {
  Registry registry(1);
  const Families families = define_families(registry);
  Lease lease = registry.lease();
  const Series series = lease.series(families.route.group, {"l", "r"});
  for (auto _ : state) {
    registry.worker(0).block(series).add(families.route.requests.of(1));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(CounterAdd);

// All that a request counts: route, listener and endpoint.
void MetricsOfARequest(benchmark::State& state) {
  Registry registry(1);
  const Families f = define_families(registry);
  Lease lease = registry.lease();
  const Series route = lease.series(f.route.group, {"l", "r"});
  const Series listener = lease.series(f.listener.group, {"l"});
  const Series endpoint = lease.series(f.endpoint.group, {"u", "e"});
  Duration d = std::chrono::microseconds(50);
  for (auto _ : state) {
    Cells& cells = registry.worker(0);
    Block r = cells.block(route);
    r.add(f.route.requests.of(status_class(200)));
    r.observe(f.route.duration, d);
    r.add(f.route.request_bytes, 10);
    r.add(f.route.response_bytes, 4096);
    Block l = cells.block(listener);
    l.add(f.listener.active_requests, 1);
    l.add(f.listener.active_requests, -1);
    l.add(f.listener.received_bytes, 500);
    l.add(f.listener.sent_bytes, 5000);
    Block e = cells.block(endpoint);
    e.add(f.endpoint.requests.of(status_class(200)));
    e.observe(f.endpoint.duration, d);
    d += Duration(1);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(MetricsOfARequest);

void format_line(benchmark::State& state, const char* text) {
  const AccessFormat format = AccessFormat::parse(text).value();
  const AccessRecord r = example();
  FormatClock clock;
  std::vector<char> room(AccessFormat::kMaxLine);
  std::size_t size = 0;
  for (auto _ : state) {
    size = static_cast<std::size_t>(format.write(room.data(), r, clock) - room.data());
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK_CAPTURE(format_line, json, "json");
BENCHMARK_CAPTURE(format_line, text,
                  "%client% [%time%] \"%method% %path% %protocol%\" %status% %bytes_out% \"%user_agent%\" "
                  "%duration_ms% %upstream%");

// A worker's whole share, with the writer thread at its work: to /dev/null.
void RecordJson(benchmark::State& state) {
  Registry registry(1);
  const Families families = define_families(registry);
  AccessLogConfig config;
  config.sink = AccessLogConfig::Sink::file;
  config.path = "/dev/null";
  auto log = AccessLog::open(config, 1, registry, families);
  const AccessRecord r = example();
  AccessWriter& writer = *(*log)->writer(0);
  for (auto _ : state) writer.record(r);
  const auto value = [&](Counter c) {
    return static_cast<double>(registry.worker(0).block(families.process.series).value(c));
  };
  state.counters["dropped"] =
      value(families.process.access_log_dropped) / value(families.process.access_log_records);
}
BENCHMARK(RecordJson);

// The alternative that was weighed: the worker copies the record with its texts, and somebody else formats
// it.
void CopyRecord(benchmark::State& state) {
  const AccessRecord r = example();
  std::vector<char> room(AccessFormat::kMaxLine);
  for (auto _ : state) {
    char* at = room.data();
    std::memcpy(at, &r, sizeof r);
    at += sizeof r;
    for (std::string_view text :
         {r.method,     r.scheme,      r.authority,  r.path,    r.query,       r.protocol, r.response_flags,
          r.detail,     r.listener,    r.route,      r.rule,    r.upstream,    r.endpoint, r.client,
          r.request_id, r.traceparent, r.user_agent, r.referer, r.tls_version, r.sni}) {
      std::memcpy(at, text.data(), text.size());
      at += text.size();
    }
    benchmark::DoNotOptimize(at);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(CopyRecord);

void TraceContinue(benchmark::State& state) {
  Random random(1);
  char text[kTraceparentSize];
  for (auto _ : state) {
    const auto context = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    benchmark::DoNotOptimize(write_traceparent(continue_trace(*context, random), text));
  }
}
BENCHMARK(TraceContinue);

void RequestId(benchmark::State& state) {
  Random random(1);
  char text[kRequestIdSize];
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_request_id(random, text));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(RequestId);

// 5,000 routes: what a plan's compilation and a scrape pay.
void AcquireSeries(benchmark::State& state) {
  Registry registry(2);
  const Families families = define_families(registry);
  std::vector<std::string> names;
  names.reserve(5000);
  for (int i = 0; i < 5000; ++i) names.push_back("default/route-" + std::to_string(i));
  Lease old = registry.lease();
  for (auto _ : state) {
    Lease lease = registry.lease();
    for (const std::string& name : names)
      benchmark::DoNotOptimize(lease.series(families.route.group, {"default/shop/http", name}));
    old = std::move(lease);
  }
}
BENCHMARK(AcquireSeries)->Unit(benchmark::kMillisecond);

void Render(benchmark::State& state) {
  Registry registry(2);
  const Families families = define_families(registry);
  Lease lease = registry.lease();
  for (int i = 0; i < 5000; ++i) {
    const Series series =
        lease.series(families.route.group, {"default/shop/http", "default/route-" + std::to_string(i)});
    if (i % 10 == 0)
      registry.worker(0).block(series).observe(families.route.duration, std::chrono::milliseconds(i));
  }
  for (auto _ : state) benchmark::DoNotOptimize(registry.render());
}
BENCHMARK(Render)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace turnpike::observe
