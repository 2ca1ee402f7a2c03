// What comes in pieces: messages, base64, trailers of gRPC-Web, and the health service's messages.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "http/grpc/base64_stream.h"
#include "http/grpc/frame.h"
#include "http/grpc/health.h"
#include "http/grpc/web.h"

namespace turnpike::http::grpc {
namespace {

std::string message(std::string_view text, std::uint8_t flags = 0) {
  std::string out(kPrefixSize, '\0');
  write_prefix({flags, static_cast<std::uint32_t>(text.size())}, out.data());
  return out + std::string(text);
}

TEST(GrpcFrame, PrefixesReadAsWritten) {
  char bytes[kPrefixSize];
  write_prefix({1, 0x01020304}, bytes);
  EXPECT_EQ(std::string_view(bytes, 5), std::string_view("\1\1\2\3\4", 5));
  EXPECT_EQ(read_prefix(bytes).flags, 1);
  EXPECT_EQ(read_prefix(bytes).size, 0x01020304U);
  EXPECT_EQ(read_prefix("\xff\xff\xff\xff\xff").size, 0xffffffffU);
}

TEST(GrpcFrame, ScanFollowsMessagesHoweverTheyAreCut) {
  const std::string all = message("hello") + message("") + message("x", kCompressed);
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    FrameScan scan(100);
    for (std::size_t at = 0; at < all.size(); at += piece)
      ASSERT_EQ(scan.take(std::string_view(all).substr(at, piece)).kind, ErrorKind::none);
    EXPECT_TRUE(scan.at_boundary());
    EXPECT_EQ(scan.messages(), 3U);
  }
  FrameScan cut(100);
  EXPECT_EQ(cut.take(std::string_view(all).substr(0, 7)).kind, ErrorKind::none);
  EXPECT_FALSE(cut.at_boundary());
}

TEST(GrpcFrame, ScanRefuses) {
  EXPECT_EQ(FrameScan(4).take(message("hello")).detail, "a gRPC message is too long");
  EXPECT_EQ(FrameScan(5).take(message("hello")).kind, ErrorKind::none);
  EXPECT_EQ(FrameScan(100).take(message("", 2)).detail, "a gRPC message has unknown flags");
  EXPECT_EQ(FrameScan(100).take(message("", kTrailers)).detail, "a gRPC message has unknown flags");
  FrameScan web(100, true);
  EXPECT_EQ(web.take(message("hello") + message("grpc-status: 0\r\n", kTrailers)).kind, ErrorKind::none);
  EXPECT_TRUE(web.trailers_seen());
  EXPECT_EQ(web.messages(), 1U);
  EXPECT_EQ(web.take("\0").kind, ErrorKind::none);
  EXPECT_EQ(web.take(std::string_view("\0", 1)).detail, "a gRPC-Web message follows the trailers");
}

std::string decoded(std::string_view text, std::size_t piece) {
  Base64Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string_view part = text.substr(at, piece);
    std::string room(Base64Decoder::room_for(part.size()) + 3, '\0');
    const std::ptrdiff_t size = decoder.decode(part, room.data());
    if (size < 0) return "bad";
    EXPECT_LE(static_cast<std::size_t>(size), Base64Decoder::room_for(part.size() + 3));
    out += room.substr(0, static_cast<std::size_t>(size));
  }
  return decoder.at_boundary() ? out : out + " cut";
}

TEST(GrpcBase64, DecodesInPieces) {
  for (std::size_t piece = 1; piece < 9; ++piece) {
    EXPECT_EQ(decoded("Zm9vYmFy", piece), "foobar");
    EXPECT_EQ(decoded("Zm8=Yg==YmFy", piece), "fobbar");  // each part with its own padding
    EXPECT_EQ(decoded("Zm9vYg=", piece), "foo cut");
  }
  for (const char* bad : {"=", "Z===", "Zm9=v", "Zm 9", "Zm9-", "Zh==x!==", "ZZ==", "Zm9vZm9=", "\n"})
    EXPECT_EQ(decoded(bad, 3), "bad") << bad;
}

TEST(GrpcBase64, DecodesWhereItLies) {
  std::string text = "Zm9vYmFyZm9vYmFy";
  Base64Decoder decoder;
  const std::ptrdiff_t size = decoder.decode(text, text.data());
  EXPECT_EQ(text.substr(0, static_cast<std::size_t>(size)), "foobarfoobar");
}

