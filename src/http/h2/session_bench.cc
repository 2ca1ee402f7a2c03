// What HTTP/2 costs on the server's side of a typical exchange: a request with 10 fields in, a response with
// 6 fields and 1 KiB out; and the same bytes through nghttp2.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "http/h2/hpack_encoder.h"
#include "http/h2/huffman.h"
#include "http/h2/oracle.h"
#include "http/h2/session.h"
#include "http/h2/testing.h"

namespace turnpike::http::h2 {
namespace {

using oracle::FieldList;

const FieldList kRequest = {
    {":method", "GET"},
    {":scheme", "https"},
    {":authority", "shop.example.com"},
    {":path", "/payments/v1/accounts/42"},
    {"user-agent", "okhttp/4.12.0"},
    {"accept", "application/json"},
    {"accept-encoding", "gzip"},
    {"authorization", "Bearer 0123456789abcdef0123456789abcdef"},
    {"x-request-id", "5f0c2d1e-7e2a-4b3c-9d4e-1a2b3c4d5e6f"},
    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
};
const FieldList kResponse = {
    {":status", "200"},
    {"server", "ledger"},
    {"date", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {"content-type", "application/json"},
    {"content-length", "1024"},
    {"cache-control", "no-store"},
};
const std::string kContent(1024, 'x');
constexpr int kRounds = 64;  // requests written down, to be played again and again

// The client's bytes: nghttp2's encoder, as curl and many others have it. The table is warm.
std::string client_bytes(oracle::Deflater& deflater, StreamId id) {
  return testing::frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, id,
                        deflater.deflate(kRequest));
}

struct Owner final : Events {
  Session* session = nullptr;
  Arena arena;
  ResponseHead response;
  std::vector<StreamId> asked;

  Owner() {
    response.status = 200;
    for (std::size_t i = 1; i < kResponse.size(); ++i)
      response.fields.add(head_arena_, kResponse[i].first, kResponse[i].second);
  }
  Arena& arena_for(StreamId, void*) override { return arena; }
  void* on_request(StreamId id, RequestHead&& head, bool) override {
    benchmark::DoNotOptimize(head);
    session->send_response(id, response, false);
    const iovec piece{const_cast<char*>(kContent.data()), kContent.size()};
    session->send_data(id, {&piece, 1}, true);
    return this;
  }
  void on_refused(StreamId, const Error&, unsigned) override { std::abort(); }
  void on_response(StreamId, void*, ResponseHead&&, bool) override {}
  void on_data(StreamId, void*, std::string_view, bool) override {}
  void on_trailers(StreamId, void*, Fields&&) override {}
  void on_reset(StreamId, void*, ErrorCode, bool) override { std::abort(); }
  void on_writable(StreamId, void*) override {}
  void on_goaway(StreamId, ErrorCode, std::string_view) override {}
  void on_settings() override {}
  void on_settings_ack() override {}
  void on_ping_ack() override {}

 private:
  Arena head_arena_;
};

void drain(Session& session) {
  while (session.wants_write()) session.written(session.output_size());
}

// A connection's worth of requests: new ids each time, so the session is made anew for every kRounds.
void server_exchange(benchmark::State& state) {
  oracle::Deflater deflater;
  std::vector<std::string> requests;
  for (int i = 0; i < 2 * kRounds; ++i)
    requests.push_back(client_bytes(deflater, static_cast<StreamId>(2 * i + 1)));
  const std::string hello = std::string(kPreface) + testing::settings() + testing::settings_ack() +
                            testing::window_update(0, 1 << 30);
  const Limits limits;
  while (state.KeepRunningBatch(kRounds)) {
    state.PauseTiming();
    Owner owner;
    Session session(Role::server, limits, owner, {});
    owner.session = &session;
    session.receive(hello, {});
    for (int i = 0; i < kRounds; ++i)
      session.receive(requests[static_cast<std::size_t>(i)], {});  // warm tables
    drain(session);
    owner.arena.reset();
    state.ResumeTiming();
    for (int i = kRounds; i < 2 * kRounds; ++i) {
      session.receive(requests[static_cast<std::size_t>(i)], {});
      drain(session);
      owner.arena.reset();
    }
  }
  state.SetLabel(std::to_string(requests.back().size()) + " bytes of request");
}
BENCHMARK(server_exchange);

// --- the same with nghttp2

struct OracleServer {
  nghttp2_session* session = nullptr;
  std::vector<nghttp2_nv> response = oracle::name_values(kResponse);
  std::size_t left = 0;
  std::size_t bytes = 0;  // of header texts, copied as an owner would

  OracleServer() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t name,
                      const std::uint8_t*, std::size_t value, std::uint8_t, void* user) {
          static_cast<OracleServer*>(user)->bytes += name + value;
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if (frame->hd.type == NGHTTP2_HEADERS)
            static_cast<OracleServer*>(user)->answer(frame->hd.stream_id);
          return 0;
        });
    nghttp2_session_server_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 128};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~OracleServer() { nghttp2_session_del(session); }
  OracleServer(const OracleServer&) = delete;
  OracleServer& operator=(const OracleServer&) = delete;

  void answer(std::int32_t id) {
    left = kContent.size();
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t,
                                std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      auto* const self = static_cast<OracleServer*>(source->ptr);
      std::copy_n(kContent.data(), self->left, out);
      *flags = NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(std::exchange(self->left, 0));
    };
    nghttp2_submit_response(session, id, response.data(), response.size(), &provider);
  }
  void receive(std::string_view in) { nghttp2_session_mem_recv(session, oracle::bytes(in), in.size()); }
  void drain() {
    const std::uint8_t* out = nullptr;
    while (nghttp2_session_mem_send(session, &out) > 0) benchmark::DoNotOptimize(out);
  }
};

