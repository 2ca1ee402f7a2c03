// One HTTP/2 connection (RFC 9113), in the role of server or client. Knows no socket, no coroutine, no clock:
// bytes go in, events and bytes come out, time is passed in (principle 3). h2/README.md explains the parts.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "http/h2/budget.h"
#include "http/h2/bytes.h"
#include "http/h2/codes.h"
#include "http/h2/frame.h"
#include "http/h2/head_reader.h"
#include "http/h2/hpack_decoder.h"
#include "http/h2/hpack_encoder.h"
#include "http/h2/limits.h"
#include "http/h2/output.h"
#include "http/h2/stream.h"
#include "http/message.h"

namespace turnpike::http::h2 {

// What a session tells its owner, during receive() unless another method is named. Handlers may call every
// method of the session but receive(), also for the stream they are told about. `owner` is what on_request()
// returned or submit_request() was given, so that nobody needs a look-up.
class Events {
 public:
  // A field section is about to be decoded: where its texts and fields go. It must live as long as the head
  // is in use. `owner` is null for a new request, for which on_request() or on_refused() follows. Must not
  // call the session.
  virtual Arena& arena_for(StreamId stream, void* owner) = 0;

  // Server: a request, validated (RFC 9113 §8.2, §8.3). Version::http2; `target` is :path (of CONNECT
  // :authority), `authority` is :authority or Host, which agree where both are there; cookie crumbs are
  // joined; framing is none (`end_stream`), length, or until_close, which here means "until END_STREAM".
  // Returns the owner of the stream; null refuses it (REFUSED_STREAM: the client may try again elsewhere).
  virtual void* on_request(StreamId stream, RequestHead&& head, bool end_stream) = 0;
  // Server: a request that never became one; the session has answered it by itself (`status`, or RST_STREAM
  // where that is 0). For the log and metrics, and to let go of the arena.
  virtual void on_refused(StreamId stream, const Error& error, unsigned status) = 0;
  // Client: a response, also an interim one (status < 200, several of them). Framing as for requests.
  virtual void on_response(StreamId stream, void* owner, ResponseHead&& head, bool end_stream) = 0;
  // Content, a view into what receive() was given. Counts against the windows until consumed(). May be empty
  // with `end_stream`.
  virtual void on_data(StreamId stream, void* owner, std::string_view data, bool end_stream) = 0;
  // The end of the content with trailers; those that no trailer may be (RFC 9110 §6.5.1) are left out.
  virtual void on_trailers(StreamId stream, void* owner, Fields&& trailers) = 0;
  // The stream was cut: by RST_STREAM of the peer, or by the session (its message was malformed, GOAWAY, the
  // connection failed). The id is dead: nothing more is said of it, and calls that name it do nothing. Not
  // called for the owner's own reset().
  virtual void on_reset(StreamId stream, void* owner, ErrorCode code, bool by_peer) = 0;
  // There is room again after send_data() took less than it was given; the most urgent stream comes first
  // (RFC 9218). Also during written().
  virtual void on_writable(StreamId stream, void* owner) = 0;
  // The peer ends the connection. Client: streams above `last` get on_reset(refused_stream) behind this, and
  // may be sent again on another connection. `debug` is whatever the peer wrote.
  virtual void on_goaway(StreamId last, ErrorCode code, std::string_view debug) = 0;
  // The peer's SETTINGS came: max_open(), peer_allows_connect_protocol() may have changed.
  virtual void on_settings() = 0;
  virtual void on_settings_ack() = 0;  // the peer has ours
  virtual void on_ping_ack() = 0;      // the answer to ping()

 protected:
  ~Events() = default;
};

class Session {
 public:
  // Queues the preface: SETTINGS, and what the client says before. `events` and `limits` outlive the session.
  Session(Role role, const Limits& limits, Events& events, TimePoint now);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // --- bytes

  // Takes all bytes. An error means that the connection is over: each stream has had its on_reset(), GOAWAY
  // is queued; write the output, then close. Kinds: http2_error, http2_flood (then spent() tells which
  // budget); the source is the peer. Do not read while !wants_read(): the peer does not take what it asks
  // for.
  Error receive(std::string_view bytes, TimePoint now);
  bool wants_read() const noexcept;
  // The output queued, in order; the view holds until the next call. At most kGather pieces: there may be
  // more behind them.
  static constexpr std::size_t kGather = 8;
  std::span<const iovec> output() noexcept;
  // So many bytes of it are on their way. May call on_writable().
  void written(std::size_t bytes);
  bool wants_write() const noexcept { return output_size() > 0; }
  std::size_t output_size() const noexcept;
  // The connection is lost or given up: each stream gets on_reset(code, by_peer = true), and nothing is sent
  // any more.
  void abandon(ErrorCode code);

