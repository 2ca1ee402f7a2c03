#include "proxy/grpc_web.h"

#include <gtest/gtest.h>

#include <string>

#include "http/grpc/web.h"
#include "proxy/body_pipe.h"

namespace turnpike::proxy {
namespace {

using http::grpc::Kind;

std::string message(std::string_view text) {
  std::string out(http::grpc::kPrefixSize, '\0');
  http::grpc::write_prefix({0, static_cast<std::uint32_t>(text.size())}, out.data());
  return out + std::string(text);
}

// Sends `content` through a pipe with the transform, `piece` bytes at a time.
struct Piped {
  std::string out;
  ErrorKind error = ErrorKind::none;
  http::Fields trailers;

  Piped(Transform& transform, std::string_view content, std::size_t piece, const http::Fields& came = {},
        bool chunked = false) {
    BodyPipe pipe(http::h1::BodyReader(http::Framing::until_close, 0, {}), chunked);
    pipe.set_transform(&transform);
    Buffer in;
    in.allocate();
    for (std::size_t at = 0; at < content.size(); at += piece) {
      in.clear();
      in.append(content.substr(at, piece));
      if (!step(pipe.gather(in, list_, arena_), pipe)) return;
    }
    if (step(pipe.end_of_stream(list_, arena_, &came), pipe)) trailers = pipe.trailers();
  }

 private:
  bool step(BodyPipe::State state, const BodyPipe& pipe) {
    for (const iovec& range : list_.span())
      out.append(static_cast<const char*>(range.iov_base), range.iov_len);
    list_.clear();
    error = pipe.error();
    return state != BodyPipe::State::failed;
  }

  Arena arena_;
  Iovecs list_;
};

TEST(GrpcWeb, BinaryRequestsAreMessagesAlready) {
  const std::string content = message("hello") + message("");
  for (std::size_t piece = 1; piece <= content.size(); ++piece) {
    WebRequest request(Kind::web);
    const Piped piped(request, content, piece);
    EXPECT_EQ(piped.out, content);
    EXPECT_EQ(piped.error, ErrorKind::none);
  }
}

TEST(GrpcWeb, TextRequestsAreDecoded) {
  const std::string text = "AAAAAAVoZWxsbw==AAAAAAA=";  // each message with its own padding
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    WebRequest request(Kind::web_text);
    EXPECT_EQ(Piped(request, text, piece).out, message("hello") + message(""));
    request.rewind();  // another attempt
    EXPECT_EQ(Piped(request, text, 7).out, message("hello") + message(""));
  }
}

TEST(GrpcWeb, WhatIsNoMessageIsRefused) {
  WebRequest cut(Kind::web);
  EXPECT_EQ(Piped(cut, message("hello").substr(0, 7), 100).error, ErrorKind::bad_request);
  WebRequest trailers(Kind::web);
  EXPECT_EQ(Piped(trailers, std::string("\x80\0\0\0\0", 5), 100).error, ErrorKind::bad_request);
  WebRequest no_base64(Kind::web_text);
  EXPECT_EQ(Piped(no_base64, "AAAA*AAA", 100).error, ErrorKind::bad_request);
  WebRequest half(Kind::web_text);
  EXPECT_EQ(Piped(half, "AAA", 100).error, ErrorKind::bad_request);
}

TEST(GrpcWeb, ResponsesEndWithTheirTrailers) {
  Arena arena;
  http::Fields trailers;
  trailers.add(arena, "grpc-status", "0");
  const std::string frame = std::string("\x80\0\0\0\x10", 5) + "grpc-status: 0\r\n";
  WebResponse binary(Kind::web);
  const Piped piped(binary, message("hi"), 3, trailers);
  EXPECT_EQ(piped.out, message("hi") + frame);
  EXPECT_TRUE(piped.trailers.empty());  // they are content now
  EXPECT_EQ(trailers.size(), 1U);       // those of the stream are not touched

  WebResponse chunks(Kind::web);
  EXPECT_EQ(Piped(chunks, message("hi"), 100, trailers, true).out,
            "7\r\n" + message("hi") + "\r\n15\r\n" + frame + "\r\n0\r\n\r\n");
}

TEST(GrpcWeb, TextResponsesAreFlushedPieceByPiece) {
  WebResponse response(Kind::web_text);
  const Piped piped(response, message("hello"), 4);
  EXPECT_EQ(piped.out.substr(0, 16), "AAAAAA==BWhlbA==");  // a reader has each piece at once
  for (std::size_t piece = 1; piece < 12; ++piece) {
    WebResponse other(Kind::web_text);
    std::string text = Piped(other, message("hello"), piece).out;
    http::grpc::Base64Decoder decoder;
    const std::ptrdiff_t size = decoder.decode(text, text.data());
    ASSERT_GE(size, 0);
    EXPECT_EQ(text.substr(0, static_cast<std::size_t>(size)),
              message("hello") + std::string("\x80\0\0\0\0", 5));
  }
}

}  // namespace
}  // namespace turnpike::proxy
