#include "feed.h"

#include <algorithm>

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "http/websocket/frame.h"
#include "service.h"

namespace turnpike::demo {
namespace {

using namespace std::chrono_literals;
namespace ws = http::websocket;

std::string frame(ws::Opcode opcode, std::string_view payload) {
  char head[ws::kMaxFrameHead];
  const std::size_t size = ws::write_frame_head({.opcode = opcode, .size = payload.size()}, head);
  return std::string(head, size).append(payload);
}

// All of it at once, or the watcher is too slow.
void send(io::SocketStream& to, std::string_view bytes) {
  const io::IoResult result = to.write(bytes);
  if (result.status != io::IoStatus::ok || result.bytes < bytes.size()) to.cancel();
}

// What the watcher said, as far as a feed cares: pings are answered. False when it is over.
bool heard(io::SocketStream& stream, const ws::FrameHead& head, std::string& payload) {
  ws::apply_mask(payload, head.key, 0);
  if (head.opcode == ws::Opcode::ping) send(stream, frame(ws::Opcode::pong, payload));
  if (head.opcode == ws::Opcode::close) send(stream, frame(ws::Opcode::close, payload.substr(0, 2)));
  payload.clear();
  return head.opcode != ws::Opcode::close;
}

// False when the watcher has closed or broken the rules.
bool take(io::SocketStream& stream, ws::FrameScan& frames, std::string& buffer, std::string& payload) {
  std::size_t at = 0;
  bool open = true;
  while (open && at < buffer.size()) {
    const ws::FrameScan::Step step = frames.next(std::string_view(buffer).substr(at));
    if (!step.error.empty()) return false;
    payload += step.payload;
    at += step.consumed;
    if (step.ends) open = heard(stream, frames.head(), payload);
  }
  buffer.clear();
  return open;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  const auto digest = crypto::sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  return crypto::base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void Feed::publish(std::string_view text) {
  const std::string message = frame(ws::Opcode::text, text);
  // One that is cut leaves the list as soon as its task goes on.
  const std::vector<io::SocketStream*> watchers = watchers_;
  for (io::SocketStream* watcher : watchers) {
    if (std::ranges::find(watchers_, watcher) != watchers_.end()) send(*watcher, message);
  }
}

io::Task<void> Feed::serve(io::SocketStream& stream, std::string& buffer, std::string_view key) {
  std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  answer += "Sec-WebSocket-Accept: " + websocket_accept(key) + "\r\n\r\n";
  if (watchers_.size() >= kMostWatchers) co_return;
  if (!co_await write_all(stream, answer, stream.loop().now() + 10s)) co_return;
  watchers_.push_back(&stream);
  ws::FrameScan frames(ws::Sender::client, kMostFrame);
  std::string payload;
  while (take(stream, frames, buffer, payload) && co_await read_more(stream, buffer, kNever)) {
  }
  std::erase(watchers_, &stream);
}

}  // namespace turnpike::demo
