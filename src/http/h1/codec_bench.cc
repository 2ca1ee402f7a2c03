// What a head and a chunk cost. The 600-byte head is a browser's with a dozen fields; field ids are part of
// the time.
#include <benchmark/benchmark.h>

#include <string>

#include "http/h1/codec.h"
#include "http/h1/scan.h"
#include "http/path.h"

namespace turnpike::http::h1 {
namespace {

constexpr std::string_view kSmall =
    "GET /payments/v1/accounts/42 HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: okhttp/4.12.0\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip\r\n"
    "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n"
    "X-Request-Id: 5f0c2d1e-7e2a-4b3c-9d4e-1a2b3c4d5e6f\r\n"
    "\r\n";
constexpr std::string_view kBrowser =
    "GET /static/catalogue/items?page=3&sort=price HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Referer: https://shop.example.com/\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "\r\n";

void parse(benchmark::State& state, std::string_view head, Isa isa) {
  const Scan* const scan = scan_for(isa);
  if (scan == nullptr) return state.SkipWithError("this CPU has no such instructions");
  RequestHead out;
  for (auto _ : state) {
    Arena arena;
    std::size_t scanned = 0;
    benchmark::DoNotOptimize(parse_request(head, scanned, {}, arena, out, *scan));
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::to_string(head.size()) + " bytes, " + std::to_string(out.fields.size()) + " fields");
}
BENCHMARK_CAPTURE(parse, small_scalar, kSmall, Isa::scalar);
BENCHMARK_CAPTURE(parse, small_sse42, kSmall, Isa::sse42);
BENCHMARK_CAPTURE(parse, small_avx2, kSmall, Isa::avx2);
BENCHMARK_CAPTURE(parse, browser_scalar, kBrowser, Isa::scalar);
BENCHMARK_CAPTURE(parse, browser_sse42, kBrowser, Isa::sse42);
BENCHMARK_CAPTURE(parse, browser_avx2, kBrowser, Isa::avx2);

void response(benchmark::State& state) {
  constexpr std::string_view kResponse =
      "HTTP/1.1 200 OK\r\nServer: ledger\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "
      "application/json\r\n"
      "Content-Length: 204\r\nConnection: keep-alive\r\n\r\n";
  ResponseHead out;
  for (auto _ : state) {
    Arena arena;
    std::size_t scanned = 0;
    benchmark::DoNotOptimize(parse_response(kResponse, scanned, {}, arena, Method::get, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(response);

// A head that comes in pieces of so many bytes.
void pieces(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  RequestHead out;
  for (auto _ : state) {
    Arena arena;
    std::size_t scanned = 0;
    for (std::size_t known = size; known < kBrowser.size(); known += size) {
      benchmark::DoNotOptimize(parse_request(kBrowser.substr(0, known), scanned, {}, arena, out));
    }
    benchmark::DoNotOptimize(parse_request(kBrowser, scanned, {}, arena, out));
  }
}
BENCHMARK(pieces)->Arg(1)->Arg(16)->Arg(256);

void chunks(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::string bytes(18, '?');
  bytes.resize(write_chunk_size(bytes.data(), size));
  bytes += std::string(size, 'x') + "\r\n0\r\n\r\n";
  for (auto _ : state) {
    Arena arena;
    BodyReader reader(Framing::chunked, 0, {});
    std::string_view in = bytes;
    while (!reader.done()) in.remove_prefix(reader.next(in, arena).consumed);
    benchmark::DoNotOptimize(in);
  }
}
BENCHMARK(chunks)->Arg(16)->Arg(4096);

void names(benchmark::State& state) {
  constexpr std::string_view kNames[] = {
      "Host",       "connection", "Cache-Control", "Upgrade-Insecure-Requests",
      "User-Agent", "Accept",     "Cookie",        "X-Whatever"};
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(field_id(kNames[i++ % 8]));
}
BENCHMARK(names);

void path(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    Arena arena;
    benchmark::DoNotOptimize(normalise_path(text, {}, arena));
  }
}
BENCHMARK_CAPTURE(path, normal, "/payments/v1/accounts/42");
BENCHMARK_CAPTURE(path, rewritten, "/payments/./v1/%61ccounts/../42");

}  // namespace
}  // namespace turnpike::http::h1
