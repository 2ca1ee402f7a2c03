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
#include "http/h2/codes.h"
#include "http/h2/limits.h"
#include "http/message.h"

namespace turnpike::http::h2 {

// What a session tells its owner, during receive() unless another method is named. Handlers may call every
// method of the session but receive(), also for the stream they are told about. `owner` is what on_request()
// returned or submit_request() was given, so that nobody needs a look-up.
class Events {
 public:
  // A field section is about to be decoded: where its texts and fields go. It must live as long as the head
  // is in use. `owner` is null for a new request, for which on_request() or on_refused() follows.
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
  // Since when content has been waiting for the peer's windows without any of it moving; kNever if none is.
  // The owner gives up after a time (a window of zero for ever: CVE-2019-9517, "stalled").
  TimePoint stalled_since() const noexcept;
  // Whether this stream's content waits for the peer's windows, not for the room of our output.
  bool waits_for_window(StreamId stream) const noexcept;
  // After Error http2_flood: the budget that was spent.
  std::optional<Budget> spent() const noexcept;
  // How many events were counted against a budget so far.
  std::uint64_t count(Budget budget) const noexcept;
  // Bytes of memory held beside the object itself, for bounds and tests.
  std::size_t bytes_held() const noexcept;
};

}  // namespace turnpike::http::h2
