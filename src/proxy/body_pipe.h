// Moves content from a buffer of received bytes to a gathered write: decodes its framing and frames it anew,
// so that nothing is forwarded that another reader could parse differently.
#pragma once

#include "base/arena.h"
#include "http/h1/codec.h"
#include "proxy/buffer.h"
#include "proxy/iovecs.h"
#include "proxy/transform.h"

namespace turnpike::plan {
struct ClientSettings;
}

namespace turnpike::proxy {

// One direction of one message.
class BodyPipe {
 public:
  enum class State : std::uint8_t {
    more,    // all that the buffer held is in `out`; more must be read
    full,    // `out` is full: write it, then call again
    done,    // the content ends with what is in `out`
    failed,  // error() tells
  };

  BodyPipe() noexcept = default;
  // `chunked_out`: the other side gets chunks; else plain bytes (Content-Length or until close). `client`:
  // how the client is treated that sends it; null: it is an upstream's.
  BodyPipe(const http::h1::BodyReader& reader, bool chunked_out,
           const plan::ClientSettings* client = nullptr) noexcept
      : reader_(reader), chunked_out_(chunked_out), client_(client) {}

  // Content goes through `transform` from now on; it outlives the pipe.
  void set_transform(Transform* transform) noexcept { transform_ = transform; }

  // Takes what it can from `in` (its bytes stay in place until `out` has been written) and appends to `out`.
  State gather(Buffer& in, Iovecs& out, Arena& arena);
  // The source has ended: as gather() with nothing more to come. `trailers`: what came beside the content
  // (HTTP/2); their texts must live until `out` has been written.
  State end_of_stream(Iovecs& out, Arena& arena, const http::Fields* trailers = nullptr);

  // The content ends here, whole or not, with these trailers.
  State break_off(Iovecs& out, Arena& arena, const http::Fields& trailers);

  bool done() const noexcept { return ended_; }
  // Bytes of content moved.
  std::uint64_t bytes() const noexcept { return reader_.received(); }
  const http::h1::BodyReader& reader() const noexcept { return reader_; }
  // Once done: what may go on of those that were received.
  const http::Fields& trailers() const noexcept { return trailers_; }
  ErrorKind error() const noexcept { return error_; }
  std::string_view detail() const noexcept { return detail_; }

 private:
  State finish(Iovecs& out, Arena& arena);
  Error end_transform(Iovecs& out, Arena& arena);
  State fail(const Error& error) noexcept;

  http::h1::BodyReader reader_;
  Transform* transform_ = nullptr;
  bool chunked_out_ = false;
  bool begun_ = false;
  bool ended_ = false;
  const plan::ClientSettings* client_ = nullptr;
  const http::Fields* beside_ = nullptr;  // trailers that came beside the content
  http::Fields trailers_;
  ErrorKind error_ = ErrorKind::none;
  std::string_view detail_;
  char size_line_[20];
};

}  // namespace turnpike::proxy
