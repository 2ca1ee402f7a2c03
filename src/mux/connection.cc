#include "mux/connection.h"

#include <algorithm>
#include <utility>

#include "base/free_list.h"

namespace turnpike::mux {

using http::h2::ErrorCode;
using http::h2::StreamId;

namespace {

Stream& stream_of(void* owner) noexcept { return *static_cast<Stream*>(owner); }

}  // namespace

Connection::Connection(io::Stream& stream, http::h2::Role role, const http::h2::Limits& limits,
                       const Timeouts& timeouts, Handler& handler)
    : stream_(stream),
      loop_(stream.loop()),
      role_(role),
      limits_(limits),
      timeouts_(timeouts),
      handler_(handler),
      session_(role, limits, static_cast<http::h2::Events&>(*this), loop_.now()),
      started_(loop_.now()),
      idle_since_(loop_.now()),
      heard_at_(loop_.now()) {
  loop_.timers().arm(*this, next_check(started_));
  output_later();
}

Connection::~Connection() = default;

// --- the life of a connection

io::Task<void> Connection::run() {
  while (!over_) {
    if (!session_.wants_read()) {
      // The peer does not take what it asks for; wait_writable() and on_turn_end() tell when it does.
      output_moved_.reset();
      wait_moved_ = true;
      co_await output_moved_;
      wait_moved_ = false;
      if (stream_.cancelled()) break;
      continue;
    }
    if (co_await stream_.readable(kNever) != io::Wait::ready || over_) break;
    if (!read_some()) break;
    // Whoever sends more than we take in one turn waits for the others.
    if (stream_.ready(io::Direction::read)) co_await loop_.yield();
  }
  over_ = true;
  disarm();
  handler_.on_closing();
  if (!blocked_) write_out();  // GOAWAY, as far as the peer takes it
  abandon();
  wake_ready();
  if (blocked_) stream_.cancel();  // ends wait_writable()
  if (streams_ > 0) {
    struct Empty {
      Connection& self;
      bool await_ready() const noexcept { return self.streams_ == 0; }
      void await_suspend(std::coroutine_handle<> handle) noexcept { self.until_empty_ = handle; }
      void await_resume() const noexcept {}
    };
    co_await Empty{*this};
  }
  withdraw();
}

// False: the connection is over.
bool Connection::read_some() {
  char* const buffer = static_cast<char*>(free_list_allocate(kReadSize));
  bool go_on = true;
  for (unsigned n = 0; n < kReadsPerTurn && go_on && session_.wants_read(); ++n) {
    const io::IoResult got = stream_.read({buffer, kReadSize});
    if (got.status == io::IoStatus::would_block) break;
    if (got.status != io::IoStatus::ok) {
      go_on = false;
      break;
    }
    go_on = take({buffer, got.bytes});
    if (got.bytes < kReadSize && !stream_.ready(io::Direction::read)) break;
  }
  free_list_release(buffer, kReadSize);
  if (go_on && done()) loop_.at_turn_end(*this);
  return go_on;
}

bool Connection::take(std::string_view bytes) {
  received_ += bytes.size();
  heard_at_ = loop_.now();
  probing_ = false;
  const Error error = session_.receive(bytes, heard_at_);
  if (error.kind != ErrorKind::none) error_ = error;
  handler_.on_received();
  wake_ready();
  output_later();
  return error.kind == ErrorKind::none;
}

void Connection::wake_later(Stream& stream) noexcept {
  if (stream.ready_listed_) return;
  stream.ready_listed_ = true;
  stream.next_ready_ = nullptr;
  stream.previous_ready_ = ready_last_;
  (ready_last_ != nullptr ? ready_last_->next_ready_ : ready_first_) = &stream;
  ready_last_ = &stream;
  // Outside of a read, the end of the turn wakes it.
  loop_.at_turn_end(*this);
}

void Connection::wake_ready() {
  while (ready_first_ != nullptr) {
    Stream& stream = *ready_first_;
    ready_first_ = stream.next_ready_;
    (ready_first_ != nullptr ? ready_first_->previous_ready_ : ready_last_) = nullptr;
    stream.next_ready_ = stream.previous_ready_ = nullptr;
    stream.ready_listed_ = false;
    stream.wake();  // may destroy it, and others
  }
}

// --- writing

void Connection::on_turn_end() {
  if (!over_) write_out();
  wake_ready();
  if (wait_moved_ && session_.wants_read()) return output_moved_.notify();
  if (!over_ && done()) end();
}

void Connection::write_out() {
  for (unsigned n = 0; n < kWritesPerTurn && !blocked_ && session_.wants_write(); ++n) {
    const std::span<const iovec> output = session_.output();
    const io::IoResult written = stream_.write(output);
    if (written.status == io::IoStatus::ok) {
      sent_ += written.bytes;
      session_.written(written.bytes);
      if (n + 1 < kWritesPerTurn && !over_) wake_ready();  // who waited for room fills it
    } else if (written.status == io::IoStatus::would_block) {
      if (over_) return;
      blocked_ = true;
      io::spawn(wait_writable());
    } else {
      fail(ErrorKind::client_closed, "reset while writing");
      return;
    }
  }
  if (!blocked_ && !over_) output_later();
}

io::Task<void> Connection::wait_writable() {
  const io::Wait wait = co_await stream_.writable(loop_.now() + timeouts_.write);
  blocked_ = false;
  if (wait == io::Wait::timeout)
    fail(ErrorKind::client_write_timeout, "the peer does not take what is written");
  if (wait != io::Wait::cancelled) loop_.at_turn_end(*this);
  if (wait == io::Wait::cancelled && wait_moved_) output_moved_.notify();
}

// --- ends

bool Connection::done() const noexcept {
  if (error_.kind != ErrorKind::none) return true;
  return streams_ == 0 && session_.closing() && !session_.wants_write();
}

// The streams hear of it at once, run() when it is woken.
void Connection::fail(ErrorKind kind, std::string_view detail) noexcept {
  if (error_.kind == ErrorKind::none)
    error_ = {kind, is_server() ? ErrorSource::client : ErrorSource::upstream, Retry::never, detail};
  abandon();
  loop_.at_turn_end(*this);
}

void Connection::abandon() noexcept {
  abandoning_ = true;
  session_.abandon(ErrorCode::cancel);
}

void Connection::end() {
  over_ = true;
  if (wait_moved_) return output_moved_.notify();
  stream_.cancel();
}

void Connection::drain() {
  if (draining_ || over_) return;
  draining_ = true;
  handler_.on_closing();
  if (!is_server()) {
    session_.goaway(ErrorCode::no_error);
  } else {
    session_.begin_drain();
    session_.ping();
    refuse_at_ = loop_.now() + timeouts_.drain;
    loop_.timers().arm(*this, refuse_at_);
  }
  loop_.at_turn_end(*this);
}

void Connection::say_goodbye() noexcept {
  if (over_) return;
  session_.goaway(ErrorCode::no_error);
  if (!blocked_) write_out();
}

void Connection::left(Stream& stream) noexcept {
  if (stream.ready_listed_) {
    (stream.previous_ready_ != nullptr ? stream.previous_ready_->next_ready_ : ready_first_) =
        stream.next_ready_;
    (stream.next_ready_ != nullptr ? stream.next_ready_->previous_ready_ : ready_last_) =
        stream.previous_ready_;
    stream.ready_listed_ = false;
  }
  --streams_;
  if (streams_ == 0) {
    idle_since_ = loop_.now();
    if (session_.closing() || draining_) loop_.at_turn_end(*this);
  }
  handler_.on_stream_gone(streams_);
  // Not now: whoever destroys the stream is in the middle of something.
  if (streams_ == 0 && until_empty_) loop_.yield().await_suspend(std::exchange(until_empty_, nullptr));
}

// --- time

TimePoint Connection::next_check(TimePoint now) const noexcept {
  TimePoint next = streams_ == 0 ? idle_since_ + timeouts_.idle : now + timeouts_.probe;
  if (!session_.settings_acknowledged()) next = std::min(next, started_ + timeouts_.settings);
  return std::min(next, refuse_at_);
}

void Connection::on_timer() {
  const TimePoint now = loop_.now();
  if (over_) return;
  if (!session_.settings_acknowledged() && now >= started_ + timeouts_.settings) {
    session_.goaway(ErrorCode::settings_timeout);
    write_out();
    fail(ErrorKind::client_idle_timeout, "SETTINGS were not acknowledged");
    return;
  }
  if (now >= refuse_at_) {
    refuse_at_ = kNever;
    session_.finish_drain();
    loop_.at_turn_end(*this);
  }
  if (streams_ == 0 && now >= idle_since_ + timeouts_.idle) {
    session_.goaway(ErrorCode::no_error);
    loop_.at_turn_end(*this);
  } else if (streams_ > 0 && now >= heard_at_ + timeouts_.probe) {
    if (probing_) return fail(ErrorKind::client_closed, "PING was not answered");
    probing_ = true;
    session_.ping();
    output_later();
  }
  const TimePoint next = session_.closing() ? now + timeouts_.drain : next_check(now);
  loop_.timers().arm(*this, std::max(next, now + io::TimerWheel::kTick));
}

void Connection::on_ping_ack() {
  if (refuse_at_ == kNever) return;
  refuse_at_ = kNever;
  session_.finish_drain();
}

// --- what the session says

Arena& Connection::arena_for(StreamId, void* owner) {
  if (owner != nullptr) return *stream_of(owner).arena_;
  request_arena_ = &handler_.request_arena();
  return *request_arena_;
}

void* Connection::on_request(StreamId id, http::RequestHead&& head, bool end_stream) {
  Stream* const stream = over_ ? nullptr : handler_.on_request(std::move(head));
  if (stream == nullptr) return nullptr;
  stream->id_ = id;
  stream->arena_ = request_arena_;
  stream->ended_in_ = end_stream;
  return stream;
}

void Connection::on_refused(StreamId, const Error& error, unsigned status) {
  handler_.on_refused(error, status);
}

void Connection::on_response(StreamId, void* owner, http::ResponseHead&& head, bool end_stream) {
  Stream& stream = stream_of(owner);
  stream.receive_head(std::move(head), end_stream);
  wake_later(stream);
}

void Connection::on_data(StreamId, void* owner, std::string_view data, bool end_stream) {
  Stream& stream = stream_of(owner);
  stream.receive(data, end_stream);
  wake_later(stream);
}

void Connection::on_trailers(StreamId, void* owner, http::Fields&& trailers) {
  Stream& stream = stream_of(owner);
  stream.trailers_ = trailers;
  stream.ended_in_ = true;
  wake_later(stream);
}

void Connection::on_reset(StreamId, void* owner, ErrorCode code, bool by_peer) {
  if (!abandoning_) ++(by_peer ? resets_received_ : resets_sent_);
  if (owner == nullptr) return;
  Stream& stream = stream_of(owner);
  stream.reset_with(code, by_peer);
  wake_later(stream);
}

void Connection::on_writable(StreamId, void* owner) {
  Stream& stream = stream_of(owner);
  stream.writable_ = true;
  wake_later(stream);
}

void Connection::on_goaway(StreamId, ErrorCode, std::string_view) {
  peer_closing_ = true;
  handler_.on_closing();
}

void Connection::on_settings() {
  settled_ = true;
  handler_.on_settings();
}

// --- what streams say

void Connection::forget(StreamId id, ErrorCode code) noexcept {
  if (code != ErrorCode::no_error) ++resets_sent_;
  session_.reset(id, code);
  output_later();
}

StreamId Connection::open(const http::RequestHead& head, bool end_stream, Stream& stream) {
  if (over_ || !session_.may_open()) return 0;
  const StreamId id = session_.submit_request(head, end_stream, &stream);
  output_later();
  return id;
}

void Connection::send_response(StreamId id, const http::ResponseHead& head, bool end_stream) {
  session_.send_response(id, head, end_stream);
  output_later();
}

std::size_t Connection::send_data(StreamId id, std::span<const iovec> data, bool end_stream) {
  const std::size_t taken = session_.send_data(id, data, end_stream);
  output_later();
  return taken;
}

void Connection::send_trailers(StreamId id, const http::Fields& trailers) {
  session_.send_trailers(id, trailers);
  output_later();
}

void Connection::consumed(StreamId id, std::size_t bytes) {
  session_.consumed(id, bytes);
  output_later();
}

}  // namespace turnpike::mux
