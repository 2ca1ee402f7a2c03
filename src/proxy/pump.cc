#include "proxy/pump.h"

#include <algorithm>
#include <array>

namespace turnpike::proxy {
namespace {

// After so many pieces in a row everybody else has a turn.
constexpr unsigned kPiecesInARow = 8;

}  // namespace

void Pump::fail(ErrorKind kind) {
  if (reason_ == ErrorKind::none) {
    reason_ = kind;
    if (observer_ != nullptr) observer_->on_end(kind);
  }
  client_.cancel();
  upstream_.cancel();
}

io::Task<void> Pump::run(Buffer& from_client, Buffer& from_upstream) {
  last_moved_ = client_.loop().now();
  running_ = 2;
  buffers_[0] = &from_client;
  buffers_[1] = &from_upstream;
  io::spawn(pump(Way::up, from_client));
  io::spawn(pump(Way::down, from_upstream));
  if (running_ > 0) co_await ended_;
}

io::IoResult Pump::write_some(Way way, io::Stream& to, Buffer& buffer) noexcept {
  const std::string_view ahead = observer_ == nullptr ? std::string_view{} : observer_->ahead(way);
  if (ahead.empty()) {
    const io::IoResult written = to.write(buffer.view());
    if (written.status == io::IoStatus::ok) moved(way, buffer, written.bytes);
    return written;
  }
  const std::string_view view = buffer.view();
  const std::array<iovec, 2> parts{
      {{const_cast<char*>(ahead.data()), ahead.size()}, {const_cast<char*>(view.data()), view.size()}}};
  const io::IoResult written = to.write(std::span(parts).first(view.empty() ? 1 : 2));
  if (written.status == io::IoStatus::ok) {
    const std::size_t first = std::min(written.bytes, ahead.size());
    observer_->wrote_ahead(way, first);
    if (written.bytes > first) moved(way, buffer, written.bytes - first);
  }
  return written;
}

void Pump::moved(Way way, Buffer& buffer, std::size_t bytes) noexcept {
  buffer.consume(bytes);
  (way == Way::up ? to_upstream_ : to_client_) += bytes;
  last_moved_ = client_.loop().now();
}

bool Pump::waiting(Way way, const Buffer& buffer) const noexcept {
  return !buffer.empty() || (observer_ != nullptr && !observer_->ahead(way).empty());
}

bool Pump::quiet(Way way) const noexcept {
  const Buffer* const buffer = buffers_[static_cast<unsigned>(way)];
  return buffer != nullptr && !waiting(way, *buffer);
}

void Pump::flush(Way way) {
  write_some(way, way == Way::up ? upstream_ : client_, *buffers_[static_cast<unsigned>(way)]);
}

void Pump::end(ErrorKind reason) {
  ++running_;  // cancelling one stream may end both directions, and us with them
  fail(reason);
  if (--running_ == 0) ended_.notify();
}

void Pump::let_observe(Way way, Buffer& buffer, std::size_t size) {
  if (observer_ == nullptr || size == 0) return;
  buffer.drop_last(size - observer_->on_bytes(way, buffer.last(size)));
}

io::Task<bool> Pump::write_rest(Way way, io::Stream& to, Buffer& buffer) {
  io::Loop& loop = to.loop();
  while (waiting(way, buffer)) {
    const io::IoResult written = write_some(way, to, buffer);
    if (written.status == io::IoStatus::ok) continue;
    if (written.status != io::IoStatus::would_block) {
      fail(way == Way::up ? ErrorKind::upstream_reset : ErrorKind::client_closed);
      co_return false;
    }
    const TimePoint limit = limits_.patience == Duration::zero() ? kNever : loop.now() + limits_.patience;
    const io::Wait wait = co_await to.writable(std::min(limit, limits_.end));
    if (wait == io::Wait::ready) continue;
    fail(wait == io::Wait::cancelled ? ErrorKind::cancelled
         : loop.now() >= limits_.end ? ErrorKind::request_timeout
         : way == Way::up            ? ErrorKind::upstream_timeout
                                     : ErrorKind::client_write_timeout);
    co_return false;
  }
  co_return true;
}

io::Task<bool> Pump::wait(io::Stream& from) {
  io::Loop& loop = from.loop();
  while (true) {
    const TimePoint limit = limits_.idle == Duration::zero() ? kNever : last_moved_ + limits_.idle;
    const io::Wait wait = co_await from.readable(std::min(limit, limits_.end));
    if (wait == io::Wait::ready) co_return true;
    if (wait == io::Wait::cancelled) {
      fail(ErrorKind::cancelled);
    } else if (loop.now() >= limits_.end) {
      fail(ErrorKind::request_timeout);
    } else if (limits_.idle != Duration::zero() && loop.now() < last_moved_ + limits_.idle) {
      continue;  // the other way moved
    } else {
      fail(ErrorKind::client_idle_timeout);
    }
    co_return false;
  }
}

io::Task<void> Pump::pump(Way way, Buffer& buffer) {
  io::Stream& from = way == Way::up ? client_ : upstream_;
  io::Stream& to = way == Way::up ? upstream_ : client_;
  unsigned pieces = 0;
  std::size_t size = Buffer::kSize;
  let_observe(way, buffer, buffer.size());
  while (true) {
    // Nearly always all of it goes at once; only what does not needs another frame.
    if (waiting(way, buffer)) write_some(way, to, buffer);
    if (waiting(way, buffer) && !co_await write_rest(way, to, buffer)) break;
    if (!from.ready(io::Direction::read) || from.cancelled()) {
      buffer.release();  // a quiet direction holds no buffer
      pieces = 0;
      if (!co_await wait(from)) break;
    } else if (++pieces == kPiecesInARow) {
      pieces = 0;
      co_await from.loop().yield();
    }
    // What fills the small buffer goes on in large ones.
    if (buffer.allocated() && buffer.capacity() < size) buffer.release();
    buffer.allocate(size);
    const io::IoResult got = from.read(buffer.room());
    if (got.status == io::IoStatus::ok) {
      size = got.bytes == buffer.capacity() ? Buffer::kLarge
             : got.bytes < Buffer::kSize    ? Buffer::kSize
                                            : size;
      buffer.filled(got.bytes);
      let_observe(way, buffer, got.bytes);
    } else if (got.status == io::IoStatus::eof) {
      to.shutdown_write();
      break;
    } else if (got.status == io::IoStatus::error) {
      fail(way == Way::up ? ErrorKind::client_closed : ErrorKind::upstream_reset);
      break;
    }
  }
  buffer.release();
  buffers_[static_cast<unsigned>(way)] = nullptr;
  if (--running_ == 0) ended_.notify();
}

}  // namespace turnpike::proxy
