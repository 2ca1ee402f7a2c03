#include "proxy/websocket_guard.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace turnpike::proxy {

namespace websocket = http::websocket;
using websocket::Opcode;
using websocket::Sender;

WebSocketGuard::WebSocketGuard(Pump& pump, io::Loop& loop, Random& random, Duration ping)
    : pump_(pump), loop_(loop), random_(random), ping_(ping) {
  const std::uint64_t bits = random_.next();
  std::memcpy(mark_.data(), &bits, mark_.size());
  up_.heard = down_.heard = loop_.now();
  if (ping_ > Duration::zero()) loop_.timers().arm(*this, loop_.now() + ping_);
}

std::size_t WebSocketGuard::on_bytes(Way from, std::span<char> bytes) {
  Direction& d = direction(from);
  d.heard = loop_.now();
  d.probing = false;
  const std::uint32_t pings = d.scanner.pings();
  const std::size_t kept = d.scanner.scan(bytes);
  if (d.scanner.pings() != pings) direction(other(from)).asked = loop_.now();
  const std::string_view held = d.scanner.held();
  std::memcpy(d.ahead.data() + d.ahead_size, held.data(), held.size());
  d.ahead_size = static_cast<std::uint8_t>(d.ahead_size + held.size());
  return kept;
}

std::string_view WebSocketGuard::ahead(Way way) const noexcept {
  const Direction& d = direction(way);
  return {d.ahead.data(), d.ahead_size};
}

void WebSocketGuard::wrote_ahead(Way way, std::size_t size) noexcept {
  Direction& d = direction(way);
  std::memmove(d.ahead.data(), d.ahead.data() + size, d.ahead_size - size);
  d.ahead_size = static_cast<std::uint8_t>(d.ahead_size - size);
}

bool WebSocketGuard::may_put(Way way) const noexcept {
  const websocket::Scanner& scanner = direction(way).scanner;
  return pump_.quiet(way) && scanner.at_boundary() && !scanner.closed();
}

void WebSocketGuard::put_control(Way way, Opcode opcode, std::string_view content) {
  std::array<char, websocket::kMaxControlFrame> frame;
  const auto key = static_cast<websocket::MaskKey>(random_.next());
  const Sender as = way == Way::up ? Sender::client : Sender::server;
  const std::size_t size = websocket::write_control(opcode, content, as, key, frame);
  Direction& d = direction(way);
  std::memcpy(d.ahead.data() + d.ahead_size, frame.data(), size);  // it is quiet: nothing was there
  d.ahead_size = static_cast<std::uint8_t>(d.ahead_size + size);
  pump_.flush(way);
}

bool WebSocketGuard::look_after(Way way) {
  Direction& d = direction(way);
  const TimePoint now = loop_.now();
  if (now - d.heard < ping_) return true;
  if (d.probing) return now - d.asked < ping_;
  // In the middle of a frame it cannot answer, and what sends no frames never does: that is for the idle
  // limit.
  if (!d.scanner.at_boundary()) return true;
  if (d.asked > d.heard) {
    d.probing = true;  // the other end has asked already: its pong is as good
  } else if (const Way back = other(way); may_put(back) && !d.scanner.closed()) {
    d.probing = true;
    d.asked = now;
    d.scanner.expect_pong(mark_);
    put_control(back, Opcode::ping, {mark_.data(), mark_.size()});
  }
  return true;
}

void WebSocketGuard::on_timer() {
  if (!look_after(Way::up)) return pump_.end(ErrorKind::client_idle_timeout);
  if (!look_after(Way::down)) return pump_.end(ErrorKind::upstream_timeout);
  const auto due = [&](const Direction& d) { return (d.probing ? d.asked : d.heard) + ping_; };
  // Where nothing could be put now, a little later.
  const TimePoint next = std::min(due(up_), due(down_));
  loop_.timers().arm(*this, next > loop_.now() ? next : loop_.now() + ping_ / 4);
}

void WebSocketGuard::on_end(ErrorKind reason) {
  disarm();
  // One that was reset is gone, and the other end learns of it by the same.
  if (reason == ErrorKind::client_closed || reason == ErrorKind::upstream_reset) return;
  said_goodbye_ = true;
  for (const Way way : {Way::up, Way::down}) {
    if (may_put(way)) put_control(way, Opcode::close, websocket::kGoingAway);
  }
}

}  // namespace turnpike::proxy