  // --- messages. Fields are encoded at once: names in lower case; Host (where there is an authority) and
  // fields that HTTP/2 has no place for (Connection and its like) are left out. `end_stream`: no content
  // follows.

  // Client. 0 when no stream may be opened now (!may_open()). Uses method_text (or method), scheme,
  // authority, path, query, protocol and fields.
  StreamId submit_request(const RequestHead& head, bool end_stream, void* owner);
  // Server; also interim responses. Uses status and fields.
  void send_response(StreamId stream, const ResponseHead& head, bool end_stream);
  // How many bytes of content were taken: as many as the windows, the room of the output and the other
  // streams allow. With all of them `end_stream` is sent along. After less than all, on_writable() follows.
  // No bytes with end_stream are always taken.
  std::size_t send_data(StreamId stream, std::span<const iovec> data, bool end_stream);
  // Ends the content. Empty trailers end it without any.
  void send_trailers(StreamId stream, const Fields& trailers);
  // Cuts the stream off with RST_STREAM; one that has ended in both directions is only forgotten (an owner
  // that does not consume() the rest must call this). The id is dead.
  void reset(StreamId stream, ErrorCode code);
  // The reader is done with so many bytes of content: the windows open again. Once both directions have ended
  // and everything is consumed, the id is dead.
  void consumed(StreamId stream, std::size_t bytes);
  void set_owner(StreamId stream, void* owner) noexcept;

  // --- the connection

  // Server, graceful: begin_drain() asks for no more requests (GOAWAY with the highest id: those on their way
  // are still served); finish_drain(), a round trip (ping()) or a moment later, names the last one served.
  void begin_drain();
  void finish_drain();
  // At once: no stream is accepted any more; those that run go on.
  void goaway(ErrorCode code);
  void ping();  // on_ping_ack() follows; one at a time: a second one waits for nothing and is not sent

  bool may_open() const noexcept;               // client: submit_request() would work
  std::size_t max_open() const noexcept;        // client: streams that the peer allows at the same time
  std::size_t open_streams() const noexcept;    // of both directions: not ended
  bool closing() const noexcept;                // GOAWAY was sent (other than by begin_drain) or received
  bool failed() const noexcept;                 // receive() returned an error, or abandon() was called
  bool settings_acknowledged() const noexcept;  // else the owner ends the connection after a while:
                                                // goaway(settings_timeout)
  bool peer_allows_connect_protocol() const noexcept;  // client: RFC 8441 may be used
  // Since when content has been waiting for the peer (its windows, or room in the output) without any of it
  // moving; kNever if none waits. To be asked from time to time: the wait counts from the first time that it
  // is seen. The owner gives up in the end (a window of zero for ever).
  TimePoint stalled_since(TimePoint now) noexcept;
  // Whether this stream's content waits for the peer's windows, not for the room of our output.
  bool waits_for_window(StreamId stream) const noexcept;
  // In on_reset() with by_peer == false, and after an error: why. A string literal, for operators.
  std::string_view fault() const noexcept { return fault_; }
  // After Error http2_flood: the budget that was spent.
  std::optional<Budget> spent() const noexcept;
  // How many events were counted against a budget so far.
  std::uint64_t count(Budget budget) const noexcept;
  // Bytes of memory held beside the object itself, for bounds and tests.
  std::size_t bytes_held() const noexcept;

 private:
  // What the next byte belongs to.
  enum class Reading : std::uint8_t { preface, header, payload, pad_length, content, padding, skipped };

  // --- session.cc
  void write_preface();
  void write_settings();
  std::uint32_t window_of_streams() const noexcept;
  std::uint32_t largest_frame() const noexcept;
  // All return false, so that handlers can return them.
  bool fail(ErrorCode code, std::string_view detail);
  bool flood(Budget budget);
  bool spend(Budget budget) { return budgets_.spend(budget) || flood(budget); }
  void drop_streams(ErrorCode code, bool by_peer);
  void write_goaway(StreamId last, ErrorCode code);

  // --- session_receive.cc: bytes to frames, frames of the connection. Handlers return false once failed.
  std::size_t step(std::string_view bytes);
  std::size_t take_preface(std::string_view bytes);
  std::size_t take_header(std::string_view bytes);
  std::size_t take_payload(std::string_view bytes);
  std::size_t take_pad_length(std::string_view bytes);
  std::size_t take_content(std::string_view bytes);
  std::size_t take_padding(std::string_view bytes);
  bool check_order();
  bool begin_frame();
  bool end_frame(std::string_view payload);
  bool frame_error(const FrameFault& fault);
  bool on_settings(std::string_view payload);
  bool apply(Setting setting, std::uint32_t value);
  bool change_initial_window(std::uint32_t value);
  bool on_ping(std::string_view payload);
  bool on_goaway(const Frame& frame);
  bool on_priority_update(const Frame& frame);

