#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/codec.h"
#include "http/h1/trailer.h"

namespace turnpike::http::h1 {
namespace {

struct Outcome {
  std::string data;
  std::string trailers;
  bool done = false;
  ErrorKind error = ErrorKind::none;
  std::size_t consumed = 0;
};

// Feeds the bytes in pieces of `size`; a piece that was not consumed whole is offered again with the next.
Outcome read(BodyReader reader, std::string_view bytes, std::size_t size) {
  Arena arena;
  Outcome out;
  for (std::size_t known = std::min(size, bytes.size());; known = std::min(known + size, bytes.size())) {
    for (;;) {
      const BodyReader::Step step = reader.next(bytes.substr(out.consumed, known - out.consumed), arena);
      out.error = step.error;
      if (step.error != ErrorKind::none) {
        EXPECT_FALSE(step.detail.empty());
        EXPECT_NE(reader.next("x", arena).error, ErrorKind::none) << "unusable from then on";
        out.data.clear();
        return out;
      }
      out.data += step.data;
      out.consumed += step.consumed;
      out.done = step.done;
      if (step.done || step.consumed == 0) break;
    }
    if (out.done || known == bytes.size()) break;
  }
  for (const Field& field : reader.trailers()) {
    out.trailers += std::string(field.name) + "=" + std::string(field.value) + ";";
  }
  return out;
}

Outcome chunked(std::string_view bytes, const Limits& limits = {}) {
  const BodyReader reader(Framing::chunked, 0, limits);
  const Outcome whole = read(reader, bytes, bytes.size());
  for (std::size_t size = 1; size < bytes.size() && size < 300; ++size) {
    const Outcome pieces = read(reader, bytes, size);
    EXPECT_EQ(pieces.error, whole.error) << "in pieces of " << size << ": " << bytes;
    EXPECT_EQ(pieces.data, whole.data);
    EXPECT_EQ(pieces.trailers, whole.trailers);
    EXPECT_EQ(pieces.done, whole.done);
    if (whole.error == ErrorKind::none) EXPECT_EQ(pieces.consumed, whole.consumed);
  }
  return whole;
}

TEST(Body, NoneIsDoneAtOnce) {
  Arena arena;
  BodyReader reader;
  EXPECT_TRUE(reader.done());
  EXPECT_TRUE(reader.finish_at_eof());
  EXPECT_TRUE(reader.next("GET", arena).done);
  EXPECT_EQ(reader.next("GET", arena).consumed, 0u);
  EXPECT_TRUE(BodyReader(Framing::length, 0, {}).done());
}

TEST(Body, Length) {
  const Outcome out = read(BodyReader(Framing::length, 5, {}), "helloGET", 8);
  EXPECT_EQ(out.data, "hello");
  EXPECT_EQ(out.consumed, 5u);
  EXPECT_TRUE(out.done);
  EXPECT_FALSE(read(BodyReader(Framing::length, 5, {}), "hell", 1).done);
  BodyReader cut(Framing::length, 5, {});
  EXPECT_FALSE(cut.finish_at_eof());
}

TEST(Body, SkipMovesWithoutLooking) {
  Arena arena;
  BodyReader reader(Framing::length, 10, {});
  reader.skip(4);
  EXPECT_EQ(reader.remaining(), 6u);
  EXPECT_EQ(reader.received(), 4u);
  EXPECT_EQ(reader.next("0123456789", arena).consumed, 6u);
  EXPECT_TRUE(reader.done());
  BodyReader all(Framing::length, 10, {});
  all.skip(10);
  EXPECT_TRUE(all.done());
  BodyReader chunks(Framing::chunked, 0, {});
  EXPECT_EQ(chunks.next("5\r\n", arena).consumed, 3u);
  chunks.skip(5);
  EXPECT_EQ(chunks.next("\r\n0\r\n\r\n", arena).done, true);
}

TEST(Body, UntilClose) {
  Arena arena;
  BodyReader reader(Framing::until_close, 0, {});
  EXPECT_EQ(reader.next("abc", arena).data, "abc");
  EXPECT_FALSE(reader.done());
  EXPECT_TRUE(reader.finish_at_eof());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.received(), 3u);
}

TEST(Body, LimitOnContent) {
  Limits limits;
  limits.body = 10;
  EXPECT_EQ(read(BodyReader(Framing::length, 10, limits), "0123456789", 3).data.size(), 10u);
  EXPECT_EQ(read(BodyReader(Framing::length, 11, limits), "", 1).error, ErrorKind::body_too_large)
      << "before any of it";
  EXPECT_EQ(read(BodyReader(Framing::until_close, 0, limits), "0123456789", 4).error, ErrorKind::none);
  EXPECT_EQ(read(BodyReader(Framing::until_close, 0, limits), "01234567890", 4).error,
            ErrorKind::body_too_large);
  EXPECT_TRUE(chunked("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", limits).done);
  EXPECT_EQ(chunked("5\r\nhello\r\n6\r\n", limits).error, ErrorKind::body_too_large) << "before the chunk";
  EXPECT_EQ(chunked("7fffffffffffffff\r\n", limits).error, ErrorKind::body_too_large);
}

TEST(Chunked, Chunks) {
  const Outcome out = chunked("5\r\nhello\r\n00A\r\n0123456789\r\nc\r\nabcdefghijkl\r\n0\r\n\r\nGET");
  EXPECT_EQ(out.data, "hello0123456789abcdefghijkl");
  EXPECT_TRUE(out.done);
  EXPECT_EQ(out.consumed,
            std::string_view("5\r\nhello\r\n00A\r\n0123456789\r\nc\r\nabcdefghijkl\r\n0\r\n\r\n").size());
  EXPECT_TRUE(chunked("000\r\n\r\n").done);
  EXPECT_FALSE(chunked("0\r\n\r").done);
  BodyReader cut(Framing::chunked, 0, {});
  EXPECT_FALSE(cut.finish_at_eof());
}

TEST(Chunked, ASmallMessageTakesOneStep) {
  Arena arena;
  BodyReader reader(Framing::chunked, 0, {});
  const BodyReader::Step step = reader.next("5\r\nhello\r\n0\r\n\r\nGET", arena);
  EXPECT_EQ(step.data, "hello");
  EXPECT_EQ(step.consumed, 15u);
  EXPECT_TRUE(step.done);
}

TEST(Chunked, SizesAreStrict) {
  for (const std::string_view bytes : std::vector<std::string_view>{"\r\n",
                                                                    " 5\r\n",
                                                                    "5 \r\n",
                                                                    "5\t\r\n",
                                                                    "+5\r\n",
                                                                    "-5\r\n",
                                                                    "0x5\r\n",
                                                                    "5_0\r\n",
                                                                    "g\r\n",
                                                                    "5\n",
                                                                    "5\rh",
                                                                    "5\r\r\n",
                                                                    "\n",
                                                                    "8000000000000000\r\n",
                                                                    "ffffffffffffffff\r\n",
                                                                    "10000000000000000\r\n",
                                                                    "00000000000000005\r\n",
                                                                    "FFFFFFFFFFFFFFFF0\r\n",
                                                                    {"5\0\r\n", 4},
                                                                    "5h\r\n",
                                                                    "\xb2\r\n",
                                                                    "5.0\r\n",
                                                                    "5,\r\n",
                                                                    "5\x0b\r\n"}) {
    EXPECT_EQ(chunked(bytes).error, ErrorKind::bad_request) << bytes;
  }
  EXPECT_EQ(chunked("7fffffffffffffff\r\n").error, ErrorKind::none);
}

TEST(Chunked, SumOfSizesDoesNotOverflow) {
  EXPECT_EQ(chunked("1\r\nx\r\n7fffffffffffffff\r\n").error, ErrorKind::bad_request);
}

TEST(Chunked, DataEndsWhereItsSizeSays) {
  for (const char* bytes :
       {"5\r\nhello0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n",
        "5\r\nhelloworld\r\n", "5\r\nhello\r\r\n", "5\r\nhello \r\n"}) {
    EXPECT_EQ(chunked(bytes).error, ErrorKind::bad_request) << bytes;
  }
}

TEST(Chunked, Extensions) {
  for (const char* extension : {";a", ";a=b", ";a=b;c", ";a=\"\"", ";a=\"x y\\\"\\\\z;\"", ";a=\"q\";b=1",
                                ";!#$%&'*+-.^_`|~=~", ";a=\"\xc3\xa9\t\""}) {
    EXPECT_EQ(chunked("5" + std::string(extension) + "\r\nhello\r\n0" + extension + "\r\n\r\n").data, "hello")
        << extension;
  }
  for (const std::string_view extension : std::vector<std::string_view>{";",
                                                                        ";;a",
                                                                        ";a;",
                                                                        ";a=",
                                                                        ";=b",
                                                                        ";a==b",
                                                                        " ;a",
                                                                        "; a",
                                                                        ";a =b",
                                                                        ";a= b",
                                                                        ";a=b ",
                                                                        ";a=\"b",
                                                                        ";a=\"b\"c",
                                                                        ";a=\"b\" ",
                                                                        ";a\x01",
                                                                        ";a=\"\x01\"",
                                                                        {";a=\"\0\"", 6},
                                                                        ";a=\"\\\x01\"",
                                                                        ";a\n",
                                                                        ";a\rX",
                                                                        ";a=\"x\ny\"",
                                                                        ";a=\"x\ry\"",
                                                                        ";a=\"\x7f\"",
                                                                        ";\xc3\xa9",
                                                                        ";a=b\xc3",
                                                                        ";a,b",
                                                                        ";a=b,c",
                                                                        ";a=(b)"}) {
    EXPECT_EQ(chunked("5" + std::string(extension) + "\r\nhello\r\n0\r\n\r\n").error, ErrorKind::bad_request)
        << extension;
  }
  EXPECT_EQ(chunked("5;\nhello\r\n0\r\n\r\n").error, ErrorKind::bad_request);
}

TEST(Chunked, LimitsOnFraming) {
  Limits limits;
  limits.chunk_extension = 10;
  limits.chunk_extensions_total = 100;
  limits.chunk_size_digits = 4;
  EXPECT_TRUE(chunked("5;123456789\r\nhello\r\n0\r\n\r\n", limits).done);
  EXPECT_EQ(chunked("5;1234567890\r\nhello\r\n0\r\n\r\n", limits).error, ErrorKind::bad_request);
  EXPECT_EQ(chunked("00005\r\n", limits).error, ErrorKind::bad_request);
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes += "1\r\nx\r\n";
  EXPECT_TRUE(chunked(bytes + "0\r\n\r\n", limits).done) << "small chunks as such are no attack";
  bytes.clear();
  for (int i = 0; i < 200; ++i) bytes += "1;abc\r\nx\r\n";
  EXPECT_EQ(chunked(bytes + "0\r\n\r\n", limits).error, ErrorKind::bad_request)
      << "200 * 4 more than the content";
}

TEST(Chunked, Trailers) {
  const Outcome out =
      chunked("1\r\nx\r\n0\r\nX-Sum: abc \r\nGrpc-Status:0\r\nEmpty:\r\nServer-Timing: a;dur=1\r\n\r\nGET");
  EXPECT_EQ(out.trailers, "X-Sum=abc;Grpc-Status=0;Empty=;Server-Timing=a;dur=1;");
  EXPECT_TRUE(out.done);
}

TEST(Chunked, TrailersLiveInTheArena) {
  Arena arena;
  BodyReader reader(Framing::chunked, 0, {});
  std::string bytes = "0\r\nA: 1\r\nB: " + std::string(700, 'b') + "\r\nC: 3\r\n\r\n";
  for (const char c : bytes) {
    std::string piece(1, c);
    ASSERT_EQ(reader.next(piece, arena).consumed, 1u);
    piece[0] = '?';
  }
  ASSERT_TRUE(reader.done());
  ASSERT_EQ(reader.trailers().size(), 3u);
  EXPECT_EQ(reader.trailers().find("a")->value, "1");
  EXPECT_EQ(reader.trailers().find("b")->value, std::string(700, 'b'));
  EXPECT_EQ(reader.trailers().find("c")->value, "3");
}

TEST(Chunked, TrailersAreStrict) {
  for (const std::string_view lines : std::vector<std::string_view>{"\n",
                                                                    "\rX",
                                                                    "X: a\n\r\n",
                                                                    "X : a\r\n\r\n",
                                                                    " X: a\r\n\r\n",
                                                                    "X: a\r\n b\r\n\r\n",
                                                                    "X\r\n\r\n",
                                                                    ": a\r\n\r\n",
                                                                    {"X: \0\r\n\r\n", 8},
                                                                    "X: a\rb\r\n\r\n",
                                                                    "X: a\r\n\n",
                                                                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                                                    "X\x80: a\r\n\r\n",
                                                                    "\x01"}) {
    EXPECT_EQ(chunked("0\r\n" + std::string(lines)).error, ErrorKind::bad_request) << lines;
  }
  Limits limits;
  limits.trailer = 20;
  EXPECT_TRUE(chunked("0\r\nX: 0123456789012\r\n\r\n", limits).done);
  EXPECT_EQ(chunked("0\r\nX: 0123456789012345\r\n\r\n", limits).error, ErrorKind::head_too_large);
  limits = {};
  limits.field_count = 2;
  EXPECT_EQ(chunked("0\r\na:\r\nb:\r\nc:\r\n\r\n", limits).error, ErrorKind::head_too_large);
}

TEST(Chunked, ForbiddenTrailers) {
  for (const char* name : {"Content-Length",
                           "Transfer-Encoding",
                           "Host",
                           "Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Encoding",
                           "Content-Type",
                           "Content-Range",
                           "Connection",
                           "TE",
                           "Trailer",
                           "X-Forwarded-For",
                           "X-Forwarded-Anything",
                           "Forwarded",
                           "Via",
                           "Expect",
                           "content_length",
                           "X_Forwarded_For",
                           "CONTENT-type",
                           "Cache-Control",
                           "If-None-Match",
                           "Sec-Anything",
                           "Access-Control-Allow-Origin",
                           "Proxy-Authorization",
                           "Upgrade",
                           "X-Real-IP",
                           "X-Request-Id",
                           "Traceparent"}) {
    EXPECT_EQ(chunked("0\r\n" + std::string(name) + ": 1\r\n\r\n").error, ErrorKind::bad_request) << name;
  }
  for (const char* name : {"X-Checksum", "Digest", "Grpc-Status", "Grpc-Message", "ETag", "Server-Timing",
                           "Host-X", "a-name-that-is-longer-than-every-forbidden-one"}) {
    EXPECT_TRUE(may_be_trailer(Field{name, "", field_id(name)})) << name;
  }
}

TEST(Write, ChunkSizes) {
  for (const std::uint64_t size : {0ull, 1ull, 15ull, 16ull, 0x1a2bull, 0xffffull, 0x10000ull, ~0ull}) {
    char out[18];
    const std::size_t length = write_chunk_size(out, size);
    char expected[32];
    std::snprintf(expected, sizeof expected, "%llx\r\n", static_cast<unsigned long long>(size));
    EXPECT_EQ(std::string(out, length), expected);
  }
}

TEST(Write, Fields) {
  Arena arena;
  Fields fields;
  EXPECT_EQ(fields_size(fields), 0u);
  fields.add(arena, "A", "1");
  fields.add(arena, FieldId::te, "");
  fields.add(arena, "x-y", "two words");
  const std::string expected = "A: 1\r\nTE: \r\nx-y: two words\r\n";
  ASSERT_EQ(fields_size(fields), expected.size());
  std::string out(expected.size(), '?');
  EXPECT_EQ(write_fields(out.data(), fields), out.data() + out.size());
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace turnpike::http::h1
