// Runs an HTTP/2 session over a byte stream: reads, writes once per turn of the loop what all streams have
// left in the output, keeps the times, and wakes the streams whose turn it is.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "http/h2/session.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "mux/stream.h"

namespace turnpike::mux {

using namespace std::chrono_literals;

// What ends a connection that does not do its part.
struct Timeouts {
  Duration settings = 10s;  // the peer acknowledges ours
  Duration idle = 60s;      // no stream is open
  Duration write = 30s;     // the peer takes no byte of what we write
  Duration probe = 20s;     // streams are open and nothing comes: PING; not answered for as long, it is dead
  Duration drain = 1s;      // after asking for no more requests, until those that still come are refused
};

// Whoever has the connection: the proxy as a server, the pool as a client. Nothing here may destroy the
// connection.
class Handler {
 public:
  // Server: where the head of a new request goes. on_request() or on_refused() follows.
  virtual Arena& request_arena() = 0;
  // Server: the stream of this request, made for this connection; null refuses it. It is woken only after
  // on_received().
  virtual Stream* on_request(http::RequestHead&& head) = 0;
  // Server: a request that was none, perhaps without request_arena() before. `status`: what it was answered,
  // 0: RST_STREAM.
  virtual void on_refused(const Error& error, unsigned status) = 0;
  // All that came with one read has been taken: time to begin with the requests in it.
  virtual void on_received() = 0;
  // The peer's settings are known (the first time), or have changed.
  virtual void on_settings() = 0;
  // A stream has gone: there may be room for another. `streams`: how many are left.
  virtual void on_stream_gone(std::size_t streams) = 0;
  // No new streams: the peer said good-bye, or the connection failed.
  virtual void on_closing() = 0;

 protected:
  ~Handler() = default;
};

class Connection final : private http::h2::Events, private io::Timer, private io::Chore {
 public:
  // All but `timeouts` must outlive it.
  Connection(io::Stream& stream, http::h2::Role role, const http::h2::Limits& limits,
             const Timeouts& timeouts, Handler& handler);
  ~Connection() override;

  // Takes bytes that have been read already; before run().
  void feed(std::string_view bytes) {
    if (!take(bytes)) over_ = true;
  }
  // Serves until the connection has ended and no stream is left. The caller closes the stream; after an error
  // (error()) it should linger, so that the peer sees why. Ended from outside by cancelling the stream.
  io::Task<void> run();

  // No more requests: those that run are served. As a client no stream is opened any more.
  void drain();
  // Says good-bye, as far as the stream takes it at once: before an idle connection is cut.
  void say_goodbye() noexcept;

  // Client: there is room for another stream.
  bool has_room() const noexcept {
    return !over_ && !draining_ && streams_ < limits_.concurrent_streams && streams_ < session_.max_open() &&
           !session_.closing();
  }
  // Client: streams that it may have at once.
  std::size_t capacity() const noexcept {
    return std::min<std::size_t>(limits_.concurrent_streams, session_.max_open());
  }
  std::size_t streams() const noexcept { return streams_; }
  bool settled() const noexcept { return settled_; }  // the peer's settings have come
  bool over() const noexcept { return over_ || error_.kind != ErrorKind::none; }
  bool peer_closing() const noexcept { return peer_closing_; }  // GOAWAY has come
  bool draining() const noexcept { return draining_; }
  bool allows_connect_protocol() const noexcept { return session_.peer_allows_connect_protocol(); }
  // Why it ended; none while it runs and if it ended in order.
  const Error& error() const noexcept { return error_; }
  const http::h2::Session& session() const noexcept { return session_; }
  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t resets_received() const noexcept { return resets_received_; }
  std::uint64_t resets_sent() const noexcept { return resets_sent_; }
  io::Loop& loop() const noexcept { return loop_; }
  bool is_server() const noexcept { return role_ == http::h2::Role::server; }

 private:
  friend class Stream;

  // --- http::h2::Events
  Arena& arena_for(http::h2::StreamId id, void* owner) override;
  void* on_request(http::h2::StreamId id, http::RequestHead&& head, bool end_stream) override;
  void on_refused(http::h2::StreamId id, const Error& error, unsigned status) override;
  void on_response(http::h2::StreamId id, void* owner, http::ResponseHead&& head, bool end_stream) override;
  void on_data(http::h2::StreamId id, void* owner, std::string_view data, bool end_stream) override;
  void on_trailers(http::h2::StreamId id, void* owner, http::Fields&& trailers) override;
  void on_reset(http::h2::StreamId id, void* owner, http::h2::ErrorCode code, bool by_peer) override;
  void on_writable(http::h2::StreamId id, void* owner) override;
  void on_goaway(http::h2::StreamId last, http::h2::ErrorCode code, std::string_view debug) override;
  void on_settings() override;
  void on_settings_ack() override {}
  void on_ping_ack() override;

  void on_timer() override;
  void on_turn_end() override;

  // --- for Stream
  http::h2::ErrorCode cut_code() const noexcept {
    return is_server() ? http::h2::ErrorCode::internal_error : http::h2::ErrorCode::cancel;
  }
  void joined() noexcept { ++streams_; }
  void left(Stream& stream) noexcept;
  void forget(http::h2::StreamId id, http::h2::ErrorCode code) noexcept;
  http::h2::StreamId open(const http::RequestHead& head, bool end_stream, Stream& stream);
  void send_response(http::h2::StreamId id, const http::ResponseHead& head, bool end_stream);
  std::size_t send_data(http::h2::StreamId id, std::span<const iovec> data, bool end_stream);
  void send_trailers(http::h2::StreamId id, const http::Fields& trailers);
  void consumed(http::h2::StreamId id, std::size_t bytes);
  void wake_later(Stream& stream) noexcept;

  bool read_some();
  bool take(std::string_view bytes);
  void wake_ready();
  void write_out();
  io::Task<void> wait_writable();
  void output_later() noexcept {
    if (session_.wants_write()) loop_.at_turn_end(*this);
  }
  bool done() const noexcept;
  void end();  // the last thing a caller does: run() may go on and destroy this
  void fail(ErrorKind kind, std::string_view detail) noexcept;
  void abandon() noexcept;
  TimePoint next_check(TimePoint now) const noexcept;

  static constexpr std::size_t kReadSize = std::size_t{16} * 1024;
  static constexpr unsigned kReadsPerTurn = 8;
  static constexpr unsigned kWritesPerTurn = 4;

  io::Stream& stream_;
  io::Loop& loop_;
  const http::h2::Role role_;
  const http::h2::Limits& limits_;
  const Timeouts timeouts_;
  Handler& handler_;
  http::h2::Session session_;
  Arena* request_arena_ = nullptr;  // of the request whose head is being read
  Stream* ready_first_ = nullptr;
  Stream* ready_last_ = nullptr;
  std::size_t streams_ = 0;  // objects, also those that are not open yet
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t resets_received_ = 0;
  std::uint64_t resets_sent_ = 0;
  const TimePoint started_;
  TimePoint idle_since_;
  TimePoint heard_at_;  // when something came last
  TimePoint refuse_at_ = kNever;
  Error error_{};
  io::Event output_moved_;
  std::coroutine_handle<> until_empty_;  // run(), when it waits for the last stream to go
  bool settled_ = false;
  bool over_ = false;
  bool draining_ = false;
  bool peer_closing_ = false;
  bool blocked_ = false;  // wait_writable() runs
  bool probing_ = false;
  bool abandoning_ = false;
  bool wait_moved_ = false;  // run() waits for output_moved_
};

}  // namespace turnpike::mux