TEST(GrpcBase64, EncodesInPieces) {
  const std::string bytes("\0\x01\xfe\xff some text", 14);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Base64Encoder encoder;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const std::string_view part = std::string_view(bytes).substr(at, piece);
      std::string room(Base64Encoder::room_for(part.size()), '\0');
      text += room.substr(0, encoder.encode(part, room.data()));
    }
    char rest[4];
    text += std::string_view(rest, encoder.flush(rest));
    EXPECT_EQ(text, "AAH+/yBzb21lIHRleHQ=");
    EXPECT_EQ(encoder.flush(rest), 0U);
    EXPECT_EQ(decoded(text, piece), bytes);
  }
}

TEST(GrpcWeb, TrailersAreAFrame) {
  Arena arena;
  Fields trailers;
  trailers.add(arena, "Grpc-Status", "0");
  trailers.add(arena, "x-note", "a b");
  const std::string_view frame = write_trailer_frame(trailers, arena);
  EXPECT_EQ(frame, message("grpc-status: 0\r\nx-note: a b\r\n", kTrailers));
  Fields again;
  EXPECT_EQ(read_trailer_frame(frame.substr(kPrefixSize), again, arena).kind, ErrorKind::none);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again.value(FieldId::grpc_status), "0");
  EXPECT_EQ(again.find("x-note")->value, "a b");
}

TEST(GrpcWeb, TrailersOfOthersAreReadStrictly) {
  Arena arena;
  const auto read = [&](std::string_view content) {
    Fields fields;
    const Error error = read_trailer_frame(content, fields, arena);
    return error.kind == ErrorKind::none ? std::to_string(fields.size()) : std::string(error.detail);
  };
  EXPECT_EQ(read(""), "0");
  EXPECT_EQ(read("grpc-status:0\ngrpc-message:"), "2");
  EXPECT_EQ(read("a: b\r\n\r\n"), "1");
  EXPECT_EQ(read("no colon\r\n"), "a trailer of gRPC-Web has no valid name");
  EXPECT_EQ(read(": x\r\n"), "a trailer of gRPC-Web has no valid name");
  EXPECT_EQ(read("a b: x\r\n"), "a trailer of gRPC-Web has no valid name");
  EXPECT_EQ(read("a: x\ry\r\n"), "a trailer of gRPC-Web has a bad value");
  EXPECT_EQ(read(std::string(kMaxTrailerFrame + 1, 'a')), "the trailers of gRPC-Web are too long");
}

TEST(GrpcHealth, Request) {
  EXPECT_EQ(health_request(""), std::string(5, '\0'));
  EXPECT_EQ(health_request("a.B"), message("\x0a\x03"
                                           "a.B"));
  EXPECT_EQ(health_request(std::string(200, 'x')), message("\x0a\xc8\x01" + std::string(200, 'x')));
}

std::string answer(std::string_view protobuf) {
  const auto status = parse_health_response(message(protobuf));
  return status ? std::to_string(static_cast<int>(*status)) : std::string(status.error());
}

TEST(GrpcHealth, Response) {
  using std::string_view;
  EXPECT_EQ(answer(""), "0");  // proto3 leaves out what is zero
  EXPECT_EQ(answer("\x08\x01"), "1");
  EXPECT_EQ(answer("\x08\x02"), "2");
  EXPECT_EQ(answer("\x08\x03"), "3");
  EXPECT_EQ(answer("\x08\x04"), "0");
  EXPECT_EQ(answer("\x08\x02\x08\x01"), "1");
  EXPECT_EQ(answer(string_view("\x08\x81\x80\x00", 4)), "1");
  EXPECT_EQ(answer("\x12\x02zz\x08\x01\x1d"
                   "abcd\x21"
                   "abcdefgh\x28\x7f"),
            "1");
}

TEST(GrpcHealth, ResponseMustBeWellFormed) {
  for (const std::string_view bad :
       {"\x08", "\x08\x80", "\x0a\x01x", "\x12\x05zz",
        "\x1d"
        "abc",
        "\x0b", "\x07", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x12\xff\xff\xff\xff\x0f"})
    EXPECT_EQ(answer(bad), "the message is malformed");
  EXPECT_EQ(answer(std::string_view("\x00\x01", 2)), "the message is malformed");
  EXPECT_EQ(answer(std::string(kMaxHealthResponse + 1, 'x')), "the message is too long");
  EXPECT_FALSE(parse_health_response(""));
  EXPECT_FALSE(parse_health_response(message("\x08\x01", kCompressed)));
  EXPECT_FALSE(parse_health_response(message("\x08\x01") + message("\x08\x01")));
  EXPECT_FALSE(parse_health_response(message("\x08\x01").substr(0, 6)));
}

}  // namespace
}  // namespace turnpike::http::grpc
