// The side that asked, as an exchange sees it: an HTTP/1 connection, or one stream of an HTTP/2 connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "io/stream.h"
#include "proxy/buffer.h"
#include "proxy/iovecs.h"

namespace turnpike::mux {
class Stream;
}

namespace turnpike::proxy {

class ClientConnection;

// What an exchange leaves its client to do.
enum class After : std::uint8_t {
  keep_alive,  // the next request
  close,       // in order
  linger,  // in order, but the client may still be sending: read on for a moment so that it sees the response
  abort,   // the response broke off: the client must see that it is not whole
};

// What the exchange has decided about the head of a response, beside its status and fields.
struct ResponsePlan {
  enum class Length : std::uint8_t {
    untold,  // nothing is said: no content, or what fields already say
    known,   // `length`
    chunked,
  };
  const http::ResponseHead& head;  // its fields as they go out, hop-by-hop ones gone
  Length tells = Length::untold;
  std::uint64_t length = 0;
  bool ends = false;         // no content follows
  bool keep_alive = false;   // HTTP/1: the connection serves another request
  bool http10 = false;       // the client speaks HTTP/1.0
  std::string_view upgrade;  // the protocol that follows, after an Upgrade

  bool interim() const noexcept { return head.status < 200; }
};

class Client {
 public:
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The connection that it came on: who the peer is, its worker and port.
  ClientConnection& connection() const noexcept { return connection_; }
  // Of content: what is read and written here is the exchange's. HTTP/1 has heads and framing in it too.
  io::Stream& stream() const noexcept { return *stream_; }
  // The same as a stream of HTTP/2; null for HTTP/1.
  mux::Stream* multiplexed() const noexcept { return multiplexed_; }
  // The exchange is over.
  void stop_listening() noexcept {
    if (stream_ != nullptr) stream_->set_hangup_listener(nullptr);
  }
  // HTTP/1: what has been read from the stream, the head first. Empty for HTTP/2.
  Buffer& buffer() noexcept { return buffer_; }
  // Bytes of the response written to the stream, and read from it, for metrics.
  void count_sent(std::size_t bytes) noexcept { sent_ += bytes; }

  // Writes a head, an interim one too: adds its text to `out` (HTTP/1), or sends it at once (HTTP/2).
  virtual void write_head(const ResponsePlan& plan, Arena& arena, Iovecs& out) = 0;
  // The response's content ends with the next `left` bytes that are written to the stream, then come
  // `trailers`. HTTP/1 says that by the framing of the content itself.
  virtual void end_content(std::size_t left, const http::Fields& trailers) = 0;

 protected:
  Client(ClientConnection& connection, io::Stream* stream) noexcept
      : connection_(connection), stream_(stream) {}
  ~Client() = default;

  ClientConnection& connection_;
  io::Stream* stream_;
  mux::Stream* multiplexed_ = nullptr;
  Buffer buffer_;
  std::uint64_t sent_ = 0;
};

}  // namespace turnpike::proxy
