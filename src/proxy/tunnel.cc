// After 101 Switching Protocols: bytes in both directions, until both ends have closed or nothing moves any
// more.
#include "proxy/exchange.h"
#include "proxy/forwarding.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

// Both directions of a tunnel; lives in the frame of tunnel().
struct Exchange::Tunnel {
  io::Stream& client;
  io::Stream& upstream;
  Duration idle;
  Duration patience;     // for a side that does not read
  TimePoint last_moved;  // in either direction
  std::uint64_t to_client = 0;
  std::uint64_t to_upstream = 0;
  unsigned running = 0;
  ErrorKind reason = ErrorKind::none;
  io::Event ended;

  void fail(ErrorKind kind) {
    if (reason == ErrorKind::none) reason = kind;
    client.cancel();
    upstream.cancel();
  }

  // Moves bytes until `from` ends; `first` is what had been read already.
  static io::Task<void> pump(Tunnel& t, io::Stream& from, io::Stream& to, Buffer& buffer,
                             std::uint64_t& moved) {
    ++t.running;
    while (true) {
      while (!buffer.empty()) {
        const io::IoResult written = to.write(buffer.view());
        if (written.status == io::IoStatus::ok) {
          buffer.consume(written.bytes);
          moved += written.bytes;
          t.last_moved = to.loop().now();
        } else if (written.status != io::IoStatus::would_block ||
                   co_await to.writable(to.loop().now() + t.patience) != io::Wait::ready) {
          t.fail(ErrorKind::upstream_reset);
          break;
        }
      }
      if (!buffer.empty()) break;
      buffer.release();  // a quiet tunnel holds no buffer
      const TimePoint limit = t.idle == Duration::zero() ? kNever : t.last_moved + t.idle;
      const io::Wait wait = co_await from.readable(limit);
      if (wait == io::Wait::timeout) {
        if (t.idle != Duration::zero() && from.loop().now() < t.last_moved + t.idle)
          continue;  // the other way moved
        t.fail(ErrorKind::client_idle_timeout);
        break;
      }
      if (wait == io::Wait::cancelled) {
        t.fail(ErrorKind::cancelled);
        break;
      }
      buffer.allocate();
      const io::IoResult got = from.read(buffer.room());
      if (got.status == io::IoStatus::ok) {
        buffer.filled(got.bytes);
        co_await from.loop().yield();
      } else if (got.status == io::IoStatus::eof) {
        to.shutdown_write();
        break;
      } else if (got.status == io::IoStatus::error) {
        t.fail(ErrorKind::upstream_reset);
        break;
      }
    }
    if (--t.running == 0) t.ended.notify();
  }
};

// The tunnel gives the buffer of the head away: what the record will want of it moves to the arena.
void Exchange::keep_for_record() {
  for (std::string_view* text : {&request_.method_text, &request_.authority, &request_.query, &original_path_,
                                 &request_id_, &facts_.client_ip, &facts_.scheme}) {
    *text = arena_.copy(*text);
  }
  http::Fields kept;
  for (const http::FieldId id : {http::FieldId::user_agent, http::FieldId::referer}) {
    const std::string_view value = request_.fields.value(id);
    if (!value.empty()) kept.add(arena_, id, arena_.copy(value));
  }
  request_.fields = kept;
}

io::Task<After> Exchange::tunnel() {
  report(Error{});
  status_ = 101;
  close_after_ = true;
  remove_hop_by_hop(response_.fields);
  apply_response_policies();
  chunked_to_client_ = false;
  to_client_.clear();
  write_client_head(true);
  client_.stream().set_hangup_listener(nullptr);  // the end of one direction is not the end of the other
  if (const Error error = co_await flush_to_client(); error.kind != ErrorKind::none) {
    reason_ = error.kind;
    lease_.close();
    co_return After::close;
  }
  response_started_ = true;
  Tunnel t{.client = client_.stream(),
           .upstream = lease_.stream(),
           .idle = rule_->timeouts.stream_idle,
           .patience = port_.settings.write_timeout,
           .last_moved = loop().now(),
           .ended = {}};
  keep_for_record();
  client_.buffer().compact();
  io::spawn(Tunnel::pump(t, t.client, t.upstream, client_.buffer(), t.to_upstream));
  io::spawn(Tunnel::pump(t, t.upstream, t.client, upstream_in_, t.to_client));
  if (t.running > 0) co_await t.ended;
  sent_body_ = t.to_client;
  if (t.reason == ErrorKind::client_idle_timeout) reason_ = t.reason;
  lease_.close();
  client_.buffer().clear();
  co_return After::close;
}

}  // namespace turnpike::proxy
