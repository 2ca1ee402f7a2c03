// One HTTP/2 stream as a byte stream of its content: what relays bytes between sockets relays them between
// streams without knowing. Heads and trailers travel beside it as calls.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "http/h2/codes.h"
#include "http/message.h"
#include "io/stream.h"

namespace turnpike::mux {

class Connection;

class Stream final : public io::Stream {
 public:
  // Joins the connection, which outlives it (Connection::run() waits). As a client it is not open before
  // send_request(): till then it only keeps its place among the connection's streams.
  explicit Stream(Connection& connection) noexcept;
  // What has not ended is cut off (see cut_code).
  ~Stream() override;

  // --- content: as of a socket. A read takes what has arrived, eof is END_STREAM, an error that the stream
  // was reset or the connection lost. A write takes what the windows and the room of the connection's output
  // allow.
  io::IoResult read(std::span<char> into) noexcept override;
  io::IoResult write(std::span<const iovec> from) noexcept override;
  using io::Stream::write;
  void cancel() noexcept override;
  bool cancelled() const noexcept override { return cancelled_; }
  void shutdown_write() noexcept override { end_after(0, {}); }
  void abort() noexcept override;
  // Reset by the peer, or the connection is gone; END_STREAM is not meant.
  bool peer_closed() const noexcept override { return reset_; }
  void set_hangup_listener(io::HangupListener* listener) noexcept override { hangup_ = listener; }
  // Reading: content, a head, the end.
  bool ready(io::Direction direction) const noexcept override;
  void set_waiter(io::Direction direction, io::Waiter* waiter) noexcept override {
    (direction == io::Direction::read ? read_waiter_ : write_waiter_) = waiter;
  }
  io::Loop& loop() noexcept override;

  // --- the rest of the message
  // Client: opens the stream. `arena` is where response heads and trailers go and outlives the stream. False:
  // none can be opened any more, nothing was sent.
  bool send_request(const http::RequestHead& head, bool end_stream, Arena& arena);
  // Client: the next head that has arrived, interim ones too; false if there is none (wait for readable()).
  bool take_head(http::ResponseHead& out) noexcept;
  // Server: a head, also an interim one.
  void send_head(const http::ResponseHead& head, bool end_stream);
  // Content ends with the next `bytes` that write() takes, then come `trailers`, which must live till then.
  void end_after(std::size_t bytes, const http::Fields& trailers);
  // All content has been read, and END_STREAM has come.
  bool at_end() const noexcept { return ended_in_ && first_ == nullptr; }
  bool has_content() const noexcept { return first_ != nullptr; }
  // Once at_end(): what came behind the content.
  const http::Fields& trailers() const noexcept { return trailers_; }

  // The peer broke the rules: the stream was reset on our side.
  bool malformed() const noexcept { return reset_ && !reset_by_peer_; }
  // Once peer_closed(), the reason.
  http::h2::ErrorCode reset_code() const noexcept { return reset_code_; }
  // The peer has done nothing for it: it may be sent again on another connection.
  bool refused() const noexcept { return reset_ && reset_code_ == http::h2::ErrorCode::refused_stream; }
  // Of RST_STREAM where the stream is destroyed before it has ended; else CANCEL as a client, INTERNAL_ERROR
  // as a server, NO_ERROR once its response has ended.
  void set_cut_code(http::h2::ErrorCode code) noexcept { cut_code_ = code; }
  Connection& connection() const noexcept { return connection_; }

  // More interim heads than this reset the stream.
  static constexpr unsigned kMostHeads = 20;

 private:
  friend class Connection;
  struct Block;
  struct Head {
    http::ResponseHead head;
    Head* next;
  };

  void receive(std::string_view content, bool end);
  void receive_head(http::ResponseHead&& head, bool end);
  void reset_with(http::h2::ErrorCode code, bool by_peer) noexcept;
  void wake();
  void wake(io::Direction direction, io::Wait result);
  void finish_output();
  void release_blocks() noexcept;

  Connection& connection_;
  Stream* next_ready_ = nullptr;  // Connection's list of those to be woken
  Stream* previous_ready_ = nullptr;
  bool* gone_ = nullptr;  // tells a caller on the stack that `this` died meanwhile
  Arena* arena_ = nullptr;
  Block* first_ = nullptr;  // content that has arrived
  Block* last_ = nullptr;
  Head* heads_ = nullptr;
  io::Waiter* read_waiter_ = nullptr;
  io::Waiter* write_waiter_ = nullptr;
  io::HangupListener* hangup_ = nullptr;
  http::Fields trailers_;
  const http::Fields* trailers_out_ = nullptr;
  std::size_t left_ = 0;       // with ending_: content still to be written
  http::h2::StreamId id_ = 0;  // 0: not open, or dead
  http::h2::ErrorCode reset_code_ = http::h2::ErrorCode::no_error;
  http::h2::ErrorCode cut_code_;
  std::uint8_t heads_seen_ = 0;
  bool ready_listed_ = false;
  bool ended_in_ = false;
  bool ended_out_ = false;
  bool ending_ = false;
  bool writable_ = true;
  bool reset_ = false;
  bool reset_by_peer_ = false;
  bool cancelled_ = false;
};

}  // namespace turnpike::mux
