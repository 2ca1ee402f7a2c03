#include "service.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/arena.h"
#include "base/strings.h"

namespace turnpike::demo {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 30s;  // for the next bytes of a client, and for it to take ours

std::string head_of(const Response& response, bool keep) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head += http::reason_phrase(response.status);
  head += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(response.body.size());
  head += keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

Request copy_of(const http::RequestHead& head) {
  Request request;
  request.method = head.method_text;
  request.path = head.path;
  request.query = head.query;
  if (const http::Field* id = head.fields.find("x-request-id")) request.request_id = id->value;
  if (const http::Field* trace = head.fields.find("traceparent")) request.traceparent = trace->value;
  return request;
}

}  // namespace

io::Task<bool> read_more(io::Stream& stream, std::string& buffer, TimePoint deadline) {
  constexpr std::size_t kPiece = 16 * 1024;
  for (;;) {
    const std::size_t before = buffer.size();
    buffer.resize(before + kPiece);
    const io::IoResult result = stream.read(std::span(buffer).subspan(before));
    buffer.resize(before + (result.status == io::IoStatus::ok ? result.bytes : 0));
    if (result.status == io::IoStatus::ok) co_return true;
    if (result.status != io::IoStatus::would_block) co_return false;
    if (co_await stream.readable(deadline) != io::Wait::ready) co_return false;
  }
}

io::Task<bool> write_all(io::Stream& stream, std::string_view text, TimePoint deadline) {
  while (!text.empty()) {
    const io::IoResult result = stream.write(text);
    if (result.status == io::IoStatus::ok) {
      text.remove_prefix(result.bytes);
    } else if (result.status != io::IoStatus::would_block ||
               co_await stream.writable(deadline) != io::Wait::ready) {
      co_return false;
    }
  }
  co_return true;
}

io::Task<bool> read_body(io::Stream& stream, std::string& buffer, http::h1::BodyReader& reader,
                         std::size_t most, std::string& body, TimePoint deadline) {
  Arena arena;
  while (!reader.done()) {
    const auto step = reader.next(buffer, arena);
    if (step.error != ErrorKind::none) co_return false;
    body.append(step.data);
    buffer.erase(0, step.consumed);
    if (body.size() > most) co_return false;
    if (step.consumed == 0 && !step.done && !co_await read_more(stream, buffer, deadline)) {
      co_return reader.finish_at_eof();
    }
  }
  co_return true;
}

Server::Server(io::Loop& loop, int fd, std::string name, Role& role, Faults& faults)
    : loop_(loop), name_(std::move(name)), role_(role), faults_(faults), acceptor_(loop, fd, *this) {}

void Server::on_accept(int fd, const io::Address&) {
  io::spawn(serve(std::make_unique<io::SocketStream>(loop_, fd)));
}

io::Task<void> Server::serve(std::unique_ptr<io::SocketStream> stream) {
  std::string buffer;
  while (co_await serve_one(*stream, buffer)) {
  }
}

io::Task<bool> Server::serve_one(io::SocketStream& stream, std::string& buffer) {
  const http::h1::Limits limits;
  Arena arena;
  http::RequestHead head;
  std::size_t scanned = 0;
  http::h1::ParseResult parsed;
  for (;;) {
    parsed = http::h1::parse_request(buffer, scanned, limits, arena, head);
    if (parsed.state != http::h1::Parse::incomplete) break;
    if (!co_await read_more(stream, buffer, loop_.now() + kPatience)) co_return false;
  }
  const TimePoint deadline = loop_.now() + kPatience;
  if (parsed.state == http::h1::Parse::error) {
    const Response bad{400, "{\"error\":\"bad request\"}\n"};
    co_await write_all(stream, head_of(bad, false) + bad.body, deadline);
    co_return false;
  }
  if (head.upgrade) {
    // A WebSocket takes the connection over; any other Upgrade is passed over (RFC 9110 §7.8).
    Feed* const feed = role_.feed(head.path);
    const http::Field* const key = head.fields.find("sec-websocket-key");
    if (feed != nullptr && key != nullptr) {
      const std::string kept(key->value);
      buffer.erase(0, parsed.consumed);
      co_await feed->serve(stream, buffer, kept);
      co_return false;
    }
  }
  Request request = copy_of(head);  // the head's views end with the first bytes taken from the buffer
  const bool keep = head.keep_alive;
  const bool expects = head.expect_continue;
  http::h1::BodyReader reader(head.framing, head.content_length, limits);
  buffer.erase(0, parsed.consumed);
  if (expects && !co_await write_all(stream, "HTTP/1.1 100 Continue\r\n\r\n", deadline)) co_return false;
  if (!co_await read_body(stream, buffer, reader, kMostBody, request.body, deadline)) {
    const Response large{413, "{\"error\":\"content is broken or larger than 1 MiB\"}\n"};
    co_await write_all(stream, head_of(large, false) + large.body, deadline);
    co_return false;
  }
  const Response response = co_await respond(request);
  std::string out = head_of(response, keep);
  if (request.method != "HEAD") out += response.body;
  co_return co_await write_all(stream, out, loop_.now() + kPatience) && keep;
}

io::Task<Response> Server::respond(const Request& request) {
  if (request.path == "/healthz") co_return Response{200, "{\"service\":\"" + name_ + "\",\"ok\":true}\n"};
  if (request.path == "/faults") co_return change_faults(request);
  if (faults_.latency() > Duration::zero()) co_await loop_.sleep_until(loop_.now() + faults_.latency());
  if (faults_.strikes()) co_return Response{503, "{\"error\":\"" + name_ + " was told to fail\"}\n"};
  co_return co_await role_.answer(request);
}

Response Server::change_faults(const Request& request) {
  if (request.method == "PUT" || request.method == "POST") {
    if (const auto problem = faults_.change(request.query.empty() ? request.body : request.query)) {
      return {400, "{\"error\":\"" + *problem + "\"}\n"};
    }
  }
  return {200, faults_.text()};
}

}  // namespace turnpike::demo
