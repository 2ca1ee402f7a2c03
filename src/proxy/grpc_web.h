// gRPC-Web <-> gRPC: content of one call in either direction (PROTOCOL-WEB.md). Messages look the same in
// both; the text form has them in base64, and a response ends with its trailers as a frame instead of
// trailers.
#pragma once

#include "http/grpc/base64_stream.h"
#include "http/grpc/content_type.h"
#include "http/grpc/frame.h"
#include "proxy/buffer.h"
#include "proxy/transform.h"

namespace turnpike::proxy {

// The request's content: what a browser sent becomes that of a call.
class WebRequest final : public Transform {
 public:
  explicit WebRequest(http::grpc::Kind kind) noexcept : text_(kind == http::grpc::Kind::web_text) {}
  void begin_round(std::size_t most) override;
  Error take(std::string_view data, std::string_view& out) override;
  Error end(http::Fields& trailers, Arena& arena, std::string_view& out) override;
  // As before the first byte, for another attempt.
  void rewind() noexcept;

 private:
  bool text_;
  http::grpc::Base64Decoder decoder_;
  // Browsers are not trusted to send messages only. A message may be as long as the listener lets the content
  // be.
  http::grpc::FrameScan scan_{UINT32_MAX};
  Buffer decoded_;
};

// The response's content: what an upstream sent becomes what a browser reads.
class WebResponse final : public Transform {
 public:
  explicit WebResponse(http::grpc::Kind kind) noexcept : text_(kind == http::grpc::Kind::web_text) {}
  void begin_round(std::size_t most) override;
  Error take(std::string_view data, std::string_view& out) override;
  Error end(http::Fields& trailers, Arena& arena, std::string_view& out) override;

 private:
  // A piece is flushed with its own padding, so that the reader has each message at once.
  std::string_view encode(std::string_view data) noexcept;

  bool text_;
  http::grpc::Base64Encoder encoder_;
  Buffer encoded_;
};

// Both directions of one call.
struct WebCall {
  explicit WebCall(http::grpc::Kind kind) noexcept : request(kind), response(kind) {}
  static void* operator new(std::size_t size) { return free_list_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_list_release(memory, size); }

  WebRequest request;
  WebResponse response;
};

}  // namespace turnpike::proxy
