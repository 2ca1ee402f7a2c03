#include "visitor.h"

#include <cstdio>
#include <memory>
#include <string>

#include "base/arena.h"
#include "feed.h"
#include "http/grpc/frame.h"
#include "http/grpc/status.h"
#include "http/h1/codec.h"
#include "http/websocket/frame.h"
#include "io/loop.h"
#include "io/socket.h"
#include "mux/connection.h"
#include "proto.h"
#include "service.h"

namespace turnpike::demo {
namespace {

using namespace std::chrono_literals;
namespace grpc = http::grpc;
namespace ws = http::websocket;

int fail(std::string_view what) {
  std::fprintf(stderr, "campus: %.*s\n", static_cast<int>(what.size()), what.data());
  return 1;
}

// Runs a task on a loop of its own.
int run(io::Loop& loop, io::Task<int> task) {
  struct Outcome {
    int code = 1;
    static io::Task<void> keep(io::Loop& loop, io::Task<int> task, Outcome& outcome) {
      outcome.code = co_await std::move(task);
      loop.stop();
    }
  } outcome;
  io::spawn(Outcome::keep(loop, std::move(task), outcome));
  loop.run();
  return outcome.code;
}

class CallerHandler final : public mux::Handler {
 public:
  Arena& request_arena() override { return none_; }
  mux::Stream* on_request(http::RequestHead&&) override { return nullptr; }
  void on_refused(const Error&, unsigned) override {}
  void on_received() override {}
  void on_settings() override {}
  void on_stream_gone(std::size_t) override {}
  void on_closing() override {}

 private:
  Arena none_;
};

std::string amount_message(std::uint64_t cents, std::string_view from, std::string_view to) {
  std::string amount;
  put_number(amount, 1, cents);
  put_text(amount, 2, from);
  put_text(amount, 3, to);
  char prefix[grpc::kPrefixSize];
  grpc::write_prefix({.flags = 0, .size = static_cast<std::uint32_t>(amount.size())}, prefix);
  return std::string(prefix, sizeof prefix) + amount;
}

// Says what came of the call; the exit code.
int tell(const http::ResponseHead& head, const http::Fields& trailers, std::string_view content) {
  const http::Field* field = trailers.find("grpc-status");
  if (field == nullptr) field = head.fields.find("grpc-status");
  if (field == nullptr) return fail("the answer is none of gRPC: HTTP status " + std::to_string(head.status));
  const grpc::Status status = grpc::parse_status(field->value).value_or(grpc::Status::unknown);
  if (status != grpc::Status::ok) return fail("the call ended with " + std::string(grpc::name_of(status)));
  if (content.size() < grpc::kPrefixSize) return fail("the answer holds no message");
  content.remove_prefix(grpc::kPrefixSize);
  std::uint64_t cents = 0;
  std::string currency;
  bool broken = false;
  while (const auto part = take_field(content, broken)) {
    if (part->number == 1) cents = part->value;
    if (part->number == 2) currency = part->text;
  }
  if (broken) return fail("the answer's message is broken");
  std::printf("%llu.%02llu %s\n", static_cast<unsigned long long>(cents / 100),
              static_cast<unsigned long long>(cents % 100), currency.c_str());
  return 0;
}

io::Task<int> ask(mux::Stream& stream, const std::string& message) {
  const TimePoint deadline = stream.loop().now() + 10s;
  Arena arena;
  http::RequestHead head;
  head.version = http::Version::http2;
  head.method = http::Method::post;
  head.method_text = "POST";
  head.scheme = "http";
  head.authority = "rates.campus";
  head.path = "/campus.Rates/Convert";
  head.fields.add(arena, http::FieldId::content_type, "application/grpc");
  head.fields.add(arena, "te", "trailers");
  head.fields.add(arena, "grpc-timeout", "5S");
  if (!stream.send_request(head, false, arena)) co_return fail("the gateway takes no call");
  if (!co_await write_all(stream, message, deadline)) co_return fail("the gateway does not listen");
  stream.shutdown_write();
  http::ResponseHead response;
  while (!stream.take_head(response) || response.status < 200) {
    if (stream.peer_closed() || co_await stream.readable(deadline) != io::Wait::ready)
      co_return fail("no answer came");
  }
  std::string content;
  while (co_await read_more(stream, content, deadline)) {
  }
  co_return tell(response, stream.trailers(), content);
}

io::Task<void> drive(mux::Connection& connection, io::Event& ended) {
  co_await connection.run();
  ended.notify();
}

io::Task<int> call_convert(io::Loop& loop, io::Address gateway, std::string message) {
  auto connected = co_await io::connect(loop, gateway, loop.now() + 5s);
  if (!connected) co_return fail("nobody listens on " + gateway.text());
  CallerHandler handler;
  const http::h2::Limits limits;
  mux::Connection connection(**connected, http::h2::Role::client, limits, {}, handler);
  io::Event ended;
  io::spawn(drive(connection, ended));
  int code = 1;
  {
    mux::Stream stream(connection);
    code = co_await ask(stream, message);
  }
  connection.drain();
  (*connected)->cancel();
  co_await ended;
  co_return code;
}

io::Task<int> follow_feed(io::Loop& loop, io::Address gateway) {
  auto connected = co_await io::connect(loop, gateway, loop.now() + 5s);
  if (!connected) co_return fail("nobody listens on " + gateway.text());
  io::SocketStream& stream = **connected;
  constexpr std::string_view kHandshake =
      "GET /payments/feed HTTP/1.1\r\nHost: campus\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y2FtcHVzIHZpc2l0b3Ihcw==\r\n\r\n";
  const TimePoint deadline = loop.now() + 10s;
  if (!co_await write_all(stream, kHandshake, deadline)) co_return fail("the gateway does not listen");
  Arena arena;
  http::ResponseHead head;
  std::string buffer;
  std::size_t scanned = 0;
  http::h1::ParseResult parsed;
  do {
    if (!co_await read_more(stream, buffer, deadline)) co_return fail("no answer came");
    parsed = http::h1::parse_response(buffer, scanned, {}, arena, http::Method::get, head);
  } while (parsed.state == http::h1::Parse::incomplete);
  if (parsed.state == http::h1::Parse::error || head.status != 101)
    co_return fail("the feed is not open: HTTP status " + std::to_string(head.status));
  buffer.erase(0, parsed.consumed);
  ws::FrameScan frames(ws::Sender::server, Feed::kMostFrame);
  std::string message;
  do {
    for (std::size_t at = 0; at < buffer.size();) {
      const ws::FrameScan::Step step = frames.next(std::string_view(buffer).substr(at));
      if (!step.error.empty()) co_return fail(step.error);
      message += step.payload;
      at += step.consumed;
      if (!step.ends) continue;
      if (frames.head().opcode == ws::Opcode::text) std::printf("%s\n", message.c_str());
      std::fflush(stdout);
      message.clear();
    }
    buffer.clear();
  } while (co_await read_more(stream, buffer, kNever));
  co_return 0;
}

}  // namespace

int convert(const io::Address& gateway, std::uint64_t cents, std::string_view from, std::string_view to) {
  io::Loop loop;
  return run(loop, call_convert(loop, gateway, amount_message(cents, from, to)));
}

int watch_feed(const io::Address& gateway) {
  io::Loop loop;
  return run(loop, follow_feed(loop, gateway));
}

}  // namespace turnpike::demo