void nghttp2_server_exchange(benchmark::State& state) {
  oracle::Deflater deflater;
  std::vector<std::string> requests;
  for (int i = 0; i < 2 * kRounds; ++i)
    requests.push_back(client_bytes(deflater, static_cast<StreamId>(2 * i + 1)));
  const std::string hello = std::string(kPreface) + testing::settings() + testing::settings_ack() +
                            testing::window_update(0, 1 << 30);
  while (state.KeepRunningBatch(kRounds)) {
    state.PauseTiming();
    OracleServer server;
    server.receive(hello);
    for (int i = 0; i < kRounds; ++i) {
      server.receive(requests[static_cast<std::size_t>(i)]);
      server.drain();
    }
    state.ResumeTiming();
    for (int i = kRounds; i < 2 * kRounds; ++i) {
      server.receive(requests[static_cast<std::size_t>(i)]);
      server.drain();
    }
  }
}
BENCHMARK(nghttp2_server_exchange);

// --- HPACK alone

void decode_request(benchmark::State& state) {
  oracle::Deflater deflater;
  Decoder decoder(4096);
  Arena arena;
  DecodedField field;
  const auto run = [&](const std::string& block) {
    decoder.begin(block);
    while (decoder.next(arena, field) == Decoder::Step::field) benchmark::DoNotOptimize(field);
    arena.reset();
  };
  run(deflater.deflate(kRequest));
  const std::string block = deflater.deflate(kRequest);
  for (auto _ : state) run(block);
  state.SetLabel(std::to_string(block.size()) + " bytes");
}
BENCHMARK(decode_request);

void nghttp2_decode_request(benchmark::State& state) {
  oracle::Deflater deflater;
  oracle::Inflater inflater;
  inflater.inflate(deflater.deflate(kRequest));
  const std::string block = deflater.deflate(kRequest);
  for (auto _ : state) benchmark::DoNotOptimize(inflater.skim(block));
}
BENCHMARK(nghttp2_decode_request);

void encode_response(benchmark::State& state) {
  Encoder encoder(4096);
  Arena arena;
  Fields fields;
  for (std::size_t i = 1; i < kResponse.size(); ++i)
    fields.add(arena, kResponse[i].first, kResponse[i].second);
  char out[2048];
  std::size_t size = 0;
  for (auto _ : state) {
    char* at = encoder.status(encoder.begin(out), 200);
    for (const Field& field : fields) at = encoder.field(at, field);
    size = static_cast<std::size_t>(at - out);
    benchmark::DoNotOptimize(out);
  }
  state.SetLabel(std::to_string(size) + " bytes");
}
BENCHMARK(encode_response);

void encode_request(benchmark::State& state) {
  Encoder encoder(4096);
  Arena arena;
  Fields fields;
  for (std::size_t i = 4; i < kRequest.size(); ++i) fields.add(arena, kRequest[i].first, kRequest[i].second);
  char out[2048];
  std::size_t size = 0;
  for (auto _ : state) {
    char* at = encoder.pseudo(encoder.begin(out), Pseudo::method, kRequest[0].second);
    at = encoder.pseudo(at, Pseudo::scheme, kRequest[1].second);
    at = encoder.pseudo(at, Pseudo::authority, kRequest[2].second);
    at = encoder.pseudo(at, Pseudo::path, kRequest[3].second);
    for (const Field& field : fields) at = encoder.field(at, field);
    size = static_cast<std::size_t>(at - out);
    benchmark::DoNotOptimize(out);
  }
  state.SetLabel(std::to_string(size) + " bytes");
}
BENCHMARK(encode_request);

void nghttp2_encode_response(benchmark::State& state) {
  oracle::Deflater deflater;
  std::size_t size = 0;
  for (auto _ : state) benchmark::DoNotOptimize(size = deflater.deflate(kResponse).size());
  state.SetLabel(std::to_string(size) + " bytes");
}
BENCHMARK(nghttp2_encode_response);

void huffman(benchmark::State& state) {
  const std::string text =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0";
  std::string coded(huffman_size(text), '\0');
  huffman_encode(coded.data(), text);
  std::string out(huffman_room(coded.size()), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(huffman_decode(coded, out.data()));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(huffman);

void huffman_coding(benchmark::State& state) {
  const std::string text =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0";
  std::string coded(text.size(), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(huffman_size(text));
    benchmark::DoNotOptimize(huffman_encode(coded.data(), text));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(huffman_coding);

// Content through a session: 64 KiB at a time, one copy.
void content(benchmark::State& state) {
  const std::string body(64 * 1024, 'x');
  const iovec piece{const_cast<char*>(body.data()), body.size()};
  const Limits limits;
  testing::Recorder owner;
  Session session(Role::server, limits, owner, {});
  owner.session = &session;
  session.receive(std::string(kPreface) + testing::settings({{Setting::initial_window_size, 0x7fffffff}}) +
                      testing::headers(1, testing::get()),
                  {});
  ResponseHead head;
  head.status = 200;
  session.send_response(1, head, false);
  drain(session);
  const std::string update = testing::window_update(0, 64 * 1024) + testing::window_update(1, 64 * 1024);
  session.receive(testing::window_update(0, 64 * 1024), {});
  for (auto _ : state) {
    session.send_data(1, {&piece, 1}, false);
    drain(session);
    session.receive(update, {});
    owner.log.clear();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(content);

}  // namespace
}  // namespace turnpike::http::h2
