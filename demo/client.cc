#include "client.h"

#include <utility>

#include "base/arena.h"

namespace turnpike::demo {

using namespace std::chrono_literals;

io::Task<std::optional<Response>> call(io::Loop& loop, const io::Address& to, const Call& what,
                                       const Request& cause) {
  const TimePoint deadline = loop.now() + 2s;
  auto connected = co_await io::connect(loop, to, deadline);
  if (!connected) co_return std::nullopt;
  io::SocketStream& stream = **connected;
  std::string text = what.method + ' ' + what.target + " HTTP/1.1\r\nHost: " + what.host;
  text += "\r\nConnection: close\r\nContent-Length: " + std::to_string(what.body.size());
  if (!cause.request_id.empty()) text += "\r\nX-Request-Id: " + cause.request_id;
  if (!cause.traceparent.empty()) text += "\r\ntraceparent: " + cause.traceparent;
  text += "\r\n\r\n" + what.body;
  if (!co_await write_all(stream, text, deadline)) co_return std::nullopt;

  const http::h1::Limits limits;
  Arena arena;
  http::ResponseHead head;
  std::string buffer;
  std::size_t scanned = 0;
  http::h1::ParseResult parsed;
  for (;;) {
    parsed = http::h1::parse_response(buffer, scanned, limits, arena, http::method_from(what.method), head);
    if (parsed.state != http::h1::Parse::incomplete) break;
    if (!co_await read_more(stream, buffer, deadline)) co_return std::nullopt;
  }
  if (parsed.state == http::h1::Parse::error) co_return std::nullopt;
  Response response{head.status, {}};
  http::h1::BodyReader reader(head.framing, head.content_length, limits);
  buffer.erase(0, parsed.consumed);
  if (!co_await read_body(stream, buffer, reader, Server::kMostBody, response.body, deadline))
    co_return std::nullopt;
  co_return response;
}

}  // namespace turnpike::demo