  // --- session_streams.cc: frames of streams
  bool begin_data();
  void begin_content(std::uint32_t size);
  void deliver(std::string_view content, bool last);
  bool on_headers(const Frame& frame);
  bool on_continuation(std::string_view fragment);
  bool end_block(std::string_view block);
  bool take_request(StreamId id, std::string_view block);
  bool take_response(Stream& stream, std::string_view block);
  bool take_trailers(Stream& stream, std::string_view block);
  bool take_late_block(StreamId id, std::string_view block);
  bool skip(std::string_view block);
  bool refuse(StreamId id, const Error& error, unsigned status);
  bool accept(StreamId id, RequestHead&& head);
  bool survives(const HeadVerdict& verdict);
  bool on_priority(const Frame& frame);
  bool on_rst_stream(const Frame& frame);
  bool on_window_update(const Frame& frame);
  bool grow_window(Stream& stream, std::uint32_t increment);
  bool stream_error(Stream& stream, ErrorCode code, std::string_view detail);
  bool is_idle(StreamId id) const noexcept;
  bool is_young(const Stream& stream) const noexcept;
  std::uint16_t clock() const noexcept;
  void end_remote(Stream& stream) noexcept;
  void close(Stream& stream, bool reset_by_us) noexcept;
  void forget_if_done(StreamId id) noexcept;

  // --- session_send.cc
  struct Section;
  void write_section(StreamId id, const Section& section, bool end_stream);
  char* encode(char* out, const Section& section);
  char* encode_path(char* out, const RequestHead& head);
  void write_status(StreamId id, unsigned status);
  std::size_t take_data(Stream& stream, std::span<const iovec> data, std::size_t count, bool end_stream);
  std::size_t room() const noexcept;
  void end_local(Stream& stream) noexcept;
  void wait_to_write(Stream& stream) noexcept;
  void stop_waiting(Stream& stream) noexcept;
  void wake_writers();
  void write_reset(StreamId id, ErrorCode code);
  void write_window_update(StreamId id, std::uint32_t increment);
  void give_back(std::uint32_t bytes);
  void give_back(Stream& stream, std::uint32_t bytes);

  const Limits& limits_;
  Events& events_;
  Budgets budgets_;
  Decoder decoder_;
  Encoder encoder_;
  StreamTable streams_;
  WriteQueue queue_;
  ClosedStreams closed_;
  Output output_;
  Error error_{};
  std::string_view fault_;
  TimePoint stalled_since_ = kNever;
  TimePoint now_;  // of the last receive()

  const Role role_;
  Reading reading_;
  bool settings_expected_ = true;  // the peer's first frame
  bool settings_acknowledged_ = false;
  bool failed_ = false;
  bool goaway_sent_ = false;  // the final one
  bool goaway_received_ = false;
  bool ping_sent_ = false;
  bool waking_ = false;
  bool peer_connect_protocol_ = false;
  std::optional<Budget> spent_;

  // The frame that is being read.
  std::uint8_t header_size_ = 0;  // bytes of header_bytes_
  char header_bytes_[kFrameHeader];
  FrameHeader header_;
  Bytes payload_;           // of a frame that comes in pieces
  std::uint32_t left_ = 0;  // bytes of the preface, of the content, or of what is skipped
  std::uint32_t padding_left_ = 0;
  StreamId data_stream_ = 0;  // 0: nobody wants the content

  // The header block that is being read, if CONTINUATION is to follow.
  Bytes block_;
  StreamId block_stream_ = 0;
  std::uint32_t continuations_ = 0;
  bool block_ends_stream_ = false;
  bool block_depends_on_itself_ = false;

  StreamId last_peer_id_ = 0;   // server: the highest request
  StreamId next_id_ = 1;        // client
  std::uint32_t open_ = 0;      // streams that have not ended in both directions
  std::uint32_t writers_ = 0;   // streams that want to write
  std::uint32_t peer_streams_;  // its SETTINGS
  std::uint32_t peer_window_ = kDefaultWindow;
  std::uint32_t peer_frame_size_ = kDefaultFrameSize;
  std::int32_t send_window_ = kDefaultWindow;  // of the connection
  std::int32_t receive_window_;
  std::uint32_t unannounced_ = 0;

  // PRIORITY_UPDATE that came before its request (RFC 9218 §7.1).
  struct Early {
    StreamId id = 0;
    Priority priority;
  };
  Early early_[4];
};

}  // namespace turnpike::http::h2
